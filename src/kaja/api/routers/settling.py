"""What a held workspace has to settle, and the one decision about it."""

from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.render import problem_out
from kaja.api.routers import actor_of, ok, waits, workspace_of
from kaja.api.schemas import SettledOut, SettlementIn, SettlementOut, StrangerOut, UnsettledOut
from kaja.channels.queries import list_channel_ids
from kaja.delivery import actions
from kaja.delivery.holds import count_looked, list_strangers, list_unsettled
from kaja.kernel.pages import CURSOR_INVALID, parse_id_cursor
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces import policy
from kaja.workspaces.queries import get_workspace

router = Router(tags=["delivery"])


@router.get("/settlement", response=ok(SettlementOut), operation_id="getSettlement")
def get_settlement(request: HttpRequest, cursor: Cursor = "", limit: Limit = LIMIT) -> SettlementOut:
    """What was due while this database may not have known what happened (a restored backup, a copy, a clock that
    jumped), how each stands on its network, and posts there that Kaja does not know. Empty when nothing is held."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return _show(workspace_of(request).id, cursor, limit)


def _show(workspace_id: UUID, cursor: str, limit: int) -> SettlementOut:
    workspace = get_workspace()
    if workspace.held_at is None:
        return SettlementOut(
            held_at=None, reason="", since=None, looked=0, channels=0, due=[], unknown=[], next_cursor=""
        )
    # How a comment stands follows from its post, so all are judged, and a page is cut from that.
    unsettled = list_unsettled(workspace)
    begin = 0
    if cursor:
        last = parse_id_cursor(cursor)
        begin = next((place for place, each in enumerate(unsettled, 1) if each.delivery.id == last), 0)
        if not begin:
            raise Refused(CURSOR_INVALID)
    page = unsettled[begin : begin + limit]
    due = [
        UnsettledOut(
            delivery=each.delivery.id,
            post=each.subject.id,
            channel=each.delivery.channel_id,
            due_at=each.delivery.due_at,
            verdict=each.verdict,
            url=(each.post or {}).get("url") or "",
        )
        for each in page
    ]
    unknown = [
        StrangerOut(channel=each.channel_id, problem=problem_out(each.problem), posts=each.strangers)
        for each in ([] if cursor else list_strangers())
    ]
    return SettlementOut(
        held_at=workspace.held_at,
        reason=workspace.held_reason,
        since=workspace.held_since,
        looked=count_looked(),
        channels=len(list_channel_ids()),
        due=due,
        unknown=unknown,
        next_cursor=page[-1].delivery.id.hex if begin + limit < len(unsettled) else "",
    )


@waits("POST", "/settlement/look")
@router.post("/settlement/look", response=ok(SettlementOut), operation_id="lookAgain")
def look_again(request: HttpRequest) -> SettlementOut:
    """Ask the networks of all channels anew what stands there; gives the first page of what there is to settle. It may
    take a while: each network has its time to answer."""
    actor, workspace_id = actor_of(request), workspace_of(request).id
    policy.require(actor, policy.Permission.MANAGE)
    with workspace_scope(workspace_id):
        channels = list_channel_ids()
    for channel_id in channels:
        actions.look_at_channel(workspace_id, channel_id, actor)
    with workspace_scope(workspace_id):
        return _show(workspace_id, "", LIMIT)


@router.post("/settlement", response=ok(SettledOut), operation_id="settleWorkspace")
def settle_workspace(request: HttpRequest, body: SettlementIn) -> SettledOut:
    """Decide about all of it at once; then the workspace goes on. Gives how many became what."""
    settlement = actions.Settlement(body.missing, body.unclear, body.later, body.own)
    return SettledOut(**actions.settle_workspace(actor_of(request), settlement))
