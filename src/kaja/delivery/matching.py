"""Which of an account's posts are those that were due: pure functions, by words and by time.

Without the frozen content and its keys only the words are left. What stands on the network counts for one delivery
only, and words that are merely alike are for a person to judge.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kaja.networks.kit.alike import are_alike, letters_of
from kaja.networks.kit.results import Candidate

MOST_COMPARED = 2000
"""Characters of a text that are compared where it is not the same."""


@dataclass(frozen=True)
class Wanted:
    """One message that was due: its words, and a title where the network has titles."""

    id: UUID
    due_at: datetime
    text: str
    title: str = ""


@dataclass(frozen=True)
class Match:
    """`sure`: the same words; otherwise alike."""

    post: Candidate
    sure: bool


def words_of(text: str) -> str:
    """Letters and digits only: networks turn quotes, links and markup into something else. A text without any counts
    with its signs."""
    return letters_of(text) or "".join(text.split())


def match_posts(wanted: Iterable[Wanted], listed: Sequence[Candidate]) -> dict[UUID, Match]:
    """The post of each message that was found; the nearest in time of several, and none twice."""
    found: dict[UUID, Match] = {}
    left = list(listed)
    order = sorted(wanted, key=lambda each: (each.due_at, each.id))
    for sure in (True, False):
        for each in order:
            if each.id in found:
                continue
            fitting = [post for post in left if (_is_same(each, post) if sure else _is_alike(each, post))]
            if fitting:
                post = min(fitting, key=lambda post: _distance(post, each.due_at))
                left.remove(post)
                found[each.id] = Match(post, sure)
    return found


def _is_same(wanted: Wanted, post: Candidate) -> bool:
    if wanted.title:
        return words_of(post.text.partition("\n")[0]) == words_of(wanted.title)
    return words_of(post.text) == words_of(wanted.text)


def _is_alike(wanted: Wanted, post: Candidate) -> bool:
    ours, theirs = words_of(wanted.text)[:MOST_COMPARED], words_of(post.text)[:MOST_COMPARED]
    return bool(ours and theirs) and are_alike(ours, theirs)


def _distance(post: Candidate, due_at: datetime) -> float:
    return abs((post.posted_at - due_at).total_seconds()) if post.posted_at else float("inf")
