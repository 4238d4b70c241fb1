"""One page: what was due, what the networks have of it, what they have besides, and the decision."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.channels.queries import list_channel_ids
from kaja.delivery.actions import Settlement, look_at_channel, settle_workspace
from kaja.delivery.holds import count_looked, list_strangers, list_unsettled
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.times import resolve_local
from kaja.web.flash import flash
from kaja.web.kit.page import zone_of
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.models import Held
from kaja.workspaces.policy import Permission

CHOICES = ("there", "send", "skip", "later")
OWN = "own-"


@require_safe
@workspace_view()
def page(request: WorkspaceRequest) -> HttpResponse:
    """What there is to settle."""
    workspace = request.workspace
    due = list_unsettled(workspace) if workspace.held_at else []
    context = {
        "due": due,
        "strangers": list_strangers() if workspace.held_at else [],
        "reason": Held(workspace.held_reason).label if workspace.held_reason else "",
        "looked": count_looked(),
        "channels": len(list_channel_ids()),
        "unclear": any(each.verdict == "unclear" for each in due),
    }
    return render_page(request, "settling/page.html", context)


@require_POST
@workspace_view(Permission.MANAGE)
def decide(request: WorkspaceRequest) -> HttpResponse:
    """Carry the decision out; the workspace goes on."""
    own = {
        _parse_delivery(name.removeprefix(OWN)): _choice(str(value))
        for name, value in request.POST.items()
        if name.startswith(OWN) and value
    }
    later = _parse_later(request.POST.get("later", ""), zone_of(request))
    missing, unclear = (_choice(request.POST.get(name, "")) for name in ("missing", "unclear"))
    settle_workspace(request.actor, Settlement(missing, unclear, later, own))  # type: ignore[arg-type]
    flash(request, _("It is settled. Kaja sends again."))
    return redirect("needs_you:list", request.workspace.slug)


@require_POST
@workspace_view(Permission.MANAGE, scoped=False)
def look(request: WorkspaceRequest) -> HttpResponse:
    """Ask every network anew, now."""
    with workspace_scope(request.workspace.id):
        ids = list_channel_ids()
    for channel_id in ids:
        look_at_channel(request.workspace.id, channel_id, request.actor)
    flash(request, _("The networks were asked again."))
    return redirect("settling:page", request.workspace.slug)


def _choice(value: str) -> str:
    if value not in CHOICES:
        raise Refused(_unknown(value))
    return value


def _parse_delivery(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Refused(_unknown(OWN + text)) from None


def _unknown(decision: str) -> Problem:
    return Problem(
        code="decision_unknown",
        message=gettext_noop("Kaja does not know the decision “%(decision)s”."),
        fix=gettext_noop("Load the page again and use its buttons."),
        params={"decision": decision[:40]},
    )


def _parse_later(text: str, zone: ZoneInfo) -> datetime | None:
    """A wall-clock time of the workspace, as the page's field writes it; None when it is empty or unreadable."""
    try:
        return resolve_local(datetime.fromisoformat(text).replace(tzinfo=None), zone).instant
    except (ValueError, OverflowError):  # such as the first day of the first year, seen from another zone
        return None
