"""Targets for answers: in their order, and what each means, computed as for real conversations."""

from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.inbox.targets.actions import (
    TargetForm,
    create_target,
    delete_target,
    move_target,
    parse_target,
    update_target,
)
from kaja.inbox.targets.models import AnswerTarget, Measure
from kaja.inbox.targets.queries import describe_target, get_target, list_next_holidays, list_targets
from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.kernel.times import resolve_local, wall_of
from kaja.publishing.choices import list_choices
from kaja.web.flash import flash
from kaja.web.inboxdesk.lists import TARGETS
from kaja.web.inboxdesk.target_form import PLACES, TargetFields, fill_fields
from kaja.web.kit.page import zone_of
from kaja.web.workspace import (
    WorkspaceRequest,
    add_problems,
    is_fragment,
    render_fragment,
    render_page,
    workspace_view,
)
from kaja.workspaces.policy import Permission, can, require

FRIDAY, SUNDAY = 4, 6


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """All targets; the first that fits a conversation counts."""
    return render_page(request, "inboxdesk/targets.html", {"shown": TARGETS.read(request)})


def list_moments(zone: ZoneInfo) -> list[datetime]:
    """Moments at which somebody may ask: now, and where a target shows what it is: late on a Friday, on a Sunday."""
    today = wall_of(now(), zone).date()
    found = [now()]
    for weekday, clock in ((FRIDAY, time(17, 30)), (SUNDAY, time(12, 0))):
        day = today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
        found.append(resolve_local(datetime.combine(day, clock), zone).instant)
    return found


def _meaning(request: WorkspaceRequest, given: TargetForm) -> dict[str, Any]:
    zone = zone_of(request)
    holidays = list_next_holidays(given.country.upper(), given.region.upper(), now(), zone) if given.country else []
    examples = [
        (each.asked, [(Measure(measure).label, due) for measure, due in each.due.items()])
        for each in describe_target(given, list_moments(zone))
    ]
    return {"examples": examples, "holidays": holidays}


def _show(
    request: WorkspaceRequest, form: TargetFields, target: AnswerTarget | None, given: TargetForm | None, status: int
) -> HttpResponse:
    context = {
        "form": form,
        "target": target,
        "live_page": reverse("inboxdesk:targets", args=[request.workspace.slug]),
        **(_meaning(request, given) if given else {}),
    }
    if is_fragment(request):
        return render_fragment(request, "inboxdesk/target_form.html", context, status=status)
    return render_page(request, "inboxdesk/target.html", context, status=status)


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def create(request: WorkspaceRequest) -> HttpResponse:
    """A new target: shown what it means (`do=try`) or kept."""
    return _keep(request, None)


@require_http_methods(["GET", "POST"])
@workspace_view()
def target(request: WorkspaceRequest, target_id: UUID) -> HttpResponse:
    """One target with what it means."""
    if request.method == "POST":
        require(request.actor, Permission.MANAGE)
    return _keep(request, get_target(target_id))


def _keep(request: WorkspaceRequest, target: AnswerTarget | None) -> HttpResponse:
    may = can(request.actor, Permission.MANAGE)
    form = TargetFields(request.POST or None, list_choices(), initial=fill_fields(target), may=may)
    given = None
    if request.method == "POST" and form.is_valid():
        try:
            given = parse_target(form.give())
            if request.POST.get("do") == "try":
                return _show(request, form, target, given, 200)
            if target is None:
                create_target(request.actor, given)
            else:
                update_target(request.actor, target.id, given)
        except Refused as refused:
            add_problems(form, refused, PLACES)
        else:
            flash(request, _("The target is kept. It is for what is asked from now on."))
            return HttpResponseRedirect(reverse("inboxdesk:targets", args=[request.workspace.slug]))
    if target is not None and not form.is_bound:
        given = TargetForm.model_validate({name: getattr(target, name) for name in TargetForm.model_fields})
    return _show(request, form, target, given, 422 if form.errors else 200)


@require_POST
@workspace_view(Permission.MANAGE)
def do(request: WorkspaceRequest, target_id: UUID) -> HttpResponse:
    """Move it, or promise it no longer."""
    found, wanted = get_target(target_id), request.POST.get("do", "")
    if wanted == "delete":
        delete_target(request.actor, target_id)
        flash(request, _("“%(name)s” is promised no longer. What was promised stays.") % {"name": found.name})
    elif wanted in ("up", "down"):
        place = [each.id for each in list_targets()].index(target_id)
        move_target(request.actor, target_id, place + (1 if wanted == "down" else -1))
    return HttpResponseRedirect(reverse("inboxdesk:targets", args=[request.workspace.slug]))
