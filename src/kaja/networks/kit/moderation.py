"""What can be done to what the audience wrote, without writing. A capability of connectors: `moderator`."""

from collections.abc import Mapping
from typing import Literal, Protocol, get_args

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import Kind
from kaja.networks.kit.results import ChangeResult, RemoteRef

Act = Literal[
    "like", "unlike", "boost", "unboost", "hide", "unhide", "approve", "delete", "spam", "block", "unblock", "mute",
    "unmute", "report",
]  # fmt: skip
ACTS: tuple[Act, ...] = get_args(Act)
OPPOSITES: Mapping[Act, Act] = {
    "like": "unlike", "unlike": "like", "boost": "unboost", "unboost": "boost", "hide": "unhide", "unhide": "hide",
    "block": "unblock", "unblock": "block", "mute": "unmute", "unmute": "mute", "approve": "hide", "spam": "approve",
}  # fmt: skip
"""What takes an act back. The others cannot be taken back."""
TO_AUTHOR: frozenset[Act] = frozenset({"block", "unblock", "mute", "unmute", "report"})
"""Done to who wrote it."""


Own = Literal["own"]


class Moderator(Protocol):
    """Acts that may be repeated without harm: what is so already counts as done."""

    @property
    def acts(self) -> Mapping[Kind | Own, frozenset[Act]]:
        """By the kind of the message of somebody else that it is done to; under "own", to what the account wrote."""

    async def act(
        self, act: Act, target: RemoteRef, author_id: str, facts: Facts, session: Session
    ) -> ChangeResult: ...


def can_do(moderator: Moderator, act: Act, facts: Facts) -> bool:
    """Whether the account may do that, as far as it is known: a moderator may have a function `can_act` that says so
    by what the account was granted."""
    can_act = getattr(moderator, "can_act", None)
    return bool(can_act(act, facts)) if can_act is not None else True
