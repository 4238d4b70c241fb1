"""Alarms: what is usual, what came, the messages that made them, and who looks after them."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kaja.inbox.trouble.watching import get_alarm, see_alarm
from kaja.web.flash import flash
from kaja.web.inboxdesk.lists import ALARM_MESSAGES, ALARMS
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.policy import Permission


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Open and past ones."""
    return render_page(request, "inboxdesk/alarms.html", {"shown": ALARMS.read(request)})


@require_safe
@workspace_view()
def alarm(request: WorkspaceRequest, alarm_id: UUID) -> HttpResponse:
    """One of them, with the messages that made it."""
    found = get_alarm(alarm_id)
    context = {"alarm": found, "shown": ALARM_MESSAGES.read(request, alarm=found)}
    return render_page(request, "inboxdesk/alarm.html", context)


@require_POST
@workspace_view(Permission.ANSWER)
def see(request: WorkspaceRequest, alarm_id: UUID) -> HttpResponse:
    """Say that one looks after it; the first one's name stays."""
    found = see_alarm(request.actor, alarm_id)
    mine = found.seen_by_id == request.actor.user_id
    flash(request, _("You look after it.") if mine else _("Somebody else looks after it already."))
    return HttpResponseRedirect(reverse("inboxdesk:alarm", args=[request.workspace.slug, alarm_id]))
