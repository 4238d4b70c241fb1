"""The time line of a post: written, changed, planned, sent; one list in the order of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from kaja.content import queries
from kaja.content.differences import Difference, Version, list_versions
from kaja.content.models import Post
from kaja.publishing.models import Delivery, RemoteChange
from kaja.workspaces.models import AuditEntry

Kind = Literal["written", "changed", "planned", "unplanned", "deleted", "restored", "duplicated", "sent", "remote"]


@dataclass(frozen=True)
class Event:
    """One thing that happened. Which of the further fields are set depends on the kind."""

    at: datetime
    kind: Kind
    who: str = ""
    differences: Sequence[Difference] = ()
    number: int = 0
    moment: datetime | None = None
    delivery: Delivery | None = None
    change: RemoteChange | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def _written(version: Version) -> Event:
    revision = version.revision
    return Event(
        revision.updated_at,
        "written" if version.first else "changed",
        revision.author_name,
        version.differences,
        revision.number,
    )


def _of_audit(entry: AuditEntry) -> Event | None:
    after = entry.after
    kinds: dict[str, Kind] = {"post.delete": "deleted", "post.restore": "restored", "post.duplicate": "duplicated"}
    if kind := kinds.get(entry.action):
        return Event(entry.at, kind, entry.actor_name, details=after)
    due = after.get("due_at")
    moment = datetime.fromisoformat(due) if due else None
    if entry.action == "post.plan" and after.get("state") == "scheduled":
        return Event(entry.at, "planned", entry.actor_name, moment=moment)
    if entry.action == "post.plan" and entry.before.get("state") == "scheduled":
        return Event(entry.at, "unplanned", entry.actor_name)
    if entry.action == "post.update" and "due_at" in after.get("changed", ()) and moment:
        return Event(entry.at, "planned", entry.actor_name, moment=moment)
    return None


def list_events(
    post: Post, deliveries: Sequence[Delivery], changes: Sequence[RemoteChange], names: Mapping[UUID, str]
) -> list[Event]:
    """Newest first."""
    events = [_written(version) for version in list_versions(queries.list_revisions(post), names)]
    entries = AuditEntry.objects.filter(target_type="post", target_id=str(post.id)).order_by("-at")[:200]
    events += [event for entry in entries if (event := _of_audit(entry))]
    events += [Event(d.sent_at, "sent", delivery=d) for d in deliveries if d.sent_at]
    events += [Event(c.created_at, "remote", c.requested_by, change=c) for c in changes]
    return sorted(events, key=lambda event: event.at, reverse=True)
