"""What a person decides about a delivery that machinery may not decide."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db import IntegrityError, transaction

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of, open_session, record_quota
from kaja.delivery import problems
from kaja.delivery.models import OPEN_STATES, Delivery, Publication, State
from kaja.delivery.planning import DROPPED, reset, withdraw
from kaja.delivery.problems import render_problem
from kaja.delivery.sources import Subject, describe, title_of
from kaja.delivery.states import check_move
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_due, notify_live
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.results import CannotTell, Found, NoSuchPost, RemoteRef
from kaja.networks.registry import CONNECTORS
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.outside import ask_outside

Settlement = Literal["there", "send_again", "drop"]
Missed = Literal["send_now", "reschedule", "drop"]
ADDRESS_MISSING = Problem(
    "address_missing",
    gettext_noop("Kaja needs to know which post on the network it is."),
    field="url",
    fix=gettext_noop("Choose one of the found posts, or paste its address (https://…)."),
)


def _lock(actor: Actor, delivery_id: UUID) -> Delivery:
    row = lock(Delivery.objects.filter(id=delivery_id)).first()
    answers = row is not None and row.kind in problems.ANSWERS
    policy.require(actor, policy.Permission.ANSWER if answers else policy.Permission.PUBLISH)
    if row is None:
        raise NotFound(Problem("delivery_not_found", gettext_noop("There is no such delivery in this workspace.")))
    return row


def _require_state(row: Delivery, *states: State) -> None:
    if row.state not in states:
        raise Conflict(
            Problem(
                "state_changed",
                gettext_noop("This has been settled meanwhile; nothing was changed."),
                fix=gettext_noop("Look at where the post stands now."),
                params={"state": str(row.state)},
            )
        )


def _written(actor: Actor, action: str, row: Delivery, before: Mapping[str, Any], **after: Any) -> Delivery:
    row.save()
    audit.record(actor, action, row, before, {"state": row.state, **after})
    notify_live(row.workspace_id, "delivery", row.subject_id)
    notify_due()
    return row


def settle_at_address(actor: Actor, workspace_id: UUID, delivery_id: UUID, url: str) -> Delivery:
    """End the doubt with an address that the person gives; the network says which post of the channel stands there.

    Called outside a scope, because a network may take half a minute and no transaction should wait for it. Raises
    Refused when it is no address of a post of this channel, or when the network cannot say so now.
    """
    with workspace_scope(workspace_id):
        row = _lock(actor, delivery_id)
        _require_state(row, State.UNCERTAIN)
        if not url.strip():
            raise Refused(ADDRESS_MISSING)
        channel = row.channel
        if channel.disconnected_at is not None:
            raise Refused(problems.DISCONNECTED)
        publisher = CONNECTORS[channel.network].publisher
        assert publisher is not None, "something was sent there"
        try:
            session, facts = open_session(channel), facts_of(channel)
        except VaultError as error:
            raise Refused(problems.CREDENTIALS_LOCKED) from error
    told = ask_outside(actor, workspace_id, lambda: publisher.find_post(url.strip(), facts, session))
    with workspace_scope(workspace_id):
        record_quota(channel, session.quotas.values())
    match told:
        case Found(ref):
            with workspace_scope(workspace_id):
                return settle_delivery(actor, delivery_id, "there", found=ref)
        case NoSuchPost(problem):
            raise Refused(problem)
        case CannotTell(reason):
            raise Refused(_not_asked(reason))


def _not_asked(reason: Problem) -> Problem:
    """The network's trouble, and what it means for the address."""
    fix = gettext_noop("The address could not be looked at, so nothing was changed. Try again in a few minutes.")
    return Problem(reason.code, reason.message, "url", fix, reason.params)


@transaction.atomic
def settle_delivery(
    actor: Actor, delivery_id: UUID, decision: Settlement, *, candidate: str = "", found: RemoteRef | None = None
) -> Delivery:
    """End the doubt about an uncertain delivery.

    "there": it stands on the network, as one of the found candidates (its remote id) or as what the network has at an
    address (`settle_at_address`). "send_again": it does not, send it now. "drop": leave it, whatever stands there.
    """
    if decision == "there":
        # Two people who settle two deliveries with one address wait for each other here.
        list(lock(Channel.objects.filter(deliveries=delivery_id)))
    row = _lock(actor, delivery_id)
    _require_state(row, State.UNCERTAIN)
    before = {"state": row.state, "needs_person": row.needs_person}
    match decision:
        case "there":
            mark_there(row, found or _candidate_of(row, candidate))
            return _written(actor, "delivery.there", row, before, remote_id=row.remote_id, remote_url=row.remote_url)
        case "send_again":
            _leave_doubt(row, State.WAITING)
            row.due_at = row.next_at = now()
            row.problem = None
            return _written(actor, "delivery.send_again", row, before)
        case "drop":
            _leave_doubt(row, State.CANCELLED)
            row.next_at, row.problem = None, render_problem(DROPPED)
            _drop_followers(actor, row)
            return _written(actor, "delivery.drop", row, before)


def _leave_doubt(row: Delivery, state: State) -> None:
    row.state = check_move(State(row.state), state, by_person=True)
    row.fence += 1  # a worker that is looking right now can only add what it saw to the journal
    row.uncertain_since, row.lease_until = None, None
    row.needs_person, row.candidates, row.tries, row.announce = False, [], 0, ""


def _candidate_of(row: Delivery, candidate: str) -> RemoteRef:
    """One of the posts that the look-up found."""
    if not candidate:
        raise Refused(ADDRESS_MISSING)
    for each in row.candidates:
        if each["id"] == candidate:
            return RemoteRef(each["id"], each.get("url") or "", each.get("data") or {})
    raise NotFound(
        Problem(
            "candidate_unknown",
            gettext_noop("This is not one of the posts that were found."),
            field="candidate",
            fix=gettext_noop("Choose one of them, or give the address of the post."),
        )
    )


def _require_free(row: Delivery, ref: RemoteRef) -> None:
    """Refuse what another delivery of the channel made: editing one would change the other's post."""
    others = Publication.objects.filter(delivery__channel_id=row.channel_id, remote_id=ref.id).exclude(delivery=row)
    for other in others.select_related("delivery"):
        # Some networks number posts and comments apart.
        if other.data.get("type") == ref.data.get("type"):
            raise Refused(
                Problem(
                    "remote_taken",
                    gettext_noop("What is there is “%(post)s”, which Kaja sent; it cannot be both."),
                    field="url",
                    fix=gettext_noop("Give the address of this post, or send it again if it is not there."),
                    params={"post": title_of(other.delivery)},
                )
            )


def mark_there(row: Delivery, ref: RemoteRef, at: datetime | None = None) -> None:
    """It stands on the network as `ref`. Not for what another delivery made."""
    _require_free(row, ref)
    at = at or row.uncertain_since or now()
    _leave_doubt(row, State.SENT)
    row.remote_id, row.remote_url, row.sent_at = ref.id[:500], ref.url[:1000], at
    row.stage, row.checkpoint, row.problem, row.next_at = "", {}, None, None
    row.save()
    try:
        with transaction.atomic():
            Publication.objects.create(
                delivery=row,
                remote_id=row.remote_id,
                remote_url=row.remote_url,
                data=dict(ref.data),
                sent=row.content or {},
                published_at=at,
            )
    except IntegrityError:
        # A worker has found it for another delivery in this moment.
        _require_free(row, ref)
        raise
    Delivery.objects.filter(after=row, state=State.SCHEDULED).update(next_at=now(), due_at=now())


@transaction.atomic
def retry_delivery(actor: Actor, delivery_id: UUID) -> Delivery:
    """Send a failed delivery now, with the post's content as it is now."""
    row = _lock(actor, delivery_id)
    _require_state(row, State.FAILED)
    return plan_again(actor, "delivery.retry", row, now())


@transaction.atomic
def resolve_missed(actor: Actor, delivery_id: UUID, decision: Missed, due_at: datetime | None = None) -> Delivery:
    """What to do with a delivery that was too late: send it now, at another time, or not at all."""
    row = _lock(actor, delivery_id)
    _require_state(row, State.MISSED)
    if decision == "drop":
        return cancel_row(actor, row)
    if decision == "send_now":
        return plan_again(actor, "delivery.send_now", row, now())
    if due_at is None or due_at <= now():
        raise Refused(
            Problem(
                "time_in_past",
                gettext_noop("This time has passed already; the post stays where it was."),
                field="due_at",
                fix=gettext_noop("Choose a later time, or publish now."),
            )
        )
    return plan_again(actor, "delivery.reschedule", row, due_at)


def plan_again(actor: Actor, action: str, row: Delivery, due_at: datetime, subject: Subject | None = None) -> Delivery:
    """Have it sent at a time, in its source's newest form. `subject`: what it is about, where that is known already."""
    before = {"state": row.state, "due_at": row.due_at.isoformat()}
    waits = row.after is not None and row.after.state != State.SENT
    reset(row, due_at, None if waits else due_at)
    row.version = (subject or describe([row])[row.id]).version
    return _written(actor, action, row, before, due_at=due_at.isoformat())


@transaction.atomic
def cancel_delivery(actor: Actor, delivery_id: UUID) -> Delivery:
    """Drop what has not been sent on one channel; what follows it there is dropped with it."""
    row = _lock(actor, delivery_id)
    _require_state(row, State.SCHEDULED, State.WAITING, State.FAILED, State.MISSED)
    return cancel_row(actor, row)


def cancel_row(actor: Actor, row: Delivery) -> Delivery:
    before = {"state": row.state}
    row.state = check_move(State(row.state), State.CANCELLED)
    row.fence += 1
    row.next_at, row.needs_person, row.problem, row.announce = None, False, render_problem(DROPPED), ""
    _drop_followers(actor, row)
    return _written(actor, "delivery.drop", row, before)


def _drop_followers(actor: Actor, row: Delivery) -> None:
    for follower in lock(Delivery.objects.filter(after=row)):
        if withdraw(follower, DROPPED):
            audit.record(actor, "delivery.drop", follower, after={"state": follower.state})
        _drop_followers(actor, follower)


def wake_channel(channel_id: UUID) -> int:
    """The channel works again: what waited for it goes on at once. Gives the number of deliveries."""
    held = Delivery.objects.filter(
        channel_id=channel_id, state__in=OPEN_STATES, next_at__isnull=True, needs_person=True
    )
    woken = Delivery.objects.filter(id__in=[row.id for row in lock(held).only("id")]).update(next_at=now())
    if woken:
        notify_due()
    return woken
