"""A month shows a month, the list opens at today, an empty place is written into, labels are seen everywhere."""

import re
from datetime import time
from html import unescape

import pytest
from django.test import Client

from kaja.channels.models import Channel, Slot
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser
from tests.web.calendar.conftest import make_post, soon, wall
from tests.web.calendar.test_views import get

pytestmark = pytest.mark.django_db


def month_cell(html: str, day: str) -> str:
    return html.split(f'id="day-{day}"')[1].split("</section>")[0]


def test_month_shows_three_posts_of_a_day_and_the_others_behind_a_line(
    person: Client, workspace: Workspace, channel: Channel
) -> None:
    for hour in range(9, 16):
        make_post(workspace, f"post {hour}", wall(f"2031-05-05T{hour:02}:00"), (channel,), scheduled=True)
    for hour in range(9, 12):
        make_post(workspace, f"other {hour}", wall(f"2031-05-06T{hour:02}:00"), (channel,), scheduled=True)
    html = get(person, "?view=month&date=2031-05-05")
    shown, folded = month_cell(html, "2031-05-05").split('<details class="cal-rest"')
    assert (shown.count("<article"), folded.count("<article")) == (3, 4)
    assert "<summary>4 more posts</summary>" in folded
    assert "cal-rest" not in month_cell(html, "2031-05-06")


def test_list_of_this_month_opens_at_today(
    person: Client, workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: wall("2031-05-20T12:00"))
    make_post(workspace, "long ago", wall("2031-05-03T09:00"), (channel,))
    make_post(workspace, "this morning", wall("2031-05-20T09:00"), (channel,))
    make_post(workspace, "to come", wall("2031-05-28T09:00"), (channel,))
    html = get(person, "?view=list")
    assert [text for text in ("long ago", "this morning", "to come") if text in html] == ["this morning", "to come"]
    assert "1 earlier post of this month" in html
    assert "long ago" in get(person, "?view=list&past=1")
    assert "long ago" in get(person, "?view=list&date=2031-05-03&past=1")
    # Another month is shown whole.
    make_post(workspace, "last month", wall("2031-04-03T09:00"), (channel,))
    assert "last month" in get(person, "?view=list&date=2031-04-10")


def test_empty_day_offers_to_write_there_and_a_past_one_does_not(
    person: Client, workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: wall("2031-05-20T16:20"))
    with workspace_scope(workspace.id):
        Slot.objects.create(channel=channel, weekday=4, time=time(10, 30))
    for view in ("week", "month"):
        found = re.findall(r'class="cal-add" href="/w/acme/posts/new\?at=([^"&]+)"', get(person, f"?view={view}"))
        assert "2031-05-19T09%3A00" not in found
        assert found[:4] == ["2031-05-20T17%3A00", "2031-05-21T09%3A00", "2031-05-22T09%3A00", "2031-05-23T10%3A30"]
    add_member(workspace, "reader@acme.test", Role.ANALYST)
    assert "cal-add" not in get(browser(workspace, "reader@acme.test"), "?view=month")


@pytest.mark.parametrize("view", ["week", "month", "list"])
def test_card_shows_its_labels_in_every_view(person: Client, workspace: Workspace, channel: Channel, view: str) -> None:
    make_post(workspace, "Labelled", soon(), (channel,), labels=["tips", "<b>bread</b>"])
    html = get(person, f"?view={view}&date={soon():%Y-%m-%d}")
    assert re.findall(r'class="cal-label"[^>]*>([^<]+)<', html) == ["&lt;b&gt;bread&lt;/b&gt;", "tips"]


def test_list_at_the_end_of_a_month_goes_on_into_the_next(
    person: Client, workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: wall("2031-05-30T12:00"))
    for text, day in (("before", "05-29"), ("next week", "06-02"), ("a month on", "06-30"), ("later", "07-01")):
        make_post(workspace, text, wall(f"2031-{day}T09:00"), (channel,))

    def listed(query: str) -> list[str]:
        return re.findall(r'class="cal-text" dir="auto">([^<]+)<', get(person, query))

    def step(query: str, which: str) -> str:
        (found,) = re.findall(rf'href="([^"]+)" rel="{which}"', get(person, query))
        return unescape(found)

    assert listed("?view=list") == ["next week", "a month on"]
    assert "30 May – 30 Jun 2031" in get(person, "?view=list")
    assert "1 earlier post of this month" in get(person, "?view=list")
    # Later begins where it ends; earlier is this month, whole, and then the month before.
    later, earlier = step("?view=list", "next"), step("?view=list", "prev")
    assert listed(later) == ["later"]
    assert listed(earlier) == ["before"]
    assert "date=2031-04-01" in step(earlier, "prev")
    # The way back from later leads here again.
    assert listed(step(step(later, "prev"), "prev")) == ["next week", "a month on"]


def test_list_on_the_first_of_a_month_has_the_month_before_behind_it(
    person: Client, workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: wall("2031-05-01T12:00"))
    page = get(person, "?view=list")
    assert 'date=2031-04-01" rel="prev"' in page
    assert "1 May – 30 Jun 2031" in page
