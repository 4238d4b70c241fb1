"""All reads of delivery. Every query runs inside an entered workspace scope."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from kaja.delivery.models import CHANGES, Attempt, Delivery, Kind, Publication, UntoldEvent
from kaja.delivery.sources import Subject, describe
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Problem, gettext_noop


def list_needs_you() -> QuerySet[Delivery]:
    """What a person must decide, for counting together with other things; without what lies in the bin."""
    return Delivery.objects.filter(needs_person=True, in_bin=False)


def page_needs_you(cursor: str = "", limit: int = PAGE) -> Page[Delivery]:
    """The same, oldest first."""
    return cut_page(list_needs_you(), ("due_at", "id"), cursor, limit)


def get_delivery(delivery_id: UUID) -> Delivery:
    """One delivery, of whatever kind, with channel and publication. Raises NotFound."""
    row = Delivery.objects.select_related("channel", "publication").filter(id=delivery_id).first()
    if row is None:
        raise NotFound(Problem("delivery_not_found", gettext_noop("There is no such delivery in this workspace.")))
    return row


def path_of_delivery(delivery_id: UUID) -> str:
    """Where it is shown as long as somebody has to decide, below the workspace's address."""
    return f"needs-you/#delivery-{delivery_id}"


@dataclass(frozen=True)
class Untold:
    """An event whose telling broke, and what its delivery is about."""

    event: UntoldEvent
    subject: Subject


def list_untold(cursor: str = "", limit: int = PAGE) -> Page[Untold]:
    """Newest first, each with its delivery and channel."""
    rows = UntoldEvent.objects.select_related("delivery__channel")

    def tell(found: list[UntoldEvent]) -> list[Untold]:
        subjects = describe([row.delivery for row in found])
        return [Untold(row, subjects[row.delivery_id]) for row in found]

    return cut_page(rows, ("-failed_at", "-id"), cursor, limit).map(tell)


def list_sent_posts(delivery_ids: Collection[UUID]) -> list[tuple[UUID, str, datetime]]:
    """What stands on the network by these deliveries, by channel, name there and time: posts only."""
    sent = Publication.objects.filter(delivery_id__in=delivery_ids, delivery__kind=Kind.POST, deleted_at=None)
    return list(sent.values_list("delivery__channel_id", "remote_id", "published_at"))


# The journal in plain words


@dataclass(frozen=True)
class JournalLine:
    """One call. `message` is a message id; `reason` is the network's or Kaja's own finding, to be translated too."""

    at: datetime
    seconds: float | None
    stage: str
    irreversible: bool
    outcome: str
    message: str
    params: Mapping[str, Any]
    reason: Problem | None
    worker: str
    evidence: Sequence[Mapping[str, Any]]

    def text(self) -> str:
        """In English, as the API and the command line say it."""
        said = self.message % self.params if self.params else self.message
        return f"{said} {self.reason.text()}" if self.reason else said


_FIND = "find"
_WORDS: dict[tuple[str, str], str] = {
    ("send", "sent"): gettext_noop("Sent. The network confirmed it."),
    ("send", "processing"): gettext_noop("Handed over. The network is working on it."),
    ("send", "done"): gettext_noop("Sent. Kaja then asks the network for the result."),
    ("send", "rejected"): gettext_noop("The network refused it; nothing stands there."),
    ("send", "later"): gettext_noop("Not taken for now; Kaja tries again later."),
    ("send", "reconnect"): gettext_noop("The network did not accept the channel's sign-in; nothing was sent."),
    ("send", "trouble"): gettext_noop("The channel's server could not be used as it is; nothing was sent."),
    ("send", "restart"): gettext_noop("Not taken, because an uploaded file was gone; it is uploaded again."),
    ("send", "unknown"): gettext_noop(
        "Sent, but no usable answer came. Kaja looks on the network before anything else."
    ),
    ("send", "not_started"): gettext_noop("Held back before the call, because its time had run out."),
    ("send", ""): gettext_noop("Began to send; how it ended was not recorded. Kaja looks on the network."),
    ("find", "found"): gettext_noop("Looked on the network and found it there."),
    ("find", "taken"): gettext_noop("Looked on the network; what stands there belongs to another post."),
    ("send", "taken"): gettext_noop("Sent; the network named a post that belongs to another one of Kaja's."),
    ("step", "taken"): gettext_noop("The network named a post that belongs to another one of Kaja's."),
    ("find", "absent"): gettext_noop("Looked on the network: it was not there at that time."),
    ("find", "cannot_tell"): gettext_noop("Looked on the network, which did not settle it."),
    ("find", ""): gettext_noop("Began to look on the network; no result was recorded."),
    ("edit", "done"): gettext_noop("Changed on the network."),
    ("edit", "rejected"): gettext_noop("The network refused the change; it stands there as it was."),
    ("edit", "later"): gettext_noop("The network did not take the change for now; Kaja tries again later."),
    ("edit", "reconnect"): gettext_noop("The network did not accept the channel's sign-in; it stands there as it was."),
    ("edit", "trouble"): gettext_noop("The channel's server could not be used as it is; it stands there as it was."),
    ("edit", ""): gettext_noop("Asked the network for the change; no answer was recorded. It is safe to repeat."),
    ("delete", "done"): gettext_noop("Deleted on the network."),
    ("delete", "rejected"): gettext_noop("The network refused to delete it; it stands there as it was."),
    ("delete", "later"): gettext_noop("The network did not delete it for now; Kaja tries again later."),
    ("delete", "reconnect"): gettext_noop(
        "The network did not accept the channel's sign-in; it stands there as it was."
    ),
    ("delete", "trouble"): gettext_noop("The channel's server could not be used as it is; it stands there as it was."),
    ("delete", ""): gettext_noop("Asked the network to delete it; no answer was recorded. It is safe to repeat."),
    ("step", "sent"): gettext_noop("The network confirmed it."),
    ("step", "done"): gettext_noop("Step “%(stage)s” is done."),
    ("step", "processing"): gettext_noop("The network is still working on it."),
    ("step", "rejected"): gettext_noop("The network refused at step “%(stage)s”; nothing stands there."),
    ("step", "later"): gettext_noop("Step “%(stage)s” is tried again later."),
    ("step", "reconnect"): gettext_noop("The network did not accept the channel's sign-in; nothing was sent."),
    ("step", "trouble"): gettext_noop("The channel's server could not be used as it is; nothing was sent."),
    ("step", "restart"): gettext_noop("Not taken, because an uploaded file was gone; it is uploaded again."),
    ("step", "unknown"): gettext_noop("Step “%(stage)s” did not finish; it is safe to repeat and is tried again."),
    ("step", ""): gettext_noop("Began step “%(stage)s”; no result was recorded. It is safe to repeat."),
}


def journal_of(delivery: Delivery) -> list[JournalLine]:
    """Every call that was made for a delivery, oldest first, in plain words with the evidence one step deeper."""
    rows = Attempt.objects.filter(delivery=delivery).order_by("started_at", "id")
    return [_line(row) for row in rows]


def _line(row: Attempt) -> JournalLine:
    group = "send" if row.irreversible else row.stage if row.stage in (_FIND, *CHANGES) else "step"
    reason = Problem(row.outcome, row.message, params=row.params) if row.message else None
    return JournalLine(
        at=row.started_at,
        seconds=(row.finished_at - row.started_at).total_seconds() if row.finished_at else None,
        stage=row.stage,
        irreversible=row.irreversible,
        outcome=row.outcome,
        message=_WORDS.get((group, row.outcome), _WORDS[group, ""]),
        params={"stage": row.stage},
        reason=reason,
        worker=row.worker,
        evidence=row.evidence,
    )
