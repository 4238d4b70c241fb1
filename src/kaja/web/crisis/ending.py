"""The end of a crisis: what becomes of each paused post, and what was learnt."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods

from kaja.crisis.actions import Choice, Ending, end_crisis
from kaja.crisis.models import Crisis, PausedPost
from kaja.crisis.queries import get_crisis, is_untouched, list_undecided
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem, Refused
from kaja.kernel.times import resolve_local, wall_of
from kaja.web.crisis.views import about
from kaja.web.flash import flash
from kaja.web.kit.page import zone_of
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.policy import Permission

SHOWN = 100
"""So many posts are asked about one by one; the others become what is usual."""
WHAT, AT, WAS = "what-", "at-", "was-"
VERDICTS = ("resume", "keep", "delete")


@require_http_methods(["GET", "POST"])
@workspace_view(Permission.MANAGE)
def page(request: WorkspaceRequest, crisis_id: UUID) -> HttpResponse:
    """Ask, or end it."""
    crisis = get_crisis(crisis_id)
    if crisis.ended_at is not None:
        return HttpResponseRedirect(reverse("crisis:page", args=[request.workspace.slug, crisis_id]))
    problems: tuple[Problem, ...] = ()
    if request.method == "POST":
        try:
            end_crisis(request.actor, crisis_id, _read(request))
        except Refused as refused:
            problems = tuple(refused.problems)
        else:
            flash(request, _("Crisis mode is over. This is how it was."))
            return HttpResponseRedirect(reverse("crisis:page", args=[request.workspace.slug, crisis_id]))
    return _show(request, crisis, problems)


def _read(request: WorkspaceRequest) -> Ending:
    own = {}
    for name, value in request.POST.items():
        if not name.startswith(WHAT) or not (post_id := _uuid(name.removeprefix(WHAT))):
            continue
        at = request.POST.get(f"{AT}{post_id}", "")
        # Whoever gives it another time wants it planned.
        moved = at not in ("", request.POST.get(f"{WAS}{post_id}", at))
        verdict = "resume" if not value and moved else str(value)
        if verdict in VERDICTS:
            own[post_id] = Choice(verdict, _parse_time(request, at))  # type: ignore[arg-type]
    usual = request.POST.get("usual", "keep")
    return Ending(usual if usual in VERDICTS else "keep", own, request.POST.get("lesson", ""))  # type: ignore[arg-type]


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _parse_time(request: WorkspaceRequest, text: str) -> datetime | None:
    """A wall-clock time of the workspace; None where there is none, or none that can be read."""
    try:
        return resolve_local(datetime.fromisoformat(text).replace(tzinfo=None), zone_of(request)).instant
    except (ValueError, OverflowError):
        return None


def _show(request: WorkspaceRequest, crisis: Crisis, problems: tuple[Problem, ...]) -> HttpResponse:
    rows = list_undecided(crisis)
    by_post = {problem.field: problem for problem in problems}
    asked = [row for row in rows if is_untouched(row)]
    shown = [_describe(request, row, by_post.get(str(row.post_id))) for row in asked[:SHOWN]]
    ids = {str(row.post_id) for row in asked[:SHOWN]}
    context = {
        **about(request, crisis, ""),
        "rows": shown,
        "more": len(asked) - len(shown),
        "elsewhere": len(rows) - len(asked),
        "problems": [problem for problem in problems if problem.field not in ids],
        "usual": request.POST.get("usual", "keep"),
        "lesson": request.POST.get("lesson", ""),
        "verdicts": (
            ("resume", pgettext("paused posts", "Plan again; one whose time has passed stays a draft")),
            ("keep", pgettext("paused posts", "Keep as drafts")),
            ("delete", pgettext("paused posts", "Put into the bin")),
        ),
        "live_page": reverse("crisis:page", args=[request.workspace.slug, crisis.id]),
    }
    return render_page(request, "crisis/end.html", context, status=422 if problems else 200)


def _describe(request: WorkspaceRequest, row: PausedPost, problem: Problem | None) -> dict[str, Any]:
    post_id = row.post_id
    due = row.due_at
    passed = due is None or due <= now()
    kept = request.POST.get(f"{AT}{post_id}", "")
    wall = wall_of(due, zone_of(request)).strftime("%Y-%m-%dT%H:%M") if due and not passed else ""
    return {
        "row": row,
        "id": str(post_id),
        "passed": passed,
        "what": request.POST.get(f"{WHAT}{post_id}", ""),
        "at": kept if request.method == "POST" else wall,
        "was": wall,
        "problem": problem,
    }
