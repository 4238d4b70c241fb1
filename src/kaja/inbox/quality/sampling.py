"""Which answered conversations are rated, and what the ratings say. Pure.

Of each member and week so many are drawn without a person's hand in it: each pair of conversation and member has the
rank SHA-256("<seed>:<conversation>:<member>"), ids as 32 hex digits, and those with the lowest ranks are taken. So
every set of that size is equally likely, whoever knows the seed can draw it again, and a larger set holds the smaller.

The share of "yes" has the interval of Wilson (Journal of the American Statistical Association 22, 1927, pp. 209-212),
which is right for small sets and shares near 0 and 1, where the usual one is not (Brown, Cai and DasGupta, Statistical
Science 16, 2001, pp. 101-133).
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from math import sqrt
from statistics import NormalDist
from uuid import UUID

LEVEL = 0.95
Z = NormalDist().inv_cdf(0.5 + LEVEL / 2)

Pair = tuple[UUID, UUID]
"""A conversation, and the member who answered in it."""


def rank_pair(seed: str, pair: Pair) -> str:
    """The place of a pair in the order of the draw."""
    conversation, member = pair
    return sha256(f"{seed}:{conversation.hex}:{member.hex}".encode()).hexdigest()


def draw_pairs(seed: str, pairs: Iterable[Pair], size: int) -> list[Pair]:
    """So many of each member, or all where there are fewer."""
    by_member: dict[UUID, list[Pair]] = defaultdict(list)
    for pair in set(pairs):
        by_member[pair[1]].append(pair)
    return [
        pair
        for member in sorted(by_member)
        for pair in sorted(by_member[member], key=lambda each: rank_pair(seed, each))[:size]
    ]


@dataclass(frozen=True)
class Share:
    """How many of how many, and between what the true share is likely to be."""

    yes: int
    of: int

    @property
    def value(self) -> float | None:
        """None where nothing was rated."""
        return self.yes / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's, at `LEVEL`."""
        if not self.of:
            return None
        share, square = self.yes / self.of, Z * Z / self.of
        middle = (share + square / 2) / (1 + square)
        half = Z / (1 + square) * sqrt(share * (1 - share) / self.of + square / (4 * self.of))
        return max(0.0, middle - half), min(1.0, middle + half)
