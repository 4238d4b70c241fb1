"""How good answers are: drawing some of a week, rating them on a card, and what the ratings say of each member."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from kaja.inbox.quality.actions import NOTE_MOST, SIZE_MOST, SIZE_WRONG, WEEK, draw_sample, save_rating
from kaja.inbox.quality.models import QualityCard, Rating
from kaja.inbox.quality.queries import ASPECTS, Result, find_next_card, get_card, list_samples, report_quality
from kaja.inbox.quality.sampling import Share
from kaja.inbox.queries import get_conversation
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem, Refused
from kaja.kernel.times import wall_of
from kaja.web.flash import flash
from kaja.web.inbox.lists import choices_of
from kaja.web.inbox.page import read_messages
from kaja.web.inboxdesk.lists import CARDS
from kaja.web.kit.page import zone_of
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.policy import Permission, can, require

LENGTHS = (4, 13, 52)
USUAL = 13
SIZE = 5
QUESTIONS = {
    "correct": (gettext_lazy("Correct"), gettext_lazy("What was said is right and complete.")),
    "tone": (gettext_lazy("Tone"), gettext_lazy("It is said as this workspace speaks: friendly, and to this person.")),
    "solved": (gettext_lazy("Solved"), gettext_lazy("They have what they came for, or know when they will.")),
}


def _parse_weeks(request: WorkspaceRequest) -> int:
    given = request.GET.get("weeks", "")
    return int(given) if given.isdecimal() and len(given) < 3 and int(given) in LENGTHS else USUAL


def _last_monday(request: WorkspaceRequest) -> date:
    """Of the last week that is over."""
    today = wall_of(now(), zone_of(request)).date()
    return today - timedelta(days=today.weekday()) - WEEK


def _percent(share: Share) -> dict[str, Any]:
    interval = share.interval
    return {
        "share": share,
        "percent": None if share.value is None else round(100 * share.value),
        "between": "" if interval is None else f"{round(100 * interval[0])}–{round(100 * interval[1])} %",
    }


def _row(request: WorkspaceRequest, result: Result, name: str, weeks: int, member: str = "") -> dict[str, Any]:
    query = {"weeks": weeks, "standing": "rated", **({"member": member} if member else {})}
    here = reverse("inboxdesk:quality", args=[request.workspace.slug])
    return {
        "name": name,
        "result": result,
        "href": f"{here}?{urlencode(query)}#quality-cards",
        "cells": [{**_percent(result.shares[each]), "partly": result.partly[each]} for each in ASPECTS],
    }


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Results by member, what was drawn, and the cards."""
    return _show(request)


def _show(request: WorkspaceRequest, problems: Sequence[Problem] = (), status: int = 200) -> HttpResponse:
    weeks = _parse_weeks(request)
    since = _last_monday(request) - (weeks - 1) * WEEK
    names = {choice.value: choice.name for choice in choices_of(request).owner}
    results, whole = report_quality(since)
    here = reverse("inboxdesk:quality", args=[request.workspace.slug])
    rows = [
        _row(request, each, names.get(str(each.member), _("Somebody who is gone")), weeks, str(each.member or ""))
        for each in results
    ]
    context = {
        "shown": CARDS.read(request, at=here, since=since),
        "rows": sorted(rows, key=lambda row: str(row["name"])),
        "whole": _row(request, whole, _("All of them"), weeks),
        "samples": list_samples(since),
        "questions": [(word, meaning) for word, meaning in QUESTIONS.values()],
        "lengths": [(each, f"?weeks={each}", each == weeks) for each in LENGTHS],
        "week": request.POST.get("week", "") or _last_monday(request).isoformat(),
        "size": request.POST.get("size", "") or SIZE,
        "size_most": SIZE_MOST,
        "next": find_next_card(request.user.pk) if can(request.actor, Permission.ANSWER) else None,
        "problems": problems,
    }
    return render_page(request, "inboxdesk/quality.html", context, status=status)


@require_POST
@workspace_view(Permission.MANAGE)
def draw(request: WorkspaceRequest) -> HttpResponse:
    """Draw some of what was answered in a week."""
    try:
        size = request.POST.get("size", "")
        if not (size.isdecimal() and len(size) < 4):
            raise Refused(SIZE_WRONG)
        _sample, new = draw_sample(request.actor, _parse_day(request.POST.get("week", "")), int(size))
    except Refused as refused:
        return _show(request, refused.problems, 422)
    if new:
        said = ngettext("%(count)s conversation is drawn.", "%(count)s conversations are drawn.", new)
        flash(request, said % {"count": new})
    else:
        flash(request, _("There is nothing to draw: nobody else answered in this week, or all of it is drawn."), "info")
    return HttpResponseRedirect(reverse("inboxdesk:quality", args=[request.workspace.slug]))


def _parse_day(text: str) -> date:
    """A day; one that no week is asked for where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min + WEEK


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_view()
def card(request: WorkspaceRequest, card_id: UUID) -> HttpResponse:
    """What was said, and the short card beside it."""
    if request.method != "POST":
        return _show_card(request, get_card(card_id))
    require(request.actor, Permission.ANSWER)
    given = {name: request.POST.get(name, "") for name in (*ASPECTS, "note")}
    try:
        save_rating(request.actor, card_id, **given)
    except Refused as refused:
        return _show_card(request, get_card(card_id), given, refused.problems, 422)
    following = find_next_card(request.user.pk, card_id) if request.POST.get("do") == "next" else None
    flash(request, _("The rating is kept."))
    slug = request.workspace.slug
    return HttpResponseRedirect(
        reverse("inboxdesk:quality_card", args=[slug, following])
        if following
        else reverse("inboxdesk:quality", args=[slug])
    )


def _show_card(
    request: WorkspaceRequest,
    shown: QualityCard,
    given: dict[str, str] | None = None,
    problems: Sequence[Problem] = (),
    status: int = 200,
) -> HttpResponse:
    conversation = get_conversation(shown.conversation_id)
    may_rate = (
        can(request.actor, Permission.ANSWER)
        and shown.member_id != request.user.pk
        and shown.rated_by_id in (None, request.user.pk)
    )
    questions = [
        {
            "name": name,
            "word": word,
            "meaning": meaning,
            "value": (given or {}).get(name) or getattr(shown, name),
        }
        for name, (word, meaning) in QUESTIONS.items()
    ]
    context = {
        **read_messages(request, conversation),
        "may_answer": False,
        "query": {},
        "card": shown,
        "own": shown.member_id == request.user.pk,
        "may_rate": may_rate,
        "questions": questions,
        "note": (given or {}).get("note", shown.note),
        "note_most": NOTE_MOST,
        "ratings": Rating.choices,
        "problems": problems,
    }
    return render_page(request, "inboxdesk/quality_card.html", context, status=status)
