"""What was waited for in the tables: promises, ends, warnings and figures."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, ConversationEvent, Handle, Message, Person
from kaja.inbox.targets.actions import (
    create_target,
    delete_target,
    move_target,
    parse_target,
    update_target,
    warn_of_due,
)
from kaja.inbox.targets.follow import follow_waits
from kaja.inbox.targets.holidays import list_holidays
from kaja.inbox.targets.models import AnswerTarget, AnswerWait
from kaja.inbox.targets.report import list_asked, report_backlog, report_times
from kaja.kernel import clock
from kaja.kernel.problems import NotAllowed, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Notice, Role, Workspace
from tests.people import actor, add_member, member_of

TALLINN = ZoneInfo("Europe/Tallinn")
MONDAY = datetime(2026, 11, 23, 10, tzinfo=TALLINN)
WEEK = {str(day): [[540, 1080]] for day in range(5)}


def minutes(number: int) -> datetime:
    return (MONDAY + timedelta(minutes=number)).astimezone(UTC)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


@pytest.fixture
def talk(channel: Channel) -> Conversation:
    return begin(channel, "1")


def begin(channel: Channel, thread: str, kind: str = "comments") -> Conversation:
    handle = Handle.objects.create(
        person=Person.objects.create(),
        network="practice",
        remote_id=f"{thread}-author",
        name="Mari",
        first_at=MONDAY,
        seen_at=MONDAY,
    )
    return Conversation.objects.create(channel=channel, thread=thread, kind=kind, handle=handle, last_at=MONDAY)


def say(talk: Conversation, at: int, direction: str, by: Any = None, **more: Any) -> Message:
    number = Message.objects.count()
    return Message.objects.create(
        conversation=talk, channel=talk.channel, direction=direction, kind="comment", at=minutes(at), author_id=by,
        **{"remote_id": f"m{number}", **more},
    )  # fmt: skip


def set_state(talk: Conversation, at: int, state: str, by: Any = None) -> None:
    event = ConversationEvent.objects.create(
        conversation=talk, what="state", before={"state": "new"}, after={"state": state}, actor_id=by
    )
    ConversationEvent.objects.filter(id=event.id).update(at=minutes(at))


def waits() -> list[tuple[str, datetime, datetime | None, datetime | None]]:
    rows = AnswerWait.objects.order_by("begun_at", "measure")
    return [(row.measure, row.begun_at, row.ended_at, row.due_at) for row in rows]


def promise(workspace: Workspace, **more: Any) -> AnswerTarget:
    given = {"name": "Quick", "week": WEEK, "first_minutes": 60, "next_minutes": 120, **more}
    target = create_target(actor(workspace), parse_target(given))
    AnswerTarget.objects.filter(id=target.id).update(created_at=MONDAY - timedelta(days=1))
    return target


def test_a_question_is_due_in_the_hours_that_were_promised(in_workspace: Workspace, talk: Conversation) -> None:
    promise(in_workspace)
    say(talk, 7 * 60 + 30, "in")  # 17:30
    follow_waits([talk.id])
    [(measure, begun, ended, due), resolution] = waits()
    assert (measure, begun, ended) == ("first", minutes(450), None)
    assert due == datetime(2026, 11, 24, 9, 30, tzinfo=TALLINN)
    assert resolution[0] == "resolution"
    assert resolution[3] is None  # nothing was promised about it


def test_an_answer_ends_the_wait_and_says_how_much_of_the_hours_it_took(
    in_workspace: Workspace, talk: Conversation
) -> None:
    promise(in_workspace)
    me = member_of(in_workspace).user_id
    say(talk, 450, "in")
    follow_waits([talk.id])
    say(talk, 1380 + 30, "out", me)  # next day 09:30
    set_state(talk, 1380 + 60, "done", me)
    follow_waits([talk.id])
    rows = {row.measure: row for row in AnswerWait.objects.all()}
    assert rows["first"].ended_at == minutes(1410)
    assert rows["first"].by_id == me
    assert rows["first"].open_seconds == 60 * 60  # 17:30 to 18:00, 09:00 to 09:30
    assert rows["first"].warn_at is None
    assert rows["resolution"].ended_at == minutes(1440)


def test_following_again_changes_nothing_and_a_late_arrival_is_put_where_it_belongs(
    in_workspace: Workspace, talk: Conversation
) -> None:
    promise(in_workspace)
    say(talk, 30, "in")
    say(talk, 60, "out")
    follow_waits([talk.id])
    before = {row.id for row in AnswerWait.objects.all()}
    follow_waits([talk.id])
    assert {row.id for row in AnswerWait.objects.all()} == before
    say(talk, 0, "in")  # it was asked earlier than we knew
    follow_waits([talk.id])
    assert waits() == [
        ("first", minutes(0), minutes(60), minutes(60)),
        ("resolution", minutes(0), None, None),
    ]


def test_what_is_not_sent_yet_and_notes_answer_nothing(in_workspace: Workspace, talk: Conversation) -> None:
    say(talk, 0, "in")
    say(talk, 5, "out", remote_id="")
    say(talk, 6, "note", remote_id="")
    follow_waits([talk.id])
    assert [each[2] for each in waits()] == [None, None]


def test_what_was_promised_stays_as_it_was(in_workspace: Workspace, talk: Conversation) -> None:
    target = promise(in_workspace)
    say(talk, 0, "in")
    follow_waits([talk.id])
    update_target(actor(in_workspace), target.id, parse_target({"name": "Slow", "first_minutes": 600}))
    say(talk, 30, "out")
    follow_waits([talk.id])
    assert waits()[0][3] == minutes(60)
    delete_target(actor(in_workspace), target.id)
    assert waits()[0][3] == minutes(60)


def test_nothing_was_promised_about_what_was_asked_before(in_workspace: Workspace, talk: Conversation) -> None:
    target = promise(in_workspace)
    AnswerTarget.objects.filter(id=target.id).update(created_at=minutes(1))
    say(talk, 0, "in")
    follow_waits([talk.id])
    assert [(each[0], each[3]) for each in waits()] == [("first", None), ("resolution", None)]


def test_the_first_target_that_fits_counts(in_workspace: Workspace, channel: Channel) -> None:
    promise(in_workspace, name="Direct", kinds=["direct"], first_minutes=10)
    rest = promise(in_workspace, name="Rest", first_minutes=50)
    promise(in_workspace, name="Never", channel_ids=[str(channel.id)], first_minutes=5)
    comments, direct = begin(channel, "1"), begin(channel, "2", "direct")
    for talk in (comments, direct):
        say(talk, 0, "in")
    follow_waits([comments.id, direct.id])
    due = dict(AnswerWait.objects.filter(measure="first").values_list("conversation_id", "due_at"))
    assert due == {comments.id: minutes(50), direct.id: minutes(10)}
    move_target(actor(in_workspace), AnswerTarget.objects.get(name="Never").id, 0)
    late = begin(channel, "3")
    say(late, 0, "in")
    follow_waits([late.id])
    assert AnswerWait.objects.get(conversation=late, measure="first").due_at == minutes(5)
    assert rest.position == 1


def test_holidays_of_the_country_and_days_of_ones_own_are_closed(in_workspace: Workspace, talk: Conversation) -> None:
    christmas = datetime(2026, 12, 23, 17, tzinfo=TALLINN)
    promise(in_workspace, country="ee", closed=["2026-12-28"], first_minutes=120)
    Message.objects.filter(id=say(talk, 0, "in").id).update(at=christmas)
    follow_waits([talk.id])
    # 24 and 25 are holidays, 26 and 27 a weekend, 28 their own
    assert waits()[0][3] == datetime(2026, 12, 29, 10, tzinfo=TALLINN)
    assert list_holidays("EE", "", [2026])[date(2026, 2, 24)]


def test_a_hundred_conversations_take_as_many_statements_as_one(in_workspace: Workspace, channel: Channel) -> None:
    promise(in_workspace)

    def count(talks: list[Conversation]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            follow_waits([talk.id for talk in talks])
        return len(found)

    one, many = [begin(channel, "a")], [begin(channel, f"b{number}") for number in range(100)]
    for talk in (*one, *many):
        say(talk, 0, "in")
        say(talk, 5, "out")
    assert count(one) == count(many) == 8


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"first_minutes": 5}, "name"),
        ({"name": "", "first_minutes": 5}, "name"),
        ({"name": "x"}, "first_minutes"),
        ({"name": "x", "first_minutes": 0}, "first_minutes"),
        ({"name": "x", "first_minutes": 5, "week": {}}, "week"),
        ({"name": "x", "first_minutes": 5, "week": {"0": [[60, 30]]}}, "week"),
        ({"name": "x", "first_minutes": 5, "country": "ZZ"}, "country"),
        ({"name": "x", "first_minutes": 5, "country": "DE", "region": "QQ"}, "country"),
        ({"name": "x", "first_minutes": 5, "kinds": ["letter"]}, "kinds"),
    ],
)
def test_what_is_no_target_is_refused_in_words(given: dict[str, Any], field: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_target(given)
    assert refused.value.problems[0].field == field
    assert refused.value.problems[0].fix


def test_a_name_is_taken_once_and_only_who_manages_promises(in_workspace: Workspace) -> None:
    promise(in_workspace)
    with pytest.raises(Refused) as refused:
        promise(in_workspace)
    assert refused.value.problems[0].code == "target_name_taken"
    add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    with pytest.raises(NotAllowed):
        create_target(actor(in_workspace, "maria@acme.test"), parse_target({"name": "x", "first_minutes": 5}))


@pytest.mark.django_db(transaction=True)
def test_a_promise_that_is_about_to_be_broken_is_told_of_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.conftest import make_workspace

    workspace, rival = (make_workspace(slug, f"owner@{slug}.test")[0] for slug in ("acme", "rival"))
    talks = {}
    for each in (workspace, rival):
        with workspace_scope(each.id):
            talks[each.id] = begin(Channel.objects.create(network="practice", account_id="1", name="Bakery"), "1")
            promise(each, warn_minutes=20)
            say(talks[each.id], 0, "in")
            follow_waits([talks[each.id].id])
    with workspace_scope(rival.id):
        say(talks[rival.id], 5, "out")
        follow_waits([talks[rival.id].id])
    monkeypatch.setattr(clock, "now", lambda: minutes(39))
    monkeypatch.setattr("kaja.inbox.targets.actions.now", lambda: minutes(39))
    assert warn_of_due() == 0
    monkeypatch.setattr("kaja.inbox.targets.actions.now", lambda: minutes(40))
    assert warn_of_due() == 1
    assert warn_of_due() == 0
    with workspace_scope(workspace.id):
        notice = Notice.objects.get(kind="inbox.due")
        assert notice.params == {"person": "Mari", "channel": "Bakery", "minutes": 20}
        assert notice.path == f"inbox/{talks[workspace.id].id}/"
    with workspace_scope(rival.id):
        assert not Notice.objects.filter(kind="inbox.due").exists()


@pytest.fixture
def asked(in_workspace: Workspace, channel: Channel) -> Workspace:
    """Ten first questions, answered after 1, 2, ... 8 minutes by two people; two are open, one of those late by now."""
    me, she = member_of(in_workspace).user_id, add_member(in_workspace, "maria@acme.test").id
    promise(in_workspace, week=None, first_minutes=6)
    talks = [begin(channel, str(number)) for number in range(10)]
    for number, talk in enumerate(talks):
        say(talk, 0, "in")
        if number < 8:
            say(talk, number + 1, "out", me if number < 4 else she)
    follow_waits([talk.id for talk in talks])
    future = clock.now() + timedelta(days=1)
    AnswerWait.objects.filter(conversation=talks[9]).update(due_at=future)
    return in_workspace


def test_figures_are_those_that_one_counts_by_hand(asked: Workspace) -> None:
    rows = list_asked("first", minutes(-1), minutes(1))
    [line] = report_times(rows, "all", TALLINN)
    assert (line.asked, line.answered, line.open) == (10, 8, 2)
    assert (line.clock.mean, line.clock.median) == (270.0, 270.0)
    assert line.clock.p90 == pytest.approx(7.3 * 60)  # linear between the 7th and the 8th of eight
    assert line.hours == line.clock
    assert (line.promised, line.late) == (9, 3)  # 7 and 8 minutes, and the open one; the other is not decided
    assert line.kept == pytest.approx(1 - 3 / 9)
    by_member = {line.key: line.clock.mean for line in report_times(rows, "member", TALLINN)}
    assert sorted(value for value in by_member.values() if value) == [150.0, 390.0]
    assert by_member[None] is None  # nobody answered those
    assert [line.key for line in report_times(rows, "hour", TALLINN)] == [10]
    assert [line.key for line in report_times(rows, "weekday", TALLINN)] == [1]


def test_whoever_waits_is_counted_with_the_age_of_waiting(asked: Workspace) -> None:
    backlog = report_backlog()
    assert (backlog.waiting, backlog.oldest, backlog.late) == (2, minutes(0), 1)
    assert backlog.median_age is not None


def test_without_anything_there_are_no_figures_but_no_zeros(in_workspace: Workspace) -> None:
    [line] = report_times(list_asked("first", minutes(0), minutes(1)), "all", TALLINN)
    assert (line.asked, line.clock.mean, line.kept) == (0, None, None)
    assert report_backlog().oldest is None
