"""Plan and send posts; see and settle how each delivery stands."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from ninja import Router, Status

from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.problems import problem_text
from kaja.api.render import change_out, delivery_out, problem_out, publication_out
from kaja.api.routers import actor_of, ok, waits, workspace_of
from kaja.api.routers.posts import render_one
from kaja.api.schemas import (
    AttemptOut,
    CandidateOut,
    ChangeOut,
    DeliveryDetail,
    DeliveryPage,
    PostOut,
    ResolveMissedIn,
    ScheduleIn,
    SettleIn,
)
from kaja.content.plan.slots import find_free_slot
from kaja.content.queries import get_post, list_active_variants
from kaja.delivery import actions
from kaja.delivery.models import Delivery
from kaja.delivery.queries import get_delivery as find_delivery
from kaja.delivery.queries import journal_of, page_needs_you
from kaja.kernel import clock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing import actions as publishing
from kaja.publishing import queries
from kaja.workspaces import policy

router = Router(tags=["delivery"])


@router.post("/posts/{uuid:post_id}/schedule", response=ok(PostOut), operation_id="schedulePost")
def schedule_post(request: HttpRequest, post_id: UUID, body: ScheduleIn) -> PostOut:
    """Plan a post for a time or for the next free slot, or move a planned one. What a network would refuse is
    refused here, and the post stays a draft."""
    post = get_post(post_id)
    due_at = body.due_at
    if (due_at is None) == (not body.next_free_slot):
        raise Refused(
            Problem(
                code="time_or_slot",
                message=gettext_noop("A post is scheduled either for a time or for the next free slot."),
                field="due_at",
                fix=gettext_noop("Send “due_at”, or “next_free_slot”: true."),
            )
        )
    if due_at is None:
        channels = [variant.channel_id for variant in list_active_variants(post)]
        slot = find_free_slot(channels, clock.now(), ZoneInfo(workspace_of(request).time_zone), besides=post_id)
        if slot is None:
            raise Refused(
                Problem(
                    code="no_free_slot",
                    message=gettext_noop("The post's channels have no free slot within a year."),
                    field="next_free_slot",
                    fix=gettext_noop("Add slots to one of its channels, or give a time."),
                )
            )
        due_at = slot.instant
    publishing.schedule_post(actor_of(request), post, due_at)
    return render_one(post_id)


@router.post("/posts/{uuid:post_id}/unschedule", response=ok(PostOut), operation_id="unschedulePost")
def unschedule_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """Take a scheduled post back to the drafts."""
    publishing.unschedule_post(actor_of(request), get_post(post_id))
    return render_one(post_id)


@router.post("/posts/{uuid:post_id}/publish", response=ok(PostOut), operation_id="publishPost")
def publish_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """Send a post now on every channel where it has not gone out yet."""
    publishing.publish_now(actor_of(request), get_post(post_id))
    return render_one(post_id)


@router.get("/deliveries/needs-you", response=ok(DeliveryPage), operation_id="listNeedsYou")
def list_needs_you(request: HttpRequest, cursor: Cursor = "", limit: Limit = LIMIT) -> DeliveryPage:
    """What a person must decide, oldest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = page_needs_you(cursor, limit)
    return DeliveryPage(items=[delivery_out(delivery) for delivery in page.rows], next_cursor=page.next_cursor)


@router.get("/deliveries/{uuid:delivery_id}", response=ok(DeliveryDetail), operation_id="getDelivery")
def get_delivery(request: HttpRequest, delivery_id: UUID) -> DeliveryDetail:
    """One delivery with its journal: of a post, an answer or an act."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return _detail(find_delivery(delivery_id))


def _detail(delivery: Delivery) -> DeliveryDetail:
    publication = getattr(delivery, "publication", None)
    return DeliveryDetail(
        **delivery_out(delivery).model_dump(),
        attempts=[
            AttemptOut(
                stage=line.stage,
                irreversible=line.irreversible,
                started_at=line.at,
                seconds=line.seconds,
                outcome=line.outcome,
                message=problem_text(Problem(line.outcome, line.message, params=line.params)),
                reason=problem_out(line.reason),
                worker=line.worker,
                evidence=list(line.evidence),
            )
            for line in journal_of(delivery)
        ],
        candidates=[
            CandidateOut(
                id=each["id"], url=each.get("url") or "", text=each.get("text") or "", posted_at=each.get("posted_at")
            )
            for each in delivery.candidates
        ],
        publication=publication_out(publication) if publication else None,
    )


@waits("POST", "/deliveries/<uuid:delivery_id>/settle")
@router.post("/deliveries/{uuid:delivery_id}/settle", response=ok(DeliveryDetail), operation_id="settleDelivery")
def settle_delivery(request: HttpRequest, delivery_id: UUID, body: SettleIn) -> DeliveryDetail:
    """End the doubt about an uncertain delivery. With `url`, the network is asked which post stands there; an address
    that is not of a post of this channel is refused."""
    actor = actor_of(request)
    if body.decision == "there" and body.url and not body.candidate:
        actions.settle_at_address(actor, workspace_of(request).id, delivery_id, body.url)
        with workspace_scope(workspace_of(request).id):
            return _detail(find_delivery(delivery_id))
    with workspace_scope(workspace_of(request).id):
        actions.settle_delivery(actor, delivery_id, body.decision, candidate=body.candidate)
        return _detail(find_delivery(delivery_id))


@router.post("/deliveries/{uuid:delivery_id}/retry", response=ok(DeliveryDetail), operation_id="retryDelivery")
def retry_delivery(request: HttpRequest, delivery_id: UUID) -> DeliveryDetail:
    """Send a failed delivery now; a post with its content as it is now."""
    actions.retry_delivery(actor_of(request), delivery_id)
    return _detail(find_delivery(delivery_id))


@router.post("/deliveries/{uuid:delivery_id}/resolve", response=ok(DeliveryDetail), operation_id="resolveMissed")
def resolve_missed(request: HttpRequest, delivery_id: UUID, body: ResolveMissedIn) -> DeliveryDetail:
    """Say what becomes of a delivery that was too late."""
    actions.resolve_missed(actor_of(request), delivery_id, body.decision, body.due_at)
    return _detail(find_delivery(delivery_id))


@router.post("/deliveries/{uuid:delivery_id}/cancel", response=ok(DeliveryDetail), operation_id="cancelDelivery")
def cancel_delivery(request: HttpRequest, delivery_id: UUID) -> DeliveryDetail:
    """Drop what has not been sent on one channel."""
    actions.cancel_delivery(actor_of(request), delivery_id)
    return _detail(find_delivery(delivery_id))


@router.get("/publications/{uuid:publication_id}/changes", response=ok(list[ChangeOut]), operation_id="listChanges")
def list_changes(request: HttpRequest, publication_id: UUID) -> list[ChangeOut]:
    """Edits and deletions on the network that were asked for, newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return [change_out(change) for change in queries.list_changes(queries.get_publication(publication_id))]


@router.post("/publications/{uuid:publication_id}/edit", response=ok(ChangeOut, 202), operation_id="editPublication")
def edit_publication(request: HttpRequest, publication_id: UUID) -> Status[ChangeOut]:
    """Bring what stands on the network in line with the post as it is saved now."""
    return Status(202, change_out(publishing.request_edit(actor_of(request), publication_id)))


@router.post(
    "/publications/{uuid:publication_id}/delete", response=ok(ChangeOut, 202), operation_id="deletePublication"
)
def delete_publication(request: HttpRequest, publication_id: UUID) -> Status[ChangeOut]:
    """Delete it on the network."""
    return Status(202, change_out(publishing.request_delete(actor_of(request), publication_id)))
