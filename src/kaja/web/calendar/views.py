"""The calendar's page, moving one post, and the next free slot."""

from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kaja.channels.queries import list_channel_ids, list_channels
from kaja.content.plan.slots import find_free_slot, list_occurrences
from kaja.content.queries import has_posts
from kaja.kernel import clock
from kaja.kernel.times import ResolvedTime, find_local_day
from kaja.publishing import actions as publishing
from kaja.publishing.choices import list_choices
from kaja.web.calendar.answers import answer_step, conflict_words
from kaja.web.calendar.cards import NOBODY
from kaja.web.calendar.filters import NAMES, Wanted, list_menus, require_known
from kaja.web.calendar.month import put_in_month
from kaja.web.calendar.page import make_facts, make_page
from kaja.web.calendar.payload import parse_move, resolve_wall
from kaja.web.calendar.periods import VIEWS, make_period, name_period, parse_day, step_period, today_in
from kaja.web.calendar.steps import render_plan
from kaja.web.calendar.words import page_words
from kaja.web.composer.words import in_words, zone_name
from kaja.web.flash import flash
from kaja.web.kit.json import json_answer
from kaja.web.kit.page import zone_of
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.policy import Permission

CARD_ACTIONS = (
    ("open", "file-text"),
    ("edit", "pencil"),
    ("move", "move"),
    ("moveTo", "calendar-clock"),
    ("nextSlot", "calendar-plus"),
    ("publish", "zap"),
    ("unschedule", "calendar-x"),
    ("duplicate", "copy"),
    ("select", "square-check"),
    ("delete", "trash-2"),
)
"""The lines of a card's menu: what it does, and its icon. The page's words name them."""


def read_wanted(request: WorkspaceRequest) -> Wanted:
    """The view that the address asks for. What it does not know becomes the present week, and is said."""
    asked = request.GET
    view, text = asked.get("view", ""), asked.get("date", "")
    day = parse_day(text)
    if text and day is None:
        flash(request, _("“%(text)s” is not a day. This is today.") % {"text": text[:30]}, "info")
    if view and view not in VIEWS:
        flash(request, _("The calendar has a week, a month and a list. This is the week."), "info")
    filters = {name: asked.get(name, "")[:200] for name in NAMES}
    return Wanted(
        view if view in VIEWS else "week", day or today_in(zone_of(request)), **filters, past=asked.get("past") == "1"
    )


@require_GET
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Week, month or list; everything about the view is in the address."""
    zone, slug = zone_of(request), request.workspace.slug
    choices = list_choices()
    wanted = require_known(read_wanted(request), choices)
    language = translation.get_language() or "en"
    today = today_in(zone)
    period = make_period(wanted.view, wanted.day, None if wanted.past else today)
    # Before today comes the whole of this month; on its first day, and in every other view, the period before.
    whole = period.opens is not None and period.opens > period.first
    before = wanted.query(past=True) if whole else wanted.query(day=step_period(period, -1), past=False)
    page = make_page(period, wanted, choices, zone, slug, request.actor)
    empty = page.drawn == 0
    addresses = {
        "move": reverse("calendar:move", args=[slug]),
        "bulk": reverse("calendar:bulk", args=[slug]),
        "compose": reverse("composer:new", args=[slug]),
        "page": reverse("post:page", args=[slug, NOBODY]),
        "edit": reverse("composer:edit", args=[slug, NOBODY]),
        "duplicate": reverse("post:duplicate", args=[slug, NOBODY]),
        "nobody": str(NOBODY),
        "nextSlot": reverse("calendar:next_slot", args=[slug]),
    }
    context = {
        "wanted": wanted,
        "page": page,
        "hours": [(n, f"{n:02}:00", n in page.thin) for n in range(24)],
        "thin": page.thin,
        "heading": name_period(period),
        "zone": zone_name(zone),
        "views": [
            (view, word, wanted.query(view=view, past=False), view == wanted.view)
            for view, word in zip(VIEWS, (_("Week"), _("Month"), _("List")), strict=True)
        ],
        "previous": before,
        "next": wanted.query(day=step_period(period, 1), past=False),
        "today": wanted.query(day=today, past=False),
        "earlier": wanted.query(past=True),
        "week_of": wanted.query(view="week"),
        "menus": list_menus(wanted, choices),
        "clear": Wanted(wanted.view, wanted.day).query() if wanted.filtered else "",
        "campaigns": choices.campaign,
        "labels": choices.label,
        "no_channels": not choices.channel,
        "nothing_ever": empty and not wanted.filtered and not has_posts(),
        "empty": empty,
        "facts": make_facts(page, wanted, zone, addresses, language),
        "words": page_words(),
        "card_actions": CARD_ACTIONS,
    }
    response = render_page(request, "calendar/page.html", context)
    if wanted.view == "month":
        response.content = put_in_month(response.content, page.days)
    return response


def note_of(moment: ResolvedTime) -> str:
    """What had to be decided about a time on the day when the clocks change."""
    if moment.kind == "skipped":
        return _("The clocks go forward at this time, so the hour does not exist; the next one is taken.")
    if moment.kind == "doubled":
        return _("The clocks go back at this time, so the hour comes twice; the first one is taken.")
    return ""


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def move(request: WorkspaceRequest) -> JsonResponse:
    """One post to another time. Answers what to say, and the message with its undo."""
    wanted = parse_move(request)
    zone = zone_of(request)
    moment = resolve_wall(wanted.to, zone)
    outcome = publishing.move_posts(request.actor, {wanted.post: moment.instant})
    if wanted.post in outcome.refused:
        raise outcome.refused[wanted.post]
    said = _("Moved to %(time)s.") % {"time": in_words(moment.instant, zone)}
    notes = [note for note in (note_of(moment), *conflict_words([wanted.post])) if note]
    return answer_step(request, said, "plan", [render_plan(step) for step in outcome.steps], notes)


@require_GET
@workspace_view(Permission.WRITE)
@json_answer
def free_slots(request: WorkspaceRequest) -> JsonResponse:
    """The free slots of `?day=` that are still to come, of the channels `?channel=…`, of all without one: for the field
    that a time is chosen with."""
    day = parse_day(request.GET.get("day", ""))
    if day is None:
        return JsonResponse({"free": []})
    zone = zone_of(request)
    begin, end = find_local_day(day, zone)
    only = _channels_asked(request)
    names: dict[str, list[str]] = {}
    called = {channel.id: str(channel) for channel in list_channels()}
    for each in list_occurrences(max(begin, clock.now()), end, zone, only):
        if not each.taken:
            names.setdefault(f"{each.time.local:%H:%M}", []).append(called[each.slot.channel_id])
    return JsonResponse({"free": [{"at": at, "words": ", ".join(listed)} for at, listed in sorted(names.items())]})


def _channels_asked(request: WorkspaceRequest) -> list[UUID] | None:
    """The channels of `?channel=…&channel=…`; None without any."""
    found: list[UUID] = []
    for text in request.GET.getlist("channel")[:200]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found if request.GET.getlist("channel") else None


@require_GET
@workspace_view(Permission.WRITE)
@json_answer
def next_slot(request: WorkspaceRequest) -> JsonResponse:
    """The next free slot of the channels `?channel=…&channel=…`, of all channels without one."""
    channels = list_channel_ids(_channels_asked(request))
    zone = zone_of(request)
    slot = find_free_slot(channels, clock.now(), zone)
    if slot is None:
        return JsonResponse({"local": None, "words": _("No free slot within a year. Add weekly slots to a channel.")})
    return JsonResponse(
        {
            "local": f"{slot.local:%Y-%m-%dT%H:%M}",
            "instant": slot.instant.isoformat(),
            "words": in_words(slot.instant, zone),
            "note": note_of(slot),
        }
    )
