"""Scheduled posts that wait: shown how many, then paused."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from kaja.crisis.actions import pause_planned
from kaja.crisis.models import Crisis
from kaja.crisis.queries import describe_planned, get_crisis
from kaja.publishing.choices import list_choices
from kaja.web.crisis.forms import PauseFields
from kaja.web.crisis.lists import POSTS
from kaja.web.crisis.views import about
from kaja.web.flash import flash
from kaja.web.workspace import WorkspaceRequest, is_fragment, render_fragment, render_page, workspace_view
from kaja.workspaces.policy import Permission, can


@require_safe
@workspace_view()
def page(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """What is paused, and what still could be: without a choice all that is planned."""
    crisis = get_crisis(crisis_id)
    context = {**about(request, crisis, "posts"), "shown": POSTS.read(request, crisis=crisis)}
    if crisis.ended_at is None and can(request.actor, Permission.MANAGE):
        context |= _counted(PauseFields({}, list_choices()))
    return render_page(request, "crisis/posts.html", context)


def _counted(form: PauseFields) -> dict[str, Any]:
    if not form.is_valid():
        return {"form": form}
    wanted = form.give()
    return {"form": form, "planned": describe_planned(wanted), "mark": wanted.mark}


@require_POST
@workspace_view(Permission.MANAGE)
def pause(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """Count what fits, or pause it: `seen` is the mark of what somebody saw counted, and nothing else is paused."""
    form = PauseFields(request.POST, list_choices())
    if form.is_valid() and request.POST.get("seen") == form.give().mark:
        done = pause_planned(request.actor, crisis_id, form.give())
        count = done.count - done.begun
        said = ngettext("%(count)s post is paused.", "%(count)s posts are paused.", count) % {"count": count}
        flash(request, said, "done" if count else "info")
        if done.begun:
            more = ngettext(
                "%(count)s post had begun to go out and could not be stopped.",
                "%(count)s posts had begun to go out and could not be stopped.",
                done.begun,
            )
            flash(request, more % {"count": done.begun}, "needs")
        return HttpResponseRedirect(reverse("crisis:posts", args=[request.workspace.slug, crisis_id]))
    return _show(request, get_crisis(crisis_id), form)


def _show(request: WorkspaceRequest, crisis: Crisis, form: PauseFields) -> HttpResponse:
    at = reverse("crisis:posts", args=[request.workspace.slug, crisis.id])
    status = 200 if form.is_valid() else 422
    context = {**about(request, crisis, "posts"), **_counted(form), "live_page": at}
    if is_fragment(request):
        return render_fragment(request, "crisis/pause.html", context, status=status)
    context["shown"] = POSTS.read(request, at=at, crisis=crisis)
    return render_page(request, "crisis/posts.html", context, status=status)
