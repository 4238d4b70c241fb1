"""Targets on the screen: plain fields, and in words what they mean."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from kaja.inbox.models import AnswerTarget
from kaja.inbox.targets.actions import create_target, parse_target
from kaja.kernel.tenancy import workspace_scope
from kaja.web.inboxdesk import targets
from kaja.web.inboxdesk.target_form import describe_hours, parse_hours
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member, browser

pytestmark = pytest.mark.django_db
TARGETS = "/w/acme/settings/answers/"
WEEK = {f"day_{n}": "09:00–18:00" for n in range(5)}
FIELDS = {"name": "Quick", "first_count": "1", "first_unit": "60", "warn_minutes": "15", **WEEK}
WEDNESDAY = datetime(2026, 12, 2, 8, 0, tzinfo=UTC)


@pytest.fixture
def person(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def wednesday(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "now", lambda: WEDNESDAY)


def stored(workspace: Workspace) -> list[AnswerTarget]:
    with workspace_scope(workspace.id):
        return list(AnswerTarget.objects.order_by("position"))


def test_target_is_made_shown_changed_and_deleted(person: Client, workspace: Workspace) -> None:
    assert "Nothing is promised yet" in person.get(TARGETS).content.decode()
    html = person.post(TARGETS + "new", {**FIELDS, "closed": "2026-12-24"}, follow=True).content.decode()
    assert "1 h" in html
    [made] = stored(workspace)
    assert (made.first_minutes, made.next_minutes, made.closed) == (60, None, ["2026-12-24"])
    assert made.week == {str(n): [[540, 1080]] for n in range(5)}
    address = f"{TARGETS}{made.id}/"
    html = person.get(address).content.decode()
    assert 'value="09:00–18:00"' in html
    person.post(address, {**FIELDS, "name": "Slow", "first_count": "90", "first_unit": "1", "always": "on"})
    [made] = stored(workspace)
    assert (made.name, made.first_minutes, made.week) == ("Slow", 90, None)
    person.post(f"{address}do", {"do": "delete"})
    assert stored(workspace) == []


@pytest.mark.usefixtures("wednesday")
def test_it_says_what_it_means_before_it_is_kept(person: Client, workspace: Workspace) -> None:
    html = person.post(
        TARGETS + "new", {**FIELDS, "country": "EE", "do": "try"}, headers={"HX-Request-Type": "partial"}
    ).content.decode()
    assert "<html" not in html
    # Asked on Friday 17:30, half an hour is left of that day; the other half is Monday's first.
    assert "Asked on Friday 17:30" in html
    assert "Mon 7 Dec, 09:30" in html
    # On Sunday nobody is there.
    assert "Mon 7 Dec, 10:00" in html
    assert "The next holidays" in html
    assert "24 Dec" in html
    assert stored(workspace) == []


def test_examples_are_ahead_on_every_day_of_the_week(monkeypatch: pytest.MonkeyPatch) -> None:
    zone = ZoneInfo("Europe/Tallinn")
    for day in range(1, 8):
        moment = datetime(2026, 12, day, 16, 0, tzinfo=UTC)
        monkeypatch.setattr(targets, "now", lambda moment=moment: moment)
        first, friday, sunday = targets.list_moments(zone)
        assert first == moment
        assert moment < friday
        assert moment < sunday
        assert [friday.astimezone(zone).strftime("%w %H:%M"), sunday.astimezone(zone).strftime("%w %H:%M")] == [
            "5 17:30", "0 12:00",
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"first_count": ""}, "at least one of the three times"),
        ({"day_0": "nine to five"}, "These are no hours"),
        ({"day_0": "18:00-09:00"}, "These are no hours"),
        ({"day_0": "09:00-13:00, 12:00-18:00"}, "do not overlap"),
        ({f"day_{n}": "" for n in range(5)}, "at least one day with hours"),
        ({"closed": "24.12."}, "is no day"),
        ({"country": "XX"}, "not one of the available choices"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_what_is_no_target_is_refused_and_keeps_what_was_typed(
    person: Client, workspace: Workspace, change: dict[str, str], words: str
) -> None:
    answer = person.post(TARGETS + "new", {**FIELDS, **change})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert 'value="09:00–18:00"' in html or "day_4" in change
    assert stored(workspace) == []


def test_regions_stand_there_after_the_country(person: Client) -> None:
    html = person.post(TARGETS + "new", {**FIELDS, "country": "DE", "region": "BY", "do": "try"}).content.decode()
    assert '<option value="BY" selected>' in html


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("", []),
        ("9-18", [[540, 1080]]),
        ("09.00 – 13:00,14:30—24:00", [[540, 780], [870, 1440]]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: list[Any]) -> None:
    assert parse_hours(text) == spans
    assert parse_hours(describe_hours(spans)) == spans


@pytest.mark.parametrize("text", ["x", "9", "9-25", "9:60-10", "10-9", "9-9", "9-10-11", "9-10;11-12"])
def test_what_are_no_hours(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_hours(text)


def test_order_decides_and_only_who_manages_changes_it(person: Client, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        ids = [create_target(actor(workspace), parse_target({"name": name, "first_minutes": 60})).id for name in "ab"]
    person.post(f"{TARGETS}{ids[1]}/do", {"do": "up"})
    assert [each.name for each in stored(workspace)] == ["b", "a"]
    add_member(workspace, "analyst@acme.test", Role.ANALYST)
    analyst = browser(workspace, "analyst@acme.test")
    assert "New target" not in analyst.get(TARGETS).content.decode()
    assert analyst.get(f"{TARGETS}{ids[0]}/").status_code == 200
    for address in (f"{TARGETS}new", f"{TARGETS}{ids[0]}/", f"{TARGETS}{ids[0]}/do"):
        assert analyst.post(address, {**FIELDS, "do": "delete"}).status_code == 403
    assert len(stored(workspace)) == 2
