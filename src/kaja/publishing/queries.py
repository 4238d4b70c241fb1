"""All reads of publishing. Every query runs inside an entered workspace scope."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from kaja.channels.queries import channel_order
from kaja.content.models import Post, PostState
from kaja.content.queries import list_board
from kaja.delivery.models import OPEN_STATES, Attempt, Delivery, Kind, Publication, State
from kaja.delivery.problems import parse_problem
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.networks.kit.content import Draft
from kaja.publishing.drafts import freeze_draft
from kaja.publishing.models import CHANGES, PostDelivery, RemoteChange

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
    rows = PostDelivery.objects.filter(variant__post_id__in=list(post_ids)).order_by(
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


def _whole() -> QuerySet[PostDelivery]:
    return PostDelivery.objects.select_related("variant__post", "channel", "publication")


def list_deliveries(post_id: UUID) -> list[PostDelivery]:
    """The deliveries of a post with channel and publication, by channel and position."""
    return list(_whole().filter(variant__post_id=post_id).order_by(*channel_order("channel__"), "position"))


def get_delivery(delivery_id: UUID) -> PostDelivery:
    """One delivery with post, channel and publication; or NotFound."""
    row = _whole().filter(id=delivery_id).first()
    if row is None:
        raise NotFound(Problem("delivery_not_found", gettext_noop("There is no such delivery in this workspace.")))
    return row


def deliveries_of(posts: Collection[Post]) -> dict[UUID, list[PostDelivery]]:
    """The deliveries of many posts by post, in one query, each post's by channel and position."""
    order = (*channel_order("channel__"), "position")
    found: dict[UUID, list[PostDelivery]] = {}
    for row in PostDelivery.objects.filter(variant__post__in=posts).select_related("variant").order_by(*order):
        found.setdefault(row.variant.post_id, []).append(row)
    return found


def list_unsent(limit: int) -> tuple[list[Post], int]:
    """The scheduled posts that still go somewhere or wait for a person, by their time, and how many there are. Indexes
    hold just their deliveries, however many are done."""
    rows = PostDelivery.objects.filter(Q(state__in=OPEN_STATES) | Q(needs_person=True))
    return list_board(PostState.SCHEDULED, limit, rows.values("variant__post_id"))


def get_published(publication_id: UUID) -> PostDelivery:
    """The delivery whose publication it is, with that, its post and its channel; or NotFound."""
    row = _whole().filter(publication=publication_id).first()
    if row is None:
        raise NotFound(Problem("publication_not_found", gettext_noop("This is not among what was published here.")))
    return row


def get_publication(publication_id: UUID) -> Publication:
    """What stands (or stood) on a network; or NotFound."""
    return get_published(publication_id).publication


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
    """Every refusal of these messages, oldest first; also those that were fixed since."""
    by_id = {delivery.id: delivery for delivery in deliveries}
    rows = Attempt.objects.filter(delivery__in=by_id, outcome="rejected").exclude(stage__in=CHANGES)
    found = []
    for row in rows.order_by("started_at", "id"):
        delivery = by_id[row.delivery_id]
        problem = Problem(row.outcome, row.message, params=row.params)
        found.append(Refusal(row.finished_at or row.started_at, delivery, problem, delivery.version))
    told = {each.delivery.id for each in found}
    for delivery in deliveries:
        if delivery.state == State.FAILED and delivery.problem and delivery.id not in told:
            problem = parse_problem(delivery.problem)
            found.append(Refusal(delivery.updated_at, delivery, problem, delivery.version))
    return found


SAME = ("text", "media", "link_card", "options")
"""What of a message a network may have refused; as long as none of it changed, it would refuse it again."""


def list_standing_refusals(post_id: UUID, drafts: Mapping[UUID, Draft]) -> dict[UUID, list[Problem]]:
    """By channel, what its network said no to and what `drafts` (by channel) would send again unchanged."""
    rows = PostDelivery.objects.filter(variant__post_id=post_id, state=State.FAILED, content__isnull=False)
    found: dict[UUID, list[Problem]] = {}
    for row in rows.order_by("position"):
        draft = drafts.get(row.channel_id)
        messages = freeze_draft(draft, row.due_at) if draft else []
        if row.position >= len(messages) or not row.problem or not row.content:
            continue
        new = messages[row.position].render()
        if all(_plain(new[name]) == _plain(row.content.get(name)) for name in SAME):
            problem = parse_problem(row.problem)
            place = problem.field or (f"parts.{row.position}.text" if row.kind != Kind.COMMENT else "first_comment")
            # A warning: the person may send it again as it is, for the network's rules may have changed.
            found.setdefault(row.channel_id, []).append(replace(problem, field=place, severity="warning"))
    return found


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
