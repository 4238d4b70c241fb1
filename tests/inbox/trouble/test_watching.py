"""Alarms: begun once, with the messages that made them, told of, seen, and over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, Message
from kaja.inbox.trouble import watching
from kaja.inbox.trouble.models import Alarm, HeardHour
from kaja.inbox.trouble.watching import list_alarms, list_messages_of, see_alarm, watch, watch_workspace
from kaja.kernel.problems import NotAllowed
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Notice, Role, Workspace
from tests.conftest import make_workspace
from tests.people import actor, add_member

NOW = datetime(2026, 11, 30, 14, 20, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Sets the time at which one looks."""

    def at(moment: datetime) -> None:
        monkeypatch.setattr(watching, "now", lambda: moment)

    at(NOW)
    return at


def make_channel(name: str = "Bakery") -> Channel:
    return Channel.objects.create(network="practice", account_id=name, name=name)


def hear(channel: Channel, moments: list[datetime], **more: Any) -> None:
    talk, _ = Conversation.objects.get_or_create(
        channel=channel, thread="1", defaults={"kind": "comments", "last_at": NOW}
    )
    begun = Message.objects.count()
    Message.objects.bulk_create(
        Message(
            workspace_id=channel.workspace_id, conversation=talk, channel=channel, direction="in", kind="comment",
            remote_id=f"m{begun + place}", text="x", at=moment, **more,
        )
        for place, moment in enumerate(moments)
    )  # fmt: skip


def usual(channel: Channel, each_day: int = 2) -> None:
    """Eight weeks with so many messages at this hour of each day."""
    hear(
        channel,
        [NOW - timedelta(days=day, minutes=5 + 20 * number) for day in range(1, 57) for number in range(each_day)],
    )


def storm(channel: Channel, number: int, end: datetime = NOW) -> None:
    hear(channel, [end - timedelta(seconds=10 * (place + 1)) for place in range(number)])


def test_a_usual_hour_is_no_alarm_and_a_burst_is_one(in_workspace: Workspace, clock: Any) -> None:
    channel = make_channel()
    usual(channel)
    storm(channel, 3)
    watch_workspace()
    assert not Alarm.objects.exists()
    storm(channel, 40)
    watch_workspace()
    [alarm] = list_alarms()
    assert (alarm.kind, alarm.channel_id, alarm.count, alarm.began_at) == ("volume", channel.id, 43, NOW)
    assert alarm.expected is not None
    assert alarm.expected < 3
    made_of = list_messages_of(alarm)
    assert len(made_of) == 43
    assert all(NOW - timedelta(hours=1) < message.at <= NOW for message in made_of)
    assert made_of[0].at >= made_of[-1].at


def test_the_end_of_a_usual_day_is_no_alarm(in_workspace: Workspace, clock: Any) -> None:
    """The hour that ends at 14:20 lies for the most part before 14:00, after which nobody ever writes: it is held
    against those hours."""
    channel, day = make_channel(), NOW.replace(hour=10, minute=0)
    hear(channel, [day - timedelta(days=ago, minutes=-5 * number) for ago in range(57) for number in range(48)])
    watch_workspace()
    assert not Alarm.objects.exists()
    clock(NOW + timedelta(hours=1))
    storm(channel, 12, NOW + timedelta(hours=1))  # the same number at a time when nobody does
    watch_workspace()
    assert Alarm.objects.count() == 1


def test_it_is_told_of_once_grows_and_is_over_when_an_hour_was_quiet(in_workspace: Workspace, clock: Any) -> None:
    channel = make_channel()
    usual(channel)
    storm(channel, 40)
    watch_workspace()
    clock(NOW + timedelta(minutes=5))
    storm(channel, 20, NOW + timedelta(minutes=5))
    watch_workspace()
    [alarm] = list_alarms()
    assert (alarm.count, alarm.ended_at) == (60, None)
    [notice] = Notice.objects.filter(kind="inbox.alarm")
    assert notice.params == {"count": 40, "channel": "Bakery", "expected": round(alarm.expected or 0)}
    for minutes in (70, 140):
        clock(NOW + timedelta(minutes=minutes))
        watch_workspace()
    [alarm] = list_alarms()
    assert alarm.ended_at == NOW + timedelta(minutes=5)
    # the next one is another
    clock(NOW + timedelta(minutes=200))
    storm(channel, 50, NOW + timedelta(minutes=200))
    watch_workspace()
    assert Alarm.objects.count() == 2


def test_what_is_spread_over_channels_is_a_burst_of_all_together(in_workspace: Workspace, clock: Any) -> None:
    channels = [make_channel(name) for name in ("a", "b", "c", "d")]
    for channel in channels:
        usual(channel, 1)
        storm(channel, 4)
    watch_workspace()
    assert [alarm.channel_id for alarm in list_alarms()] == [None]


def test_a_new_workspace_says_nothing(in_workspace: Workspace, clock: Any) -> None:
    channel = make_channel()
    storm(channel, 300)
    watch_workspace()
    assert not Alarm.objects.exists()


def test_bad_reviews_in_a_row_are_an_alarm(in_workspace: Workspace, clock: Any) -> None:
    channel = make_channel()
    hear(channel, [NOW - timedelta(days=day, hours=3) for day in range(2, 42)], rating=5)
    hear(channel, [NOW - timedelta(minutes=90 * each) for each in range(1, 7)], rating=1)
    watch_workspace()
    [alarm] = list_alarms()
    assert (alarm.kind, alarm.count, len(list_messages_of(alarm))) == ("bad", 6, 6)


def test_what_a_network_lists_late_is_counted_where_it_belongs(in_workspace: Workspace, clock: Any) -> None:
    channel = make_channel()
    usual(channel)
    watch_workspace()
    hear(channel, [NOW - timedelta(hours=4)])
    watch_workspace()
    hour = (NOW - timedelta(hours=4)).replace(minute=0)
    assert HeardHour.objects.get(hour=hour).heard == 1
    assert sum(HeardHour.objects.values_list("heard", flat=True)) == Message.objects.count()


def test_whoever_looks_after_it_first_stands_there(in_workspace: Workspace, clock: Any) -> None:
    channel = make_channel()
    usual(channel)
    storm(channel, 40)
    watch_workspace()
    alarm = Alarm.objects.get()
    maria = add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    with pytest.raises(NotAllowed):
        see_alarm(actor(in_workspace, "ana@acme.test"), alarm.id)
    see_alarm(actor(in_workspace, "maria@acme.test"), alarm.id)
    assert see_alarm(actor(in_workspace), alarm.id).seen_by_id == maria.id


@pytest.mark.django_db(transaction=True)
def test_each_workspace_is_judged_by_its_own(clock: Any) -> None:
    acme, rival = (make_workspace(slug, f"owner@{slug}.test")[0] for slug in ("acme", "rival"))
    for workspace, number in ((acme, 40), (rival, 2)):
        with workspace_scope(workspace.id):
            channel = make_channel()
            usual(channel)
            storm(channel, number)
    watch()
    with workspace_scope(acme.id):
        assert Alarm.objects.count() == 1
    with workspace_scope(rival.id):
        assert not Alarm.objects.exists()
