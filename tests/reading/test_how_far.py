"""What a stream says of itself is true: until when it is complete, how far back it reaches; and what has changed since
is noticed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from kaja.channels.models import Channel
from kaja.delivery.events import DeliverySent
from kaja.delivery.models import Delivery, Publication
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.connector import Connector, NetworkInfo
from kaja.networks.kit.results import Later, Rejected
from kaja.networks.registry import CONNECTORS
from kaja.reading.actions import wake_polls
from kaja.reading.claim import MOST
from kaja.reading.events import ItemsRead
from kaja.reading.looks import STEPS, WHAT, find_next, plan_posts
from kaja.reading.loop import list_topics
from kaja.reading.models import Poll
from kaja.reading.streams import past_of, topic_of
from kaja.workspaces.models import Workspace
from tests.reading.invented import Invented
from tests.reading.reading import claim, kept, look, look_until

pytestmark = pytest.mark.django_db(transaction=True)
STREAM, PAST = topic_of("comments"), past_of("comments")
KEY = "invented"


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Invented:
    found = Invented(clock=now().replace(microsecond=0))
    info = NetworkInfo(KEY, "Invented", "form", ())
    unused: Any = None
    monkeypatch.setitem(CONNECTORS, KEY, Connector(info, unused, unused, reader=found, history=found, rereader=found))
    return found


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network=KEY, account_id="us", name="us", base_url="http://127.0.0.1:9")
        Poll.objects.create(channel=channel, what=STREAM, next_at=now())
    return channel


@pytest.fixture
def told() -> Iterator[list[ItemsRead]]:
    heard: list[ItemsRead] = []
    events.subscribe(ItemsRead, heard.append)
    yield heard
    events._handlers[ItemsRead].remove(heard.append)


def stream_of(workspace: Workspace) -> Poll:
    with workspace_scope(workspace.id):
        return Poll.objects.get(what=STREAM)


def polls(workspace: Workspace, what: str) -> list[Poll]:
    with workspace_scope(workspace.id):
        return list(Poll.objects.filter(what=what).order_by("cursor__place"))


def test_history_is_read_beside_the_stream_and_says_how_far_it_came(
    network: Invented, workspace: Workspace, channel: Channel, told: list[ItemsRead]
) -> None:
    network.write(*"abcdefgh")
    network.wait(minutes=5)
    look(workspace, STREAM)
    stream = stream_of(workspace)
    assert (stream.backlog, stream.reaches_back) == (True, network.items["f"].at)
    assert stream.complete_until == network.clock - network.late
    look(workspace, PAST)
    assert (stream_of(workspace).backlog, stream_of(workspace).reaches_back) == (True, network.items["c"].at)
    network.write("i")
    look(workspace, STREAM)
    assert "i" in kept(workspace), "what is new does not wait for what is old"
    look(workspace, PAST)
    assert (stream_of(workspace).backlog, stream_of(workspace).reaches_back) == (False, network.items["a"].at)
    assert set(kept(workspace)) == set("abcdefghi")
    assert sum(len(event.new) for event in told) == 9, "each once"
    assert polls(workspace, PAST)[0].next_at is None


def test_a_stream_that_begins_again_fills_the_gap_and_no_more(
    network: Invented, workspace: Workspace, channel: Channel, told: list[ItemsRead]
) -> None:
    """The network does not know the cursor any more, or another version of Kaja does not."""
    network.write(*"abcd")
    look(workspace, STREAM)
    look_until(workspace, PAST, lambda: not stream_of(workspace).backlog)
    reached = stream_of(workspace).reaches_back
    network.wait(minutes=5)
    look(workspace, STREAM)
    network.write(*"efghijklm")
    with workspace_scope(workspace.id):
        Poll.objects.filter(what=STREAM).update(cursor={"of": "another version"})
    look(workspace, STREAM)
    stream = stream_of(workspace)
    assert (stream.backlog, stream.reaches_back) == (True, network.items["k"].at), "a gap lies before it"
    network.asked.clear()
    look_until(workspace, PAST, lambda: not stream_of(workspace).backlog)
    assert stream_of(workspace).reaches_back == reached
    assert set(kept(workspace)) == set("abcdefghijklm")
    assert sum(len(event.new) for event in told) == 13
    assert len(network.asked) == 3, "only until it met what was there"


def test_a_stream_that_begins_again_while_history_is_read_reads_all_of_it(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write(*"abcdefghijkl")
    look(workspace, STREAM)
    look(workspace, PAST)
    network.wait(minutes=5)
    look(workspace, STREAM)
    network.write(*"mnopqr")
    with workspace_scope(workspace.id):
        Poll.objects.filter(what=STREAM).update(cursor={})
    look(workspace, STREAM)
    look_until(workspace, PAST, lambda: not stream_of(workspace).backlog)
    assert set(kept(workspace)) == set("abcdefghijklmnopqr")
    assert stream_of(workspace).reaches_back == network.items["a"].at


def test_what_cannot_be_read_is_counted_and_said_and_stops_no_other(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write("a", "b")
    network.broken.add("a")
    look(workspace, STREAM)
    stream = stream_of(workspace)
    assert set(kept(workspace)) == {"b"}
    assert (stream.failures, stream.unread, (stream.problem or {})["code"]) == (0, 1, "read_unreadable")
    assert stream.read_at is not None
    network.broken.clear()
    look(workspace, STREAM)
    assert set(kept(workspace)) == {"a", "b"}
    assert (stream_of(workspace).problem, stream_of(workspace).unread) == (None, 1)


def test_edits_and_deletions_are_noticed_by_the_next_look_at_the_thread(
    network: Invented, workspace: Workspace, channel: Channel, told: list[ItemsRead]
) -> None:
    network.write(*"abcdef")
    look(workspace, STREAM)
    look(workspace, PAST, times=2)
    told.clear()
    network.items["b"] = replace(network.items["b"], text="Says it better", state="edited")
    del network.items["c"], network.items["d"], network.items["e"]
    network.write("late")
    network.items["late"] = replace(network.items["late"], at=network.items["a"].at)  # the stream would never see it
    [poll] = polls(workspace, WHAT)
    look_until(workspace, WHAT, lambda: polls(workspace, WHAT)[0].next_at > now() + timedelta(minutes=1))  # type: ignore[operator]
    assert kept(workspace) == {
        **dict.fromkeys("af", "there"),
        "b": "edited",
        **dict.fromkeys("cde", "deleted"),
        "late": "there",
    }
    assert (sum(len(each.new) for each in told), sum(len(each.changed) for each in told)) == (1, 4)
    told.clear()
    look_until(workspace, WHAT, lambda: polls(workspace, WHAT)[0].next_at > now() + timedelta(minutes=1))  # type: ignore[operator]
    assert told == [], "looking again at what has not changed tells nothing"
    assert poll.subject_id is not None


def test_what_the_network_only_hides_from_its_list_is_not_taken_for_gone(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write(*"abc")
    look(workspace, STREAM)
    network.hidden.add("b")
    look(workspace, WHAT, times=3)
    assert set(kept(workspace).values()) == {"there"}
    network.hidden.clear()
    network.broken.add("b")
    look(workspace, WHAT, times=3)
    assert set(kept(workspace).values()) == {"there"}


def test_a_thread_elsewhere_is_looked_at_message_by_message(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write("m", "n", "o", post="", thread="theirs")
    network.write("x", post="", thread="another")
    look(workspace, STREAM)
    look(workspace, PAST)
    assert [poll.cursor["place"] for poll in polls(workspace, WHAT)] == ["another", "theirs"]
    network.asked.clear()
    del network.items["n"]
    look_until(workspace, WHAT, lambda: kept(workspace)["n"] == "deleted")
    assert "thread theirs" not in network.asked
    assert kept(workspace) == {"m": "there", "n": "deleted", "o": "there", "x": "there"}


def test_a_thread_of_many_pages_survives_a_worker_and_a_failure(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write(*(f"c{number:02}" for number in range(20)))
    network.wait(minutes=5)
    look(workspace, STREAM)
    look_until(workspace, PAST, lambda: not stream_of(workspace).backlog)
    del network.items["c00"]
    look(workspace, WHAT)
    network.failure = Later(30.0, Problem("rate_limited", "Wait."))
    look(workspace, WHAT)
    [poll] = polls(workspace, WHAT)
    assert poll.next_at is not None
    assert poll.not_before is not None
    assert poll.cursor["seen"], "it goes on where it was"
    network.failure = None
    look_until(workspace, WHAT, lambda: kept(workspace)["c00"] == "deleted")
    assert list(kept(workspace).values()).count("deleted") == 1
    assert set(polls(workspace, WHAT)[0].cursor) == {"place", "post", "since"}


def test_a_post_is_looked_at_without_anything_below_it_yet(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    """What no stream brings is found all the same."""
    sent = now() - timedelta(hours=2)
    with workspace_scope(workspace.id):
        plan_posts(channel.id, ["post"], sent)
        plan_posts(channel.id, ["post"], sent)  # told twice
    [poll] = polls(workspace, WHAT)
    assert poll.next_at == sent + timedelta(hours=3)
    network.write("a")
    look(workspace, WHAT)
    assert set(kept(workspace)) == {"a"}
    with workspace_scope(workspace.id):
        plan_posts(channel.id, ["post"], sent, at_once=True)
    [poll] = polls(workspace, WHAT)
    assert poll.next_at is not None
    assert poll.next_at <= now()


def test_something_new_begins_the_schedule_again_and_old_things_plan_nothing(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write("old")
    network.items["old"] = replace(network.items["old"], at=now() - timedelta(days=100))
    look(workspace, STREAM)
    assert polls(workspace, WHAT) == []
    network.write("new")
    look(workspace, STREAM)
    [poll] = polls(workspace, WHAT)
    assert poll.next_at is not None
    assert poll.next_at <= now() + timedelta(minutes=5)
    with workspace_scope(workspace.id):
        Poll.objects.filter(id=poll.id).update(next_at=now() + timedelta(days=7))
        wake_polls(channel.id)
    assert polls(workspace, WHAT)[0].next_at > now() + timedelta(days=6), "connecting again wakes no old threads"  # type: ignore[operator]
    network.write("newer")
    look(workspace, STREAM)
    assert polls(workspace, WHAT)[0].next_at <= now() + timedelta(minutes=5)  # type: ignore[operator]


def test_streams_are_asked_before_threads_and_many_threads_do_not_hold_them_up(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    with workspace_scope(workspace.id):
        plan_posts(channel.id, [f"post{number}" for number in range(3 * MOST)], now(), at_once=True)
    rows = claim(*list_topics().by_name)
    assert [row.what for row in rows] == [STREAM] + [WHAT] * (MOST - 1)


def test_a_refused_look_keeps_the_cursor_and_says_why(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    network.write("a")
    look(workspace, STREAM)
    before = stream_of(workspace)
    network.failure = Rejected(Problem("permission_missing", "May not."))
    look(workspace, STREAM)
    after = stream_of(workspace)
    assert (after.cursor, after.complete_until, after.failures) == (before.cursor, before.complete_until, 1)
    assert (after.problem or {})["code"] == "permission_missing"


def test_looks_become_rarer_and_end() -> None:
    since = datetime(2026, 11, 29, tzinfo=UTC)
    moment, times = since, []
    while (moment := find_next(since, moment) or datetime.max.replace(tzinfo=UTC)).year < 9999:
        times.append(moment - since)
    assert tuple(times) == STEPS
    assert find_next(since, since + STEPS[-1]) is None


def test_a_post_that_was_sent_from_here_is_looked_at_from_then_on(
    network: Invented, workspace: Workspace, channel: Channel
) -> None:
    with workspace_scope(workspace.id):
        for kind, remote_id in (("post", "sent"), ("comment", "ours below it")):
            made = {"channel": channel, "kind": kind, "state": "sent", "remote_id": remote_id, "due_at": now()}
            row = Delivery.objects.create(source_kind="test", source_id=uuid4(), **made)
            Publication.objects.create(delivery=row, remote_id=remote_id, sent={}, published_at=now())
            events.publish(DeliverySent(row.id, "test", row.source_id, channel.id, None))
    [poll] = polls(workspace, WHAT)
    assert (poll.cursor["place"], poll.cursor["post"]) == ("sent", True)
    assert poll.next_at is not None
    assert now() < poll.next_at <= now() + timedelta(minutes=5)
