"""All crises, the start of one, and its first page: what was decided, and how it was when it is over."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.crisis.actions import CrisisForm, record_decision, start_crisis
from kaja.crisis.models import Crisis
from kaja.crisis.queries import (
    count_figures,
    find_current,
    get_crisis,
    list_lines,
    list_statements,
)
from kaja.inbox.trouble.watching import get_alarm
from kaja.kernel.problems import Conflict, Refused
from kaja.web.crisis.forms import StartFields
from kaja.web.crisis.lists import CRISES, LINES, describe_row, length_of
from kaja.web.crisis.words import describe_length, describe_outcomes
from kaja.web.flash import flash
from kaja.web.workspace import WorkspaceRequest, add_problems, chosen_id, render_page, workspace_view
from kaja.workspaces.once import parse_id
from kaja.workspaces.policy import Permission


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """The one that lasts, and those that are over."""
    return render_page(request, "crisis/index.html", {"shown": CRISES.read(request)})


@require_safe
@workspace_view()
def current(request: WorkspaceRequest) -> HttpResponse:
    """Where the banner leads: to the crisis that lasts, or to the list."""
    crisis = find_current()
    slug = request.workspace.slug
    return HttpResponseRedirect(
        reverse("crisis:page", args=[slug, crisis.id]) if crisis else reverse("crisis:list", args=[slug])
    )


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def start(request: WorkspaceRequest) -> HttpResponse:
    """Start crisis mode, perhaps because of an alarm (`alarm`)."""
    alarm_id = parse_alarm(request.POST.get("alarm", "") or request.GET.get("alarm", ""))
    alarm = get_alarm(alarm_id) if alarm_id else None
    form = StartFields(request.POST or None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            given = form.cleaned_data
            try:
                made = start_crisis(
                    request.actor, CrisisForm(given["name"], given["why"], alarm_id), new_id=chosen_id(request)
                )
            except Conflict:
                flash(request, _("Crisis mode is on already. This is it."), "info")
                return HttpResponseRedirect(reverse("crisis:now", args=[request.workspace.slug]))
            except Refused as refused:
                add_problems(form, refused)
            else:
                flash(request, _("Crisis mode is on. Choose now which scheduled posts wait."))
                return HttpResponseRedirect(reverse("crisis:posts", args=[request.workspace.slug, made.id]))
        status = 422
    context = {"form": form, "alarm": alarm, "live_page": reverse("crisis:list", args=[request.workspace.slug])}
    return render_page(request, "crisis/start.html", context, status=status)


def parse_alarm(text: str) -> UUID | None:
    """The id of an alarm in an address or a form; None for what is none. Raises Refused for ids that are not ours."""
    return parse_id(text)


@require_safe
@workspace_view()
def page(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """What was decided so far; after the end the review."""
    crisis = get_crisis(crisis_id)
    context = about(request, crisis, "log")
    if crisis.ended_at is None:
        return render_page(request, "crisis/page.html", {**context, "shown": LINES.read(request, crisis=crisis)})
    return render_page(request, "crisis/review.html", {**context, **_review(crisis)})


def about(request: WorkspaceRequest, crisis: Crisis, here: str) -> dict[str, Any]:
    """What stands above each page of a crisis."""
    return {"crisis": crisis, "here": here, "over": crisis.ended_at is not None}


def _review(crisis: Crisis) -> dict[str, Any]:
    figures = count_figures(crisis)
    return {
        "figures": figures,
        "length": length_of(crisis) or describe_length((figures.until - crisis.began_at).total_seconds()),
        "outcomes": describe_outcomes(dict(figures.posts)),
        "lines": [describe_row(line) for line in list_lines(crisis)],
        "statements": [each for each in list_statements(crisis) if each.approved_at],
    }


@require_POST
@workspace_view(Permission.ANSWER)
def decide(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """A decision for the log."""
    record_decision(request.actor, crisis_id, request.POST.get("text", ""))
    flash(request, _("It stands in the log."))
    return HttpResponseRedirect(reverse("crisis:page", args=[request.workspace.slug, crisis_id]))
