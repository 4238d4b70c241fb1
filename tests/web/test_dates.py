"""Days and times are written in one way: the workspace's, in the reader's language."""

import re
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.web import dates
from kaja.web.composer.words import in_words
from kaja.workspaces.customs import country_of, find_first_weekday
from kaja.workspaces.models import Workspace
from tests.people import browser

TALLINN = ZoneInfo("Europe/Tallinn")
FAR = datetime(2031, 3, 2, 7, 5, tzinfo=ZoneInfo("UTC"))  # a Sunday; 09:05 in Tallinn


def written(language: str, style: str = "", zone: str = "Europe/Tallinn") -> list[str]:
    """A moment, a day in full, the head of a column, a month and a week of one month, of two and of two years."""
    own = Workspace(time_zone=zone, date_style=style)
    with translation.override(language), dates.written_as(own), timezone.override(TALLINN):
        return [
            dates.write_moment(FAR),
            dates.write_full_day(FAR),
            dates.write_head(date(2031, 3, 2)),
            dates.write_month(date(2031, 3, 2)),
            dates.write_range(date(2026, 11, 23), date(2026, 11, 29)),
            dates.write_range(date(2026, 11, 30), date(2026, 12, 6)),
            dates.write_range(date(2026, 12, 28), date(2027, 1, 3)),
        ]


@pytest.mark.parametrize(
    ("language", "zone", "expected"),
    [
        (
            "en",
            "Europe/Tallinn",
            "Sun 2 Mar 2031, 09:05|Sunday, 2 March 2031|Sun 2|March 2031|23 – 29 Nov 2026|30 Nov – 6 Dec 2026|"
            "28 Dec 2026 – 3 Jan 2027",
        ),
        (
            "en",
            "America/New_York",
            "Sun, Mar 2, 2031, 09:05|Sunday, March 2, 2031|Sun 2|March 2031|Nov 23 – 29, 2026|Nov 30 – Dec 6, 2026|"
            "Dec 28, 2026 – Jan 3, 2027",
        ),
        (
            "ru",
            "Europe/Tallinn",
            "вс, 2 марта 2031, 09:05|воскресенье, 2 марта 2031|Вс 2|Март 2031|23 – 29 ноября 2026|"
            "30 ноября – 6 декабря 2026|28 декабря 2026 – 3 января 2027",
        ),
        (
            "et",
            "Europe/Tallinn",
            "P, 2. märts 2031, 09:05|pühapäev, 2. märts 2031|P 2.|märts 2031|23. – 29. nov 2026|"
            "30. nov – 6. dets 2026|28. dets 2026 – 3. jaan 2027",
        ),
        (
            "zh-hant",
            "Asia/Taipei",
            "2031年3月2日 週日 09:05|2031年3月2日 星期日|2日 週日|2031年3月|2026年11月23日 – 29日|"
            "2026年11月30日 – 12月6日|2026年12月28日 – 2027年1月3日",
        ),
    ],
)
def test_days_are_written_as_the_language_and_country_do(language: str, zone: str, expected: str) -> None:
    assert written(language, zone=zone) == expected.split("|")


@pytest.mark.parametrize("language", ["en", "ru", "et", "zh-hant"])
@pytest.mark.parametrize(("style", "day"), [("dmy", "02.03.2031"), ("mdy", "03/02/2031"), ("ymd", "2031-03-02")])
def test_chosen_order_of_figures_holds_in_every_language(language: str, style: str, day: str) -> None:
    moment, full, _head, _month, week, *_others = written(language, style)
    assert day in moment
    assert day in full
    assert "09:05" in moment
    assert not re.search("[A-Za-zа-яА-Я年]", week)


def test_year_stands_only_where_it_is_not_this_one() -> None:
    now = clock.now()
    with timezone.override(TALLINN), translation.override("en"):
        assert str(timezone.localtime(now).year) not in dates.write_moment(now)
        assert "2031" in dates.write_day(FAR)


def test_russian_weekday_inside_a_sentence_is_small() -> None:
    with translation.override("ru"):
        assert in_words(FAR, TALLINN).startswith("вс, 2 марта 2031, 09:05")


def test_countries_come_from_the_zone_data() -> None:
    assert (country_of("Europe/Tallinn"), country_of("America/Anchorage"), country_of("UTC")) == ("EE", "US", "")
    assert find_first_weekday("", "Europe/London") == 0


def test_templates_write_days_through_one_filter() -> None:
    """Another filter or format would write another way than the rest. Browsers' fields for dates have their own."""
    root = Path(dates.__file__).parent
    other = re.compile(r"\|date:\"(?!c\"|H:i\"|l H:i\"|Y-m-d\")|\|time\b|date_format\(|_FORMAT\b")
    found = [
        f"{path.relative_to(root)}: {line.strip()[:80]}"
        for path in sorted([*root.rglob("*.html"), *root.rglob("*.py")])
        if "formats" not in path.parts
        for line in path.read_text().splitlines()
        if other.search(line)
    ]
    assert found == []


@pytest.mark.django_db
def test_curator_chooses_how_days_are_written_and_when_the_week_begins(workspace: Workspace) -> None:
    client = browser(workspace)
    form = {"name": "Acme", "time_zone": "Europe/Tallinn", "language": "en", "late_limit_minutes": "30"}
    answer = client.post("/w/acme/settings/", {**form, "date_style": "ymd", "week_start": "sun"})
    assert answer.status_code == 302
    with workspace_scope(workspace.id):
        workspace.refresh_from_db()
    assert (workspace.date_style, workspace.week_start) == ("ymd", "sun")
    page = client.get("/w/acme/calendar/?view=week&date=2031-03-05").content.decode()
    assert "2031-03-02 – 2031-03-08" in page
    assert client.post("/w/acme/settings/", {**form, "date_style": "yyy", "week_start": "fri"}).status_code == 422
