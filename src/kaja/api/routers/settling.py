"""What a held workspace has to settle, and the one decision about it."""

from django.http import HttpRequest
from ninja import Router

from kaja.api.render import problem_out
from kaja.api.routers import actor_of, ok, workspace_of
from kaja.api.schemas import SettledOut, SettlementIn, SettlementOut, StrangerOut, UnsettledOut
from kaja.delivery import actions
from kaja.delivery.holds import list_strangers, list_unsettled
from kaja.workspaces import policy
from kaja.workspaces.models import Workspace

router = Router(tags=["delivery"])


@router.get("/settlement", response=ok(SettlementOut), operation_id="getSettlement")
def get_settlement(request: HttpRequest) -> SettlementOut:
    """What was due while this database may not have known what happened (a restored backup, a copy, a clock that
    jumped), how each stands on its network, and posts there that Kaja does not know. Empty when nothing is held."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    workspace = Workspace.objects.get(id=workspace_of(request).id)
    if workspace.held_at is None:
        return SettlementOut(held_at=None, reason="", since=None, due=[], unknown=[])
    due = [
        UnsettledOut(
            delivery=each.delivery.id,
            post=each.subject.id,
            channel=each.delivery.channel_id,
            due_at=each.delivery.due_at,
            verdict=each.verdict,
            url=(each.post or {}).get("url") or "",
        )
        for each in list_unsettled(workspace)
    ]
    unknown = [
        StrangerOut(channel=each.channel_id, problem=problem_out(each.problem), posts=each.strangers)
        for each in list_strangers()
    ]
    return SettlementOut(
        held_at=workspace.held_at, reason=workspace.held_reason, since=workspace.held_since, due=due, unknown=unknown
    )


@router.post("/settlement", response=ok(SettledOut), operation_id="settleWorkspace")
def settle_workspace(request: HttpRequest, body: SettlementIn) -> SettledOut:
    """Decide about all of it at once; then the workspace goes on. Gives how many became what."""
    settlement = actions.Settlement(body.missing, body.unclear, body.later, body.own)
    return SettledOut(**actions.settle_workspace(actor_of(request), settlement))
