"""Reading targets, and what one of them would mean. Inside the workspace's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from kaja.inbox.targets.actions import GONE, TargetForm
from kaja.inbox.targets.follow import Promises
from kaja.inbox.targets.holidays import list_holidays
from kaja.inbox.targets.hours import find_end
from kaja.inbox.targets.models import AnswerTarget, AnswerWait, Measure
from kaja.inbox.targets.report import By, Measured, list_asked_by
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound
from kaja.kernel.times import wall_of


def list_targets() -> list[AnswerTarget]:
    """All of them (100 at most), in order: the first that fits a conversation counts."""
    return list(AnswerTarget.objects.order_by("position", "id"))


def get_target(target_id: UUID) -> AnswerTarget:
    """Raises NotFound."""
    target = AnswerTarget.objects.filter(id=target_id).first()
    if target is None:
        raise NotFound(GONE)
    return target


@dataclass(frozen=True)
class Example:
    """When an answer to what is asked at a moment would be due; None: never."""

    asked: datetime
    due: dict[str, datetime | None]


def describe_target(form: TargetForm, moments: Sequence[datetime]) -> list[Example]:
    """What a target means, by what counts for real conversations. One statement."""
    target, promises = AnswerTarget(**form.render()), Promises()
    found = []
    for asked in moments:
        hours = promises.hours_of(target, [asked])
        due = {
            measure.value: find_end(asked, timedelta(minutes=minutes), hours)
            for measure in Measure
            if (minutes := getattr(form, f"{measure.value}_minutes")) is not None
        }
        found.append(Example(asked, due))
    return found


def list_next_holidays(
    country: str, region: str, since: datetime, zone: ZoneInfo, most: int = 3
) -> list[tuple[date, str]]:
    """The next public holidays, by name. Raises ValueError for a country that nobody knows."""
    today = wall_of(since, zone).date()
    days = list_holidays(country, region, [today.year, today.year + 1])
    return [(day, days[day]) for day in sorted(days) if day >= today][:most]


def page_asked(
    measure: Measured,
    since: datetime,
    until: datetime,
    by: By,
    key: str,
    zone: ZoneInfo,
    cursor: str,
    limit: int = PAGE,
) -> Page[AnswerWait]:
    """The questions behind a figure of the report, the newest first, with their conversations. Raises Refused for a
    cursor that is none."""
    rows = list_asked_by(measure, since, until, by, key, zone)
    rows = rows.select_related("channel", "conversation__handle", "by")
    return cut_page(rows, ("-begun_at", "-id"), cursor, limit)
