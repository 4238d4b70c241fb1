"""The time line of a post: written, changed, planned, sent or refused; one list in the order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from kaja.content import queries
from kaja.content.history import list_steps
from kaja.content.models import Post, Revision
from kaja.delivery.models import Delivery
from kaja.kernel.problems import Problem
from kaja.publishing.models import RemoteChange
from kaja.publishing.queries import list_refusals
from kaja.workspaces.models import AuditEntry

Kind = Literal[
    "written", "changed", "planned", "unplanned", "deleted", "restored", "duplicated", "sent", "refused", "remote"
]


ICONS: Mapping[Kind, str] = {
    "written": "pencil",
    "changed": "pencil-line",
    "planned": "calendar-clock",
    "unplanned": "calendar-x",
    "sent": "check-check",
    "refused": "octagon-alert",
    "remote": "refresh-cw",
    "deleted": "trash-2",
    "duplicated": "copy",
    "restored": "undo-2",
}


@dataclass(frozen=True)
class Event:
    """One thing that happened. Which of the further fields are set depends on the kind."""

    at: datetime
    kind: Kind
    who: str = ""
    number: int = 0
    moment: datetime | None = None
    delivery: Delivery | None = None
    change: RemoteChange | None = None
    problem: Problem | None = None
    further: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def icon(self) -> str:
        return ICONS[self.kind]


def _written(revision: Revision) -> Event:
    kind: Kind = "written" if revision.number == 1 else "changed"
    return Event(revision.updated_at, kind, revision.author_name, revision.number)


def _of_audit(entry: AuditEntry) -> Event | None:
    after = entry.after
    kinds: dict[str, Kind] = {"post.delete": "deleted", "post.restore": "restored", "post.duplicate": "duplicated"}
    if kind := kinds.get(entry.action):
        return Event(entry.at, kind, entry.actor_name, details=after)
    due = after.get("due_at")
    moment = datetime.fromisoformat(due) if due else None
    if entry.action == "post.plan" and after.get("state") == "scheduled":
        return Event(entry.at, "planned", entry.actor_name, moment=moment)
    if entry.action == "post.plan":
        return Event(entry.at, "unplanned", entry.actor_name)
    return Event(entry.at, "planned", entry.actor_name, moment=moment) if moment else None


def _sent(deliveries: Sequence[Delivery]) -> list[Event]:
    """One event for each channel: `further` counts the messages of a thread that followed the first."""
    by_channel: dict[UUID, list[Delivery]] = {}
    for row in deliveries:
        if row.sent_at:
            by_channel.setdefault(row.channel_id, []).append(row)
    return [
        Event(first.sent_at, "sent", delivery=first, further=len(further))
        for first, *further in by_channel.values()
        if first.sent_at
    ]


def list_events(post: Post, deliveries: Sequence[Delivery], changes: Sequence[RemoteChange]) -> list[Event]:
    """Newest first."""
    events = [_written(revision) for revision in queries.list_revisions(post)]
    events += [event for entry in list_steps(post) if (event := _of_audit(entry))]
    events += _sent(deliveries)
    events += [
        Event(each.at, "refused", delivery=each.delivery, problem=each.problem) for each in list_refusals(deliveries)
    ]
    events += [Event(c.created_at, "remote", c.requested_by, change=c) for c in changes]
    return sorted(events, key=lambda event: event.at, reverse=True)
