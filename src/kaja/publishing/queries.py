"""All reads of publishing. Every query runs inside an entered workspace scope."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from kaja.channels.queries import channel_order
from kaja.networks.kit.content import Draft
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.publishing.frozen import freeze_draft
from kaja.publishing.models import CHANGES, Attempt, Delivery, Kind, Publication, RemoteChange, State, UntoldEvent
from kaja.publishing.problems import parse_problem
from kaja.workspaces.errors import NotFound

Standing = Literal["planned", "under_way", "done", "needs_you", "dropped"]
"""The four states that colour shows, and what was taken out of the plan."""


@dataclass(frozen=True)
class DeliveryState:
    """Where one message of a post stands on one channel: what a card in a list needs."""

    id: UUID
    post_id: UUID
    channel_id: UUID
    kind: str
    position: int
    state: str
    needs_person: bool
    due_at: datetime
    remote_url: str
    sent_at: datetime | None
    problem: Problem | None

    @property
    def label(self) -> str:
        """The state's name, translated when it is rendered."""
        return str(State(self.state).label)

    @property
    def standing(self) -> Standing:
        return standing_of(self.state, self.needs_person)


def standing_of(state: str, needs_person: bool) -> Standing:
    if needs_person or state in (State.FAILED, State.MISSED):
        return "needs_you"
    if state == State.SENT:
        return "done"
    if state == State.CANCELLED:
        return "dropped"
    return "planned" if state == State.SCHEDULED else "under_way"


def standing_of_post(states: Sequence[DeliveryState]) -> Standing:
    """How a whole post stands: what needs somebody comes first, then what is under way."""
    return _join({state.standing for state in states})


def standing_of_deliveries(rows: Iterable[tuple[str, bool]]) -> Standing:
    """The same of rows as (state, needs_person)."""
    return _join({standing_of(state, needs_person) for state, needs_person in rows})


def _join(standings: Collection[Standing]) -> Standing:
    order: tuple[Standing, ...] = ("needs_you", "under_way", "planned", "done")
    # A thread of which a part is out and a part is planned is under way.
    if {"planned", "done"} <= set(standings) and "needs_you" not in standings:
        return "under_way"
    return next((each for each in order if each in standings), "dropped" if standings else "planned")


_CARD = (
    "id", "variant__post_id", "channel_id", "kind", "position", "state", "needs_person", "due_at", "remote_url",
    "sent_at", "problem",
)  # fmt: skip


def delivery_states_of(post_ids: Iterable[UUID]) -> dict[UUID, list[DeliveryState]]:
    """How the messages of many posts stand, in one query; a post without deliveries is absent."""
    rows = Delivery.objects.filter(variant__post_id__in=list(post_ids)).order_by(
        *channel_order("channel__"), "position"
    )
    states: dict[UUID, list[DeliveryState]] = {}
    for values in rows.values_list(*_CARD):
        *plain, problem = values
        state = DeliveryState(*plain, problem=parse_problem(problem) if problem else None)  # type: ignore[misc]
        states.setdefault(state.post_id, []).append(state)
    return states


@dataclass(frozen=True, slots=True)
class PostStanding:
    """How a whole post stands. `begun`: something of it went out or is being sent, so its time cannot change."""

    standing: Standing
    begun: bool


BEGUN = frozenset({State.SENDING.value, State.PROCESSING.value, State.UNCERTAIN.value, State.SENT.value})


STATES_OF_POST = "string_agg(DISTINCT delivery.state || CASE WHEN delivery.needs_person THEN '!' ELSE '' END, ' ')"
"""SQL: how the messages (`delivery`) of one post stand, as a text for `parse_standing`."""


@lru_cache(maxsize=1000)  # hundreds of posts stand in a handful of ways
def parse_standing(states: str) -> PostStanding | None:
    """How a whole post stands, from the states of its messages; None without any."""
    if not states:
        return None
    each = [(state.removesuffix("!"), state.endswith("!")) for state in states.split()]
    return PostStanding(
        _join({standing_of(state, needs) for state, needs in each}),
        begun=any(state in BEGUN for state, _ in each),
    )


def standings_of_posts(post_ids: Collection[UUID]) -> dict[UUID, PostStanding]:
    """How many posts stand, one row for each in one query; a post without deliveries is absent."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT variant.post_id, {STATES_OF_POST} FROM publishing_delivery delivery "  # noqa: S608  # ours
            "JOIN content_variant variant ON variant.id = delivery.variant_id "
            "WHERE variant.post_id = ANY(%s) GROUP BY variant.post_id",
            [list(post_ids)],
        )
        found = {post_id: parse_standing(states) for post_id, states in cursor.fetchall()}
    return {post_id: standing for post_id, standing in found.items() if standing is not None}


def _whole() -> QuerySet[Delivery]:
    return Delivery.objects.select_related("variant__post", "channel", "publication")


def list_deliveries(post_id: UUID) -> list[Delivery]:
    """The deliveries of a post with channel and publication, by channel and position."""
    return list(_whole().filter(variant__post_id=post_id).order_by(*channel_order("channel__"), "position"))


def get_delivery(delivery_id: UUID) -> Delivery:
    """One delivery with post, channel and publication; or NotFound."""
    row = _whole().filter(id=delivery_id).first()
    if row is None:
        raise NotFound(Problem("delivery_not_found", gettext_noop("There is no such delivery in this workspace.")))
    return row


def list_needs_you(limit: int = 200) -> list[Delivery]:
    """What a person must decide, oldest first, each with post and channel; posts in the bin are left out."""
    return list(needs_you().select_related("variant__post", "channel").order_by("due_at", "id")[:limit])


def needs_you() -> QuerySet[Delivery]:
    """The rows of it, for counting together with other things."""
    return Delivery.objects.filter(needs_person=True, variant__post__deleted_at__isnull=True)


def list_untold(limit: int = 50) -> list[UntoldEvent]:
    """Events whose telling broke, newest first, each with its post and channel."""
    rows = UntoldEvent.objects.select_related("delivery__variant__post", "delivery__channel")
    return list(rows.order_by("-failed_at")[:limit])


def get_publication(publication_id: UUID) -> Publication:
    """What stands (or stood) on a network; or NotFound."""
    found = Publication.objects.select_related("delivery__variant__post", "delivery__channel").filter(id=publication_id)
    row = found.first()
    if row is None:
        raise NotFound(Problem("publication_not_found", gettext_noop("This is not among what was published here.")))
    return row


def list_changes(publication: Publication) -> list[RemoteChange]:
    """Edits and deletions that were asked for, newest first."""
    return list(RemoteChange.objects.filter(publication=publication).order_by("-created_at"))


def list_changes_of(publications: Sequence[Publication]) -> list[RemoteChange]:
    """The same of many publications, in one query."""
    return list(RemoteChange.objects.filter(publication__in=publications).order_by("-created_at"))


@dataclass(frozen=True)
class Refusal:
    """What a network said no to: a call of the journal that ended so, or what Kaja found before any call."""

    at: datetime
    delivery: Delivery
    problem: Problem
    revision: int
    """The version of the post that was refused."""


def list_refusals(deliveries: Sequence[Delivery]) -> list[Refusal]:
    """Every refusal of these messages, oldest first; also those that were mended since."""
    by_id = {delivery.id: delivery for delivery in deliveries}
    rows = Attempt.objects.filter(delivery__in=by_id, outcome="rejected").exclude(stage__in=CHANGES)
    found = []
    for row in rows.order_by("started_at", "id"):
        delivery = by_id[row.delivery_id]
        problem = Problem(row.outcome, row.message, params=row.params)
        found.append(Refusal(row.finished_at or row.started_at, delivery, problem, delivery.post_revision))
    told = {each.delivery.id for each in found}
    for delivery in deliveries:
        if delivery.state == State.FAILED and delivery.problem and delivery.id not in told:
            problem = parse_problem(delivery.problem)
            found.append(Refusal(delivery.updated_at, delivery, problem, delivery.post_revision))
    return found


SAME = ("text", "media", "link_card", "options")
"""What of a message a network may have refused; as long as none of it changed, it would refuse it again."""


def list_standing_refusals(post_id: UUID, drafts: Mapping[UUID, Draft]) -> dict[UUID, list[Problem]]:
    """By channel, what its network said no to and what `drafts` (by channel) would send again unchanged."""
    rows = Delivery.objects.filter(variant__post_id=post_id, state=State.FAILED, content__isnull=False)
    found: dict[UUID, list[Problem]] = {}
    for row in rows.order_by("position"):
        draft = drafts.get(row.channel_id)
        messages = freeze_draft(draft, row.due_at) if draft else []
        if row.position >= len(messages) or not row.problem or not row.content:
            continue
        if all(_plain(messages[row.position].get(name)) == _plain(row.content.get(name)) for name in SAME):
            problem = parse_problem(row.problem)
            place = problem.field or (f"parts.{row.position}.text" if row.kind != Kind.COMMENT else "first_comment")
            # A warning: the person may send it again as it is, for the network's rules may have changed.
            found.setdefault(row.channel_id, []).append(replace(problem, field=place, severity="warning"))
    return found


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)


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
