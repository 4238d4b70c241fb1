"""How quickly people were answered: by what, and the conversations behind every figure."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from kaja.inbox.targets.models import Measure
from kaja.inbox.targets.report import By, Line, Measured, list_asked, report_backlog, report_times
from kaja.kernel.clock import now
from kaja.kernel.times import find_local_day, wall_of
from kaja.publishing.choices import list_choices
from kaja.web.inboxdesk.lists import ASKED
from kaja.web.inboxdesk.words import WEEKDAYS, describe_span
from kaja.web.kit.page import zone_of
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view

LENGTHS = (7, 28, 90)
LONGEST = 366
BYS: dict[By, Any] = {
    "member": gettext_lazy("Who answered"),
    "channel": gettext_lazy("Channel"),
    "hour": pgettext_lazy("of the day", "Hour"),
    "weekday": gettext_lazy("Weekday"),
}


@dataclass(frozen=True)
class Wanted:
    """What of the report is asked for. Days are local ones, both with."""

    first: date
    last: date
    measure: Measured
    by: By
    zone: ZoneInfo

    @property
    def since(self) -> Any:
        """The instant at which the first day begins."""
        return find_local_day(self.first, self.zone)[0]

    @property
    def until(self) -> Any:
        """The instant at which the last day ends."""
        return find_local_day(self.last, self.zone)[1]

    def address(self, **changes: Any) -> str:
        """The address's question with something else in it."""
        asked = {"from": self.first, "to": self.last, "measure": self.measure, "by": self.by, **changes}
        return "?" + urlencode({name: str(value) for name, value in asked.items()})


def parse_wanted(request: WorkspaceRequest) -> Wanted:
    """What the address asks for; what is none of ours is what is usual: the first answers of the last 28 days."""
    zone = zone_of(request)
    today = wall_of(now(), zone).date()
    last = min(_parse_day(request.GET.get("to", "")) or today, today)
    first = _parse_day(request.GET.get("from", "")) or last - timedelta(days=27)
    first = max(min(first, last), last - timedelta(days=LONGEST - 1))
    measure, by = request.GET.get("measure", ""), request.GET.get("by", "")
    return Wanted(
        first,
        last,
        cast(Measured, measure) if measure in Measure.values else "first",
        by if by in BYS else "member",
        zone,
    )


def _parse_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2100 else None


def name_key(by: By, key: Any, names: dict[str, str]) -> str:
    """What a line of the report is called."""
    if by == "hour":
        return f"{key:02}:00–{key:02}:59"  # from until
    if by == "weekday":
        return str(WEEKDAYS[key - 1])
    if key is None:
        return _("Nobody yet, or in the network's own app")
    return names.get(str(key), _("Somebody who is gone"))


def _row(line: Line, name: str, href: str, most: float) -> dict[str, Any]:
    kept = line.kept
    return {
        "name": name,
        "line": line,
        "href": href,
        "kept": None if kept is None else round(100 * kept),
        "clock": [describe_span(each) for each in (line.clock.mean, line.clock.median, line.clock.p90)],
        "hours": [describe_span(each) for each in (line.hours.mean, line.hours.median, line.hours.p90)],
        "bar": round(100 * (line.hours.median or 0) / most) if most else 0,
    }


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """All measures of a period; one of them by member, channel, hour or weekday; what waits now."""
    wanted, choices = parse_wanted(request), list_choices()
    names = {choice.value: choice.name for choice in (*choices.channel, *choices.owner)}
    whole = []
    for measure in Measure:
        kind = cast(Measured, measure.value)
        [line] = report_times(list_asked(kind, wanted.since, wanted.until), "all", wanted.zone)
        where = wanted.address(measure=kind, by="all")
        whole.append({**_row(line, str(measure.label), where, 0), "choose": wanted.address(measure=kind), "kind": kind})
    lines = report_times(list_asked(wanted.measure, wanted.since, wanted.until), wanted.by, wanted.zone)
    most = max((line.hours.median or 0 for line in lines), default=0)
    backlog = report_backlog()
    context = {
        "wanted": wanted,
        "whole": whole,
        "rows": [
            _row(
                line,
                name_key(wanted.by, line.key, names),
                wanted.address(key="" if line.key is None else line.key),
                most,
            )
            for line in lines
        ],
        "bys": [(word, wanted.address(by=by), by == wanted.by) for by, word in BYS.items()],
        "by_word": BYS[wanted.by],
        "lengths": [
            (days, wanted.address(**{"from": _today(wanted) - timedelta(days=days - 1), "to": _today(wanted)}))
            for days in LENGTHS
        ],
        "backlog": backlog,
        "ages": [describe_span(each) for each in (backlog.median_age, backlog.p90_age)],
        "measure_word": Measure(wanted.measure).label,
    }
    return render_page(request, "inboxdesk/report.html", context)


def _today(wanted: Wanted) -> date:
    return wall_of(now(), wanted.zone).date()


@require_safe
@workspace_view()
def asked(request: WorkspaceRequest) -> HttpResponse:
    """The conversations behind a figure."""
    wanted = parse_wanted(request)
    by: By = "all" if request.GET.get("by") == "all" else wanted.by
    key, choices = request.GET.get("key", ""), list_choices()
    names = {choice.value: choice.name for choice in (*choices.channel, *choices.owner)}
    shown = ASKED.read(request, wanted=wanted, by=by, key=key)
    context = {
        "wanted": wanted,
        "shown": shown,
        "measure_word": Measure(wanted.measure).label,
        "name": "" if by == "all" else name_key(by, _parse_key(by, key), names),
        "by_word": "" if by == "all" else BYS[by],
    }
    return render_page(request, "inboxdesk/asked.html", context)


def _parse_key(by: By, key: str) -> Any:
    """As the report has it; what is none of ours is for nobody."""
    if by in ("member", "channel"):
        return key or None
    most, least = (23, 0) if by == "hour" else (7, 1)
    return min(max(int(key), least), most) if key.isdecimal() and len(key) < 3 else least
