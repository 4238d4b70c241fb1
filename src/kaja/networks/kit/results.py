"""What a connector answers. The type decides what the delivery engine does next; there is no bare True or False."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kaja.kernel.problems import Problem

Checkpoint = dict[str, Any]  # JSON values only: it is stored between stages and never holds a secret


@dataclass(frozen=True)
class RemoteRef:
    """An object on a network, as the network names it. `data` holds what later calls need (for example a CID)."""

    id: str
    url: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def owner_key(self) -> tuple[str, str]:
        """Type and id: some networks number posts and comments apart."""
        return str(self.data.get("type") or ""), self.id


@dataclass(frozen=True)
class Next:
    """A stage before the last is done; the checkpoint is stored and the next stage runs."""

    checkpoint: Checkpoint


@dataclass(frozen=True)
class Sent:
    """The object stands on the network."""

    ref: RemoteRef


@dataclass(frozen=True)
class Processing:
    """The network works on what it accepted; run stage `confirm` after `check_after` seconds."""

    checkpoint: Checkpoint
    check_after: float


@dataclass(frozen=True)
class Rejected:
    """The network refused; nothing stands there. `fixable` says that an edit can help."""

    problem: Problem
    fixable: bool = True


@dataclass(frozen=True)
class Later:
    """Not now: nothing stands there. `after` is in seconds; `bucket` names the quota that is used up, if any."""

    after: float
    reason: Problem
    bucket: str | None = None


@dataclass(frozen=True)
class NeedsReconnect:
    """The credentials no longer open the account; nothing stands there."""

    problem: Problem


@dataclass(frozen=True)
class ChannelTrouble:
    """The server is not where, or not what, it was when the account was connected; nothing stands there.

    No post is to blame: whatever is due on the channel waits until that is settled.
    """

    problem: Problem


@dataclass(frozen=True)
class Restart:
    """The call was refused because something that an earlier stage had made is gone; nothing stands there.

    Go back to that stage, with this checkpoint.
    """

    stage: str
    checkpoint: Checkpoint
    reason: Problem


@dataclass(frozen=True)
class Unknown:
    """Nobody can tell yet whether the object stands on the network."""

    reason: Problem


StageResult = Next | Sent | Processing | Rejected | Later | NeedsReconnect | ChannelTrouble | Restart | Unknown


@dataclass(frozen=True)
class Found:
    """Reconciliation found the object."""

    ref: RemoteRef


@dataclass(frozen=True)
class AbsentAsOf:
    """The network answered completely and the object was not there at `time`."""

    time: datetime


@dataclass(frozen=True)
class Candidate:
    """An object on the network that a person may recognise as theirs."""

    ref: RemoteRef
    text: str
    posted_at: datetime | None
    by_kaja: bool = False
    """A Kaja made it, this one or another: said only by networks that name the application (`NetworkInfo`)."""


@dataclass(frozen=True)
class CannotTell:
    """The look-up failed or cannot be conclusive; `candidates` helps a person decide.

    `after`: how many seconds the network wants to be left alone, where it said so.
    """

    reason: Problem
    candidates: tuple[Candidate, ...] = ()
    after: float = 0.0


@dataclass(frozen=True)
class Listing:
    """The account's posts since a time, newest first; `complete` when the list reaches back to it."""

    posts: tuple[Candidate, ...]
    complete: bool


Reconciliation = Found | AbsentAsOf | CannotTell


@dataclass(frozen=True)
class NoSuchPost:
    """An address is not that of a post of this account; `problem` says what is wrong with it."""

    problem: Problem


Resolution = Found | NoSuchPost | CannotTell


@dataclass(frozen=True)
class Changed:
    """An edit or deletion was carried out. `ref` is the object now (None after deletion)."""

    ref: RemoteRef | None


ChangeResult = Changed | Rejected | Later | NeedsReconnect | ChannelTrouble | Unknown
