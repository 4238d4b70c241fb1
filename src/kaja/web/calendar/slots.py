"""The weekly times of a channel's queue: add, take away, presets, copy to other channels. Every step has its undo."""

from collections.abc import Iterable
from datetime import time
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from kaja.channels.models import Slot
from kaja.channels.queries import get_channel
from kaja.channels.slots import WeekTime, list_slots, set_slots
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.web.dates import present_manner
from kaja.web.flash import flash, flash_refusal
from kaja.web.kit.undo import keep_step, undoes
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission

WEEK = range(5)
PRESETS: dict[str, tuple[Any, list[WeekTime]]] = {
    "mornings": (gettext_lazy("Weekdays 09:00"), [(day, time(9)) for day in WEEK]),
    "twice": (
        gettext_lazy("Weekdays 09:00 and 17:00"),
        [(day, time(hour)) for day in WEEK for hour in (9, 17)],
    ),
    "noons": (gettext_lazy("Every day 12:00"), [(day, time(12)) for day in range(7)]),
    "three": (gettext_lazy("Mon, Wed, Fri 10:00"), [(day, time(10)) for day in (0, 2, 4)]),
}


def parse_time(text: str) -> time:
    """A wall-clock time. Raises Refused."""
    try:
        at = time.fromisoformat(text)
    except ValueError:
        raise Refused(
            Problem(
                code="slot_time_invalid",
                message=gettext_noop("“%(text)s” is not a time of day; the weekly times stay as they were."),
                field="time",
                fix=gettext_noop("Write it with hours and minutes, as in 09:30."),
                params={"text": text[:20]},
            )
        ) from None
    return at.replace(second=0, microsecond=0, tzinfo=None)


def parse_week_time(text: str) -> WeekTime:
    """`2 09:30`: a weekday, Monday is 0, and a time. Raises Refused."""
    day, _gap, at = text.partition(" ")
    if not day.isdecimal() or int(day) > 6:
        return (-1, parse_time(at))
    return int(day), parse_time(at)


def _keys(slots: Iterable[Slot]) -> set[WeekTime]:
    return {(slot.weekday, slot.time) for slot in slots}


def describe_week(slots: Iterable[Slot]) -> list[dict[str, Any]]:
    """Seven days, each with its times; the week begins where the workspace begins it."""
    first = present_manner().first_weekday
    times: dict[int, list[time]] = {day: [] for day in range(7)}
    for slot in slots:
        times[slot.weekday].append(slot.time)
    return [
        {
            "number": day,
            "name": WEEKDAYS[day],
            "times": [{"at": f"{at:%H:%M}", "value": f"{day} {at:%H:%M}"} for at in times[day]],
        }
        for day in [*range(first, 7), *range(first)]
    ]


def _kept(channel_id: UUID, before: set[WeekTime]) -> dict[str, Any]:
    return {"channel": str(channel_id), "slots": [[day, f"{at:%H:%M}"] for day, at in sorted(before)]}


@undoes("slots")
def put_slots_back(request: WorkspaceRequest, data: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """Make the times what a kept step says they were."""
    for each in data:
        wanted = [(day, time.fromisoformat(at)) for day, at in each["slots"]]
        set_slots(request.actor, UUID(each["channel"]), wanted)
    return _("The weekly times are as they were."), []


def _wanted(request: WorkspaceRequest, before: set[WeekTime]) -> set[WeekTime]:
    form = request.POST
    if removed := form.get("remove"):
        return before - {parse_week_time(removed)}
    if (preset := form.get("preset", "")) in PRESETS:
        return before | set(PRESETS[preset][1])
    if form.get("clear"):
        return set()
    days = {int(day) for day in form.getlist("day") if day.isdecimal()}
    if not days:
        raise Refused(
            Problem(
                code="slot_day_missing",
                message=gettext_noop("No day is chosen for the new time."),
                field="day",
                fix=gettext_noop("Choose at least one day of the week."),
            )
        )
    at = parse_time(form.get("time", ""))
    return before | {(day, at) for day in days}


@require_POST
@workspace_view(Permission.CHANNELS)
def change(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """One step on a channel's weekly times: `remove`, `preset`, `clear`, or `time` with `day`s."""
    channel = get_channel(channel_id)
    before = _keys(list_slots(channel.id))
    try:
        wanted = _wanted(request, before)
        if wanted == before:
            flash(request, _("These times exist already."), "info")
            return _back(request, channel_id)
        set_slots(request.actor, channel.id, wanted)
    except Refused as refused:
        flash_refusal(request, refused)
        return _back(request, channel_id)
    undo = keep_step(request, "slots", [_kept(channel.id, before)])
    added, gone = len(wanted - before), len(before - wanted)
    if added:
        said = ngettext("%(count)s weekly time added.", "%(count)s weekly times added.", added) % {"count": added}
    else:
        said = ngettext("%(count)s weekly time removed.", "%(count)s weekly times removed.", gone) % {"count": gone}
    flash(
        request,
        said + " " + _("Posts that are scheduled already keep their times."),
        undo=undo,
    )
    return _back(request, channel_id)


@require_POST
@workspace_view(Permission.CHANNELS)
def copy(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """Give other channels the same weekly times; theirs are replaced."""
    channel = get_channel(channel_id)
    wanted = _keys(list_slots(channel.id))
    steps = []
    try:
        targets = [UUID(text) for text in request.POST.getlist("to")]
    except ValueError:
        targets = []
    if not targets:
        flash(request, _("Choose at least one channel to copy to."), "info")
        return _back(request, channel_id)
    for target in dict.fromkeys(targets):
        before = _keys(list_slots(target))
        set_slots(request.actor, target, wanted)
        steps.append(_kept(target, before))
    said = ngettext("Copied to %(count)s channel.", "Copied to %(count)s channels.", len(steps)) % {"count": len(steps)}
    flash(request, said, undo=keep_step(request, "slots", steps))
    return _back(request, channel_id)


def _back(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("channels:page", args=[request.workspace.slug, channel_id]) + "#slots")
