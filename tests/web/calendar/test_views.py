"""What the calendar shows: views, filters, days when the clocks change, and how much it asks the database."""

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel, Slot
from kaja.content.models import Label, Post, PostLabel, PostState, Variant
from kaja.delivery.models import State
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.web.calendar.periods import first_of_week, make_period, name_period, next_month, step_period
from kaja.web.dates import written_as
from kaja.workspaces.models import Role, User, Workspace
from tests.people import actor, add_member, browser, member_of
from tests.web.calendar.conftest import make_channel, make_post, soon, wall
from tests.web.markup import tight
from tests.web.test_pages import read


def cards(html: str) -> list[tuple[str, str]]:
    """Time and look of every card, in the order of the page."""
    return re.findall(r'data-at="([\d:T-]{16})"[^>]*data-look="(\w+)"', html)


def get(client: Client, query: str = "") -> str:
    answer = client.get(f"/w/acme/calendar/{query}")
    assert answer.status_code == 200, answer.content.decode()[:500]
    return tight(answer.content.decode())


def test_first_page_of_a_workspace_is_its_calendar(person: Client, workspace: Workspace) -> None:
    assert person.get("/w/acme/")["Location"] == "/w/acme/calendar/"


@pytest.mark.parametrize("view", ["week", "month", "list"])
def test_view_shows_the_post_and_nothing_inline(
    person: Client, workspace: Workspace, channel: Channel, view: str
) -> None:
    at = soon()
    make_post(workspace, "Бережливость <script>alert(1)</script>", at, (channel,), scheduled=True)
    html = get(person, f"?view={view}&date={at:%Y-%m-%d}")
    assert cards(html) == [(f"{at:%Y-%m-%dT%H:%M}", "planned")]
    assert "<script>alert" not in html
    assert "Бережливость" in html
    reader = read(html)
    assert reader.inline == []
    assert len(reader.ids) == len(set(reader.ids))


def test_other_workspaces_posts_are_not_shown(
    workspace: Workspace, other_workspace: Workspace, person: Client, channel: Channel
) -> None:
    at = soon()
    make_post(workspace, "kohvik stands here", at, (channel,))
    make_post(other_workspace, "theirs stands there", at, (make_channel(other_workspace, "Rival"),))
    html = get(person, f"?date={at:%Y-%m-%d}")
    assert "kohvik stands here" in html
    assert "theirs" not in html
    theirs = browser(other_workspace).get(f"/w/rival/calendar/?date={at:%Y-%m-%d}").content.decode()
    assert "theirs stands there" in theirs
    assert "kohvik" not in theirs


def test_post_stands_on_its_local_day(person: Client, workspace: Workspace) -> None:
    make_post(workspace, "after midnight", datetime(2027, 1, 14, 22, 30, tzinfo=UTC))
    assert cards(get(person, "?date=2027-01-15")) == [("2027-01-15T00:30", "draft")]
    html = get(person, "?view=list&date=2027-01-01")
    assert "Friday, 15 January 2027" in html


def test_ideas_and_posts_in_the_bin_are_left_out(person: Client, workspace: Workspace) -> None:
    at = soon()
    make_post(workspace, "an idea", at, state=PostState.IDEA)
    gone = make_post(workspace, "gone", at)
    with workspace_scope(workspace.id):
        Post.objects.filter(id=gone.id).update(deleted_at=at)
    make_post(workspace, "stays", at)
    html = get(person, f"?date={at:%Y-%m-%d}")
    assert len(cards(html)) == 1
    assert "stays" in html


@pytest.mark.parametrize(
    ("state", "needs", "look"),
    [
        (State.SCHEDULED, False, "planned"),
        (State.SENDING, False, "underway"),
        (State.UNCERTAIN, False, "underway"),
        (State.UNCERTAIN, True, "needs"),
        (State.FAILED, False, "needs"),
        (State.SENT, False, "done"),
    ],
)
def test_card_tells_how_deliveries_stand(
    person: Client, workspace: Workspace, channel: Channel, state: str, needs: bool, look: str
) -> None:
    at = soon()
    make_post(workspace, "x", at, (channel,), scheduled=True)
    make_post(workspace, "a draft", at, (channel,))
    with workspace_scope(workspace.id):
        PostDelivery.objects.update(state=state, needs_person=needs, remote_id="r")
    html = get(person, f"?date={at:%Y-%m-%d}")
    assert sorted(look for _, look in cards(html)) == sorted([look, "draft"])
    only = get(person, f"?date={at:%Y-%m-%d}&state={look}")
    assert [found for _, found in cards(only)] == [look]
    assert ("data-fixed=sent" in html) == (look in ("underway", "done") or state == State.UNCERTAIN)


@pytest.fixture
def two(workspace: Workspace, channel: Channel) -> dict[str, Any]:
    """Two posts that differ in everything that can be filtered by."""
    at = soon()
    other = make_channel(workspace, "Other", "bluesky")
    add_member(workspace, "piret@acme.test", name="Piret")
    from kaja.content.actions.groups import save_campaign

    with workspace_scope(workspace.id):
        campaign = save_campaign(actor(workspace), "Spring")
    make_post(workspace, "first", at, (channel,), campaign=campaign.id, labels=["tips"])
    second = make_post(workspace, "second", at, (other,))
    owner = member_of(workspace, "piret@acme.test").user_id
    with workspace_scope(workspace.id):
        Post.objects.filter(id=second.id).update(owner_id=owner)
    return {
        "date": f"{at:%Y-%m-%d}",
        "channel": channel.id,
        "campaign": campaign.id,
        "label": "tips",
        "owner": actor(workspace).id,
    }


@pytest.mark.parametrize("name", ["channel", "campaign", "label", "owner"])
@pytest.mark.parametrize("view", ["week", "month", "list"])
def test_filter_keeps_what_matches(person: Client, two: dict[str, Any], name: str, view: str) -> None:
    assert len(cards(get(person, f"?view={view}&date={two['date']}"))) == 2
    html = get(person, f"?view={view}&date={two['date']}&{name}={two[name]}")
    assert ">first<" in html
    assert ">second<" not in html
    # The chip leads back, and the steps keep the filter.
    assert "filter-chosen" in html
    assert re.search(rf'rel="next"[^>]*|href="[^"]*{name}=[^"]*"[^>]*rel="next"', html)
    assert f"{name}=" in re.search(r'href="([^"]*)" rel="next"', html)[1]  # type: ignore[index]


@pytest.mark.parametrize("name", ["channel", "campaign", "label", "owner", "state"])
@pytest.mark.parametrize("value", ["nonsense", "01900000-0000-7000-8000-000000000001"])
def test_unknown_filter_is_refused_with_a_way_on(person: Client, workspace: Workspace, name: str, value: str) -> None:
    answer = person.get(f"/w/acme/calendar/?{name}={value}")
    assert answer.status_code == 404
    assert "without this filter" in answer.content.decode()


def test_filters_of_another_workspace_are_refused(
    person: Client, workspace: Workspace, other_workspace: Workspace
) -> None:
    theirs = make_channel(other_workspace, "Rival")
    with workspace_scope(other_workspace.id):
        Label.objects.create(name="secret")
    assert person.get(f"/w/acme/calendar/?channel={theirs.id}").status_code == 404
    assert person.get("/w/acme/calendar/?label=secret").status_code == 404
    assert person.get(f"/w/acme/calendar/?owner={actor(other_workspace).id}").status_code == 404


@pytest.mark.parametrize(
    "query", ["?date=yesterday", "?date=2026-02-30", "?view=year", "?date=%00", "?date=9999-12-31"]
)
def test_unreadable_address_shows_a_calendar_all_the_same(person: Client, workspace: Workspace, query: str) -> None:
    html = get(person, query)
    assert 'class="week"' in html


def test_free_slots_invite(person: Client, workspace: Workspace, channel: Channel) -> None:
    day = soon(hour=10)
    with workspace_scope(workspace.id):
        for hour in (10, 12):
            Slot.objects.create(channel=channel, weekday=day.weekday(), time=time(hour))
    make_post(workspace, "x", day, (channel,))
    html = get(person, f"?date={day:%Y-%m-%d}")
    free = re.findall(r'class="cal-slot" href="([^"]+)"', html)
    assert free == [f"/w/acme/posts/new?at={day:%Y-%m-%d}T12:00&amp;channel={channel.id}"]
    composer = person.get(free[0].replace("&amp;", "&")).content.decode()
    assert f"{day:%Y-%m-%d}T12:00" in composer


def test_slot_stays_taken_while_a_filter_hides_its_post(
    person: Client, two: dict[str, Any], workspace: Workspace
) -> None:
    day = soon()
    with workspace_scope(workspace.id):
        other = Channel.objects.get(name="Other")
        Slot.objects.create(channel=other, weekday=day.weekday(), time=time(9))
    assert "cal-slot" not in get(person, f"?date={two['date']}")
    assert "cal-slot" not in get(person, f"?date={two['date']}&label=tips")


def test_reader_without_writing_sees_no_tools(workspace: Workspace, channel: Channel) -> None:
    add_member(workspace, "quiet@acme.test", Role.ANALYST)
    at = soon()
    make_post(workspace, "x", at, (channel,))
    html = get(browser(workspace, "quiet@acme.test"), f"?view=list&date={at:%Y-%m-%d}")
    assert "list-box" not in html
    assert 'id="bulk"' not in html
    assert "data-fixed=role" in html


def test_list_names_the_owner(person: Client, two: dict[str, Any]) -> None:
    html = get(person, f"?view=list&date={two['date']}")
    assert re.findall(r"list-owner.*?</span><bdi>(.*?)</bdi></span>", html) == ["owner@acme.test", "Piret"]


def test_remembered_card_changes_with_what_it_shows(person: Client, workspace: Workspace, channel: Channel) -> None:
    at = soon()
    make_post(workspace, "first words", at, (channel,), scheduled=True)
    add_member(workspace, "quiet@acme.test", Role.ANALYST)
    address = f"?view=month&date={at:%Y-%m-%d}"
    one, again = (re.findall(r"<article.*?</article>", get(person, address)) for _ in range(2))
    assert one == again
    assert len(one) == 1
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=channel.id).update(name="Kohvik & Co")
    assert 'title="Kohvik &amp; Co · ' in get(person, address)
    with workspace_scope(workspace.id):
        Post.objects.update(summary="other <words>")
    assert "other &lt;words&gt;" in get(person, address)
    with workspace_scope(workspace.id):
        PostDelivery.objects.update(state=State.SENT, remote_id="r")
    html = get(person, address)
    assert cards(html) == [(f"{at:%Y-%m-%dT%H:%M}", "done")]
    assert "data-fixed=sent" in html
    with workspace_scope(workspace.id):
        PostDelivery.objects.update(state=State.SCHEDULED)
    assert "data-fixed" not in get(person, address)
    assert "data-fixed=role" in get(browser(workspace, "quiet@acme.test"), address)
    User.objects.update(language="et")
    assert 'aria-label="Mida saab selle postitusega teha"' in get(person, address)
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(time_zone="Asia/Taipei")
    shown = at.astimezone(ZoneInfo("Asia/Taipei"))
    assert cards(get(person, f"?view=month&date={shown:%Y-%m-%d}")) == [(f"{shown:%Y-%m-%dT%H:%M}", "planned")]


def test_empty_calendar_offers_the_first_step(person: Client, workspace: Workspace) -> None:
    assert "/w/acme/channels/connect/" in get(person)
    make_channel(workspace)
    html = get(person)
    assert "Nothing is scheduled yet" in html
    make_post(workspace, "long ago", datetime(2020, 1, 1, tzinfo=UTC))
    assert "Nothing is scheduled yet" not in get(person)


class TestClockChanges:
    def test_skipped_hour_is_said(self, person: Client, workspace: Workspace) -> None:
        make_post(workspace, "x", wall("2027-03-28T04:15"))
        html = get(person, "?date=2027-03-28")
        assert '"at": "2027-03-28T03:00", "kind": "skipped", "really": "04:00"' in html
        assert html.count("cell-skipped") == 1
        assert cards(html) == [("2027-03-28T04:15", "draft")]

    def test_doubled_hour_shows_both_posts_in_order(self, person: Client, workspace: Workspace) -> None:
        make_post(workspace, "second", datetime(2027, 10, 31, 1, 10, tzinfo=UTC))
        make_post(workspace, "first", datetime(2027, 10, 31, 0, 30, tzinfo=UTC))
        html = get(person, "?date=2027-10-31")
        assert html.count("cell-doubled") == 1
        assert cards(html) == [("2027-10-31T03:30", "draft"), ("2027-10-31T03:10", "draft")]
        assert html.count("the second time") == 1

    def test_other_weeks_have_none(self, person: Client, workspace: Workspace) -> None:
        assert '"transitions": []' in get(person, "?date=2027-05-05")


class TestPeriods:
    @pytest.mark.parametrize(
        ("zone", "chosen", "begins"),
        [
            ("Europe/Tallinn", "", 0),
            ("Asia/Taipei", "", 6),
            ("America/New_York", "", 6),
            ("Africa/Cairo", "", 5),
            ("UTC", "", 0),
            ("Europe/Tallinn", "sun", 6),
            ("America/New_York", "mon", 0),
            ("Asia/Taipei", "sat", 5),
        ],
    )
    def test_week_begins_as_the_workspace_chose_or_its_country_does(self, zone: str, chosen: str, begins: int) -> None:
        with written_as(Workspace(time_zone=zone, week_start=chosen)):
            begin = first_of_week(datetime(2026, 11, 25).date())
        assert begin.weekday() == begins
        assert begin <= datetime(2026, 11, 25).date() < begin + timedelta(days=7)

    def test_month_shows_whole_weeks(self) -> None:
        period = make_period("month", datetime(2026, 11, 22).date())
        assert (str(period.first), str(period.end)) == ("2026-10-26", "2026-12-07")
        assert len(period.days) % 7 == 0

    def test_steps_lead_on_and_back(self) -> None:
        for view in ("week", "month", "list"):
            period = make_period(view, datetime(2026, 12, 31).date())
            after = make_period(view, step_period(period, 1))
            assert make_period(view, step_period(after, -1)).first == period.first
            assert after.anchor > period.anchor or view == "week"
        assert str(next_month(datetime(2026, 1, 31).date(), -1)) == "2025-12-01"

    def test_names(self) -> None:
        assert name_period(make_period("week", datetime(2026, 11, 25).date())) == "23 – 29 Nov 2026"
        assert name_period(make_period("week", datetime(2026, 12, 31).date())) == "28 Dec 2026 – 3 Jan 2027"
        assert name_period(make_period("month", datetime(2026, 12, 31).date())) == "December 2026"


def asked(client: Client, address: str) -> list[str]:
    """What a page asks the database; beginning and ending transactions is not counted."""
    with CaptureQueriesContext(connection) as found:
        assert client.get(address).status_code == 200
    control = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
    return [each["sql"] for each in found.captured_queries if not each["sql"].startswith(control)]


def fill(workspace: Workspace, channels: list[Channel], count: int) -> None:
    """Many scheduled posts of one month, each on two channels, with campaign-less plain rows."""
    begin = wall("2027-05-01T00:00")
    with workspace_scope(workspace.id):
        posts = Post.objects.bulk_create(
            Post(
                workspace_id=workspace.id, state=PostState.SCHEDULED, summary=f"post {n}",
                due_at=begin + timedelta(minutes=80 * n), document={"parts": [{"text": f"post {n}", "media": []}]},
            )
            for n in range(count)
        )  # fmt: skip
        variants = Variant.objects.bulk_create(
            Variant(workspace_id=workspace.id, post=post, channel=channel) for post in posts for channel in channels
        )
        PostDelivery.objects.bulk_create(
            PostDelivery(workspace_id=workspace.id, variant=v, channel_id=v.channel_id, due_at=begin) for v in variants
        )
        label = Label.objects.create(name="tips")
        PostLabel.objects.bulk_create(PostLabel(workspace_id=workspace.id, post=post, label=label) for post in posts)


@pytest.mark.parametrize("count", [1, 3, 500])
@pytest.mark.parametrize("view", ["week", "month", "list"])
def test_calendar_asks_at_most_twenty_times(person: Client, workspace: Workspace, count: int, view: str) -> None:
    channels = [make_channel(workspace, "One"), make_channel(workspace, "Two", "bluesky")]
    with workspace_scope(workspace.id):
        Slot.objects.create(channel=channels[0], weekday=2, time=time(9))
    fill(workspace, channels, count)
    address = f"/w/acme/calendar/?view={view}&date=2027-05-01"
    person.get(address)
    found = asked(person, address)
    assert len(found) <= 20, "\n".join(found)
    if view == "month":
        assert get(person, f"?view={view}&date=2027-05-01").count('class="cal-card') == count


@pytest.mark.parametrize("name", ["channel", "label", "state"])
def test_filtered_calendar_asks_at_most_twenty_times(person: Client, workspace: Workspace, name: str) -> None:
    channels = [make_channel(workspace, "One"), make_channel(workspace, "Two", "bluesky")]
    fill(workspace, channels, 30)
    value = {"channel": channels[0].id, "label": "tips", "state": "planned"}[name]
    found = asked(person, f"/w/acme/calendar/?view=month&date=2027-05-01&{name}={value}")
    assert len(found) <= 20, "\n".join(found)
