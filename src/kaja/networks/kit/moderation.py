"""What can be done to what the audience wrote, without writing. A capability of connectors: `moderator`."""

from collections.abc import Mapping
from typing import Literal, Protocol

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import Kind
from kaja.networks.kit.results import ChangeResult, RemoteRef

Act = Literal[
    "like", "unlike", "boost", "unboost", "hide", "unhide", "approve", "delete", "spam", "block", "unblock", "mute",
    "unmute", "report",
]  # fmt: skip


class Moderator(Protocol):
    """Acts that may be repeated without harm: what is so already counts as done."""

    acts: Mapping[Kind, frozenset[Act]]
    """By the kind of the message that it is done to. Block, mute and report are done to its author."""

    async def act(
        self, act: Act, target: RemoteRef, author_id: str, facts: Facts, session: Session
    ) -> ChangeResult: ...
