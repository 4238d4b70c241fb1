"""Those who send: what the engine asks of a post, a reply, an advertisement. They stand above and are entered in
`SOURCES` by `config/wiring.py`; the outbox knows of them only what stands here.

What a source owes: it writes its rows in the transactions in which it changes itself (`planning.py`). A row that may no
longer go, or is to go in another form or at another time, is taken out or reset there; what cannot be stopped any more
(`list_called`) is left as it was frozen, and gets `allowed = False` when it should not be sent again. `plan_ahead`
has files and containers staged before the time; a row under that is taken like any that waits.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol
from uuid import UUID

from kaja.delivery.engine.row import Work
from kaja.delivery.frozen import Frozen
from kaja.delivery.models import Delivery
from kaja.kernel.problems import Problem
from kaja.networks.kit.content import Media


@dataclass(frozen=True)
class Made:
    """What a row sends, and its files by `Media.key`. `followers`: the frozen messages after it, by position."""

    content: Frozen
    opened: Mapping[str, Media] = field(default_factory=dict)
    followers: Mapping[int, Frozen] = field(default_factory=dict)


class NotSo(Enum):
    """Why a row is not made: its source says otherwise by now than the row does."""

    STALE = auto()
    """It changed and the row does not know yet; `follow` is asked to bring the row up to date."""
    WITHDRAWN = auto()
    """It is not to be sent any more."""


Answer = Made | Problem | NotSo
"""A problem means: it cannot be sent as it is."""


@dataclass(frozen=True)
class Subject:
    """What a delivery is about, for people: what pages show and follow, its title, and its version by now."""

    id: UUID
    title: str
    version: int


@dataclass(frozen=True)
class Words:
    """What was to go out, as far as one can look for it: the words, and a title where the network has titles."""

    text: str
    title: str = ""


class Source(Protocol):
    """One kind of sender. All calls come from a thread of their own; `prepare` outside any scope, the others inside the
    workspace's.

    A source with a true `asks_always` is asked before each try of what does not stand on the network, also when the
    content was frozen at an earlier one: whether that may go hangs on what others do meanwhile."""

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        """The content of many rows of any workspaces, by the rows' ids, in a few statements. `Work.at` is the moment
        that it is to bear: the due time of a row that is prepared before. Asked once more when that has come, it may
        say otherwise. A row that may stand on the network is made whatever the plan says by now."""

    def follow(self, source_id: UUID) -> None:
        """Bring the rows of one source in line with it."""

    def describe(self, source_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        """What they are about, in one statement."""

    def list_words(self, rows: Sequence[Delivery]) -> Mapping[UUID, Words]:
        """What rows without frozen content were to say, by the rows' ids; without those of which nobody could say."""


SOURCES: dict[str, Source] = {}
"""By `Delivery.source_kind`."""


def is_asked_again(source_kind: str) -> bool:
    """Whether a source of this kind is asked before each try."""
    return bool(getattr(SOURCES.get(source_kind), "asks_always", False))


def describe(rows: Collection[Delivery]) -> dict[UUID, Subject]:
    """What deliveries are about, by their ids; one statement for each kind of source."""
    kinds: dict[str, set[UUID]] = {}
    for row in rows:
        kinds.setdefault(row.source_kind, set()).add(row.source_id)
    known = {kind: SOURCES[kind].describe(ids) if kind in SOURCES else {} for kind, ids in kinds.items()}
    return {row.id: known[row.source_kind].get(row.source_id) or _nameless(row) for row in rows}


def _nameless(row: Delivery) -> Subject:
    """Of a kind that only a newer version knows, or gone."""
    return Subject(row.subject_id or row.source_id, "", row.version)


def title_of(row: Delivery) -> str:
    """A few words of what it is about, for a sentence."""
    return short_title(describe([row])[row.id])


def short_title(subject: Subject) -> str:
    """The same of what is known already."""
    return subject.title[:60] or "…"
