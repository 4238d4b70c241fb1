"""What networks list is read once, whatever happens on the way."""

import asyncio
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
import pytest
from django.db import connection

from kaja.channels.models import Channel, Health
from kaja.channels.storing import disconnect_channel
from kaja.delivery.actions import Settlement, hold_everything, settle_workspace
from kaja.delivery.worker.main import get_address
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.connector import Connector
from kaja.reading.actions import finish, wake_polls
from kaja.reading.claim import claim_due, next_wake, plan_missing
from kaja.reading.events import ItemsRead
from kaja.reading.health import WHAT as HEALTH
from kaja.reading.loop import ReadingLoop, list_topics
from kaja.reading.models import Item, Poll
from kaja.reading.streams import take_in, topic_of
from kaja.reading.topics import Answer, Asked, Claimed
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Held, Workspace
from tests.needed import needs
from tests.people import actor
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice
from tests.reading.reading import QUICK, comment, poll_of, read_ids, running_reader
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
COMMENTS = topic_of("comments")


@pytest.fixture
def told() -> Iterator[Counter[object]]:
    """How often each item was told of as new."""
    counted: Counter[object] = Counter()
    handlers = events._handlers[ItemsRead]

    def hear(event: ItemsRead) -> None:
        counted.update(event.new)

    handlers.append(hear)
    yield counted
    handlers.remove(hear)


def publish(practice: PracticeServer, channel: Channel) -> str:
    """A post of the account, made by another program."""
    return str(practice.post(practice.account(channel.name), "Fresh rye").json()["id"])


def wake(workspace: Workspace, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        wake_polls(channel.id)


def claim(*names: str) -> list[Claimed]:
    async def work() -> list[Claimed]:
        async with await ReadingLoop(get_address(), QUICK).connect() as own:
            return await claim_due(own, names, 10, QUICK.lease)

    return asyncio.run(work())


def plan(*names: str) -> int:
    async def work() -> int:
        async with await ReadingLoop(get_address(), QUICK).connect() as own:
            return await plan_missing(own, [("practice", name, 0.0) for name in names])

    return asyncio.run(work())


def test_comments_are_read_and_told_once(practice: PracticeServer, workspace: Workspace, told: Counter[object]) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = publish(practice, channel)
    first = comment(practice, post, "One", "Two")

    def has_looked(since: int) -> bool:
        return poll_of(workspace, channel, COMMENTS).fence > since

    with running_reader():
        wait_until(lambda: read_ids(workspace) == first)
        second = comment(practice, post, "Three")
        wake(workspace, channel)
        wait_until(lambda: read_ids(workspace) == first + second)
        for _ in range(2):
            before = poll_of(workspace, channel, COMMENTS).fence
            wake(workspace, channel)
            wait_until(partial(has_looked, before))
    with workspace_scope(workspace.id):
        items = {item.remote_id: item for item in Item.objects.all()}
    assert set(told.values()) == {1}
    assert len(told) == 3
    content = items[first[0]].content
    assert (content["text"], content["author"]["name"], content["publication"]) == ("One", "Visitor", post)
    assert all(item.changed_at is None for item in items.values())


def test_late_lists_and_lost_answers_leave_nothing_out(
    practice: PracticeServer, workspace: Workspace, told: Counter[object]
) -> None:
    """Comments appear behind younger ones, answers break off or are refused: each comes in, and once."""
    channel = connect_practice(practice, workspace, "bakery")
    token = practice.account("bakery")
    post = publish(practice, channel)
    reading: dict[str, Any] = {"on": ["read"], "probability": 0.3}
    practice.set_faults(
        seed=7,
        drop_after=reading,
        error_before=reading,
        too_many={**reading, "retry_after": 1},
        late_listing={"probability": 0.5, "seconds": 2, "on": ["comment"]},
    )
    wanted = []
    with running_reader(), running_reader():
        for number in range(24):
            path = f"/api/v1/posts/{post}/comments"
            wanted.append(str(practice.call("POST", path, {"text": f"Number {number}"}, token=token).json()["id"]))
            wake(workspace, channel)

        def all_there() -> bool:
            # As a hook would: whoever is told looks again, whatever pause the failures have led to.
            wake(workspace, channel)
            return sorted(read_ids(workspace)) == sorted(wanted)

        wait_until(all_there, seconds=180)
    assert len(told) == len(wanted)
    assert set(told.values()) == {1}


def test_a_killed_worker_loses_nothing(practice: PracticeServer, workspace: Workspace) -> None:
    """It is killed while it waits for the answer; the poll is due again when its lease is over."""
    channel = connect_practice(practice, workspace, "bakery")
    wanted = comment(practice, publish(practice, channel), "One", "Two")
    plan(COMMENTS)
    practice.set_faults(delay={"seconds": 60, "on": ["read"]})
    worker = start_worker(practice)
    try:
        wait_until(lambda: poll_of(workspace, channel, COMMENTS).fence == 1, seconds=120)
    finally:
        worker.kill()
        worker.communicate()
    practice.set_faults()
    poll = poll_of(workspace, channel, COMMENTS)
    assert poll.lease_until is not None
    assert read_ids(workspace) == []
    with workspace_scope(workspace.id):  # what time does
        Poll.objects.update(lease_until=now(), next_at=now())
    with running_reader():
        wait_until(lambda: read_ids(workspace) == wanted)
    assert poll_of(workspace, channel, COMMENTS).fence > poll.fence


def start_worker(practice: PracticeServer) -> "subprocess.Popen[bytes]":
    settings = connection.settings_dict
    address = f"postgresql://{settings['USER']}:{settings['PASSWORD']}@{settings['HOST']}:{settings['PORT']}/{settings['NAME']}"
    own = {"DATABASE_URL": address, "KAJA_PRACTICE_URL": practice.url, "KAJA_PRACTICE_KEY": practice.key}
    return subprocess.Popen([sys.executable, "-m", "kaja", "worker"], env={**os.environ, **own})


def test_of_two_who_have_a_poll_only_the_later_keeps_what_it_read(
    practice: PracticeServer, workspace: Workspace, told: Counter[object]
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    plan(COMMENTS)
    [slow] = claim(COMMENTS)
    assert claim(COMMENTS) == [], "nobody else asks this channel meanwhile"
    with workspace_scope(workspace.id):  # what time does
        Poll.objects.update(lease_until=now(), next_at=now())
    [quick] = claim(COMMENTS)
    assert quick.fence == slow.fence + 1

    def keep() -> None:
        take_in(channel.id, "comments", [])
        raise AssertionError("a zombie keeps nothing")

    assert finish(slow, Answer(5.0, cursor={"at": 1}, keep=keep)) is False
    assert finish(quick, Answer(5.0, cursor={"at": 2})) is True
    assert poll_of(workspace, channel, COMMENTS).cursor == {"at": 2}


def test_what_is_wanted_during_a_look_is_looked_at_again(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    plan(COMMENTS)
    [row] = claim(COMMENTS)
    wake(workspace, channel)
    assert finish(row, Answer(3600.0)) is True
    assert poll_of(workspace, channel, COMMENTS).next_at <= now()  # type: ignore[operator]


def was_asked(workspace: Workspace, channel: Channel) -> bool:
    with workspace_scope(workspace.id):
        return Poll.objects.filter(channel=channel, what=HEALTH, read_at__isnull=False).exists()


def test_the_loop_looks_after_the_health_of_channels(practice: PracticeServer, workspace: Workspace) -> None:
    well, ill, gone = (connect_practice(practice, workspace, name) for name in ("Well", "Ill", "Gone"))
    practice.revoke("Ill")
    with workspace_scope(workspace.id):
        disconnect_channel(actor(workspace), gone.id)
    with running_reader():
        wait_until(lambda: was_asked(workspace, ill))
        wake(workspace, ill)  # one refused sign-in may be the network's own hiccup

        def known() -> bool:
            with workspace_scope(workspace.id):
                found = dict(Channel.objects.values_list("name", "health"))
                checked = Channel.objects.get(id=well.id).checked_at is not None
            return checked and found == {"Well": Health.OK, "Ill": Health.RECONNECT, "Gone": Health.OK}

        wait_until(known)
    with workspace_scope(workspace.id):
        assert not Poll.objects.filter(channel=gone).exists()
        assert needs(Poll.objects.get(channel=well, what=HEALTH).next_at) > now() + timedelta(hours=5)
        assert not Item.objects.exists()


class Unkept:
    """A topic that brings what cannot be kept."""

    what, on_broken = "test.unkept", True
    share: float | None = None
    spread: float | None = 0.0

    def is_for(self, connector: Connector) -> bool:
        return True

    async def ask(self, asked: Asked) -> Answer:
        def keep() -> None:
            raise ValueError("no table takes this")

        return Answer(0.0, cursor={"at": 9}, keep=keep)


def test_what_cannot_be_kept_waits_longer_each_time_and_stops_no_other(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    wanted = comment(practice, publish(practice, channel), "One")
    topics = list_topics()
    topics.add(Unkept())
    with running_reader(topics=topics):
        wait_until(lambda: read_ids(workspace) == wanted)
        wait_until(lambda: poll_of(workspace, channel, "test.unkept").failures > 0)
    poll = poll_of(workspace, channel, "test.unkept")
    assert (poll.cursor, poll.read_at, poll.problem["code"]) == ({}, None, "read_broke")  # type: ignore[index]


def test_a_channel_that_has_to_be_connected_again_is_only_asked_whether_it_works(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    wanted = comment(practice, publish(practice, channel), "One")
    plan(HEALTH, COMMENTS)
    with workspace_scope(workspace.id):
        Channel.objects.update(health=Health.RECONNECT)
        Poll.objects.filter(what=HEALTH).update(next_at=None)
    with running_reader():
        wait_until(lambda: poll_of(workspace, channel, COMMENTS).next_at > now() + timedelta(minutes=5))  # type: ignore[operator]
        assert read_ids(workspace) == []
        with workspace_scope(workspace.id):
            Channel.objects.update(health=Health.OK)
        wake(workspace, channel)
        wait_until(lambda: read_ids(workspace) == wanted)


def test_what_is_planned_is_planned_once(practice: PracticeServer, workspace: Workspace) -> None:
    connect_practice(practice, workspace, "bakery")
    assert [plan(HEALTH, COMMENTS), plan(HEALTH, COMMENTS)] == [2, 0]


def test_who_claims_waits_for_nobody_who_wakes_what_is_due(practice: PracticeServer, workspace: Workspace) -> None:
    """Both change many polls: whoever waited with some of them in hand could be waited for in turn."""
    channel = connect_practice(practice, workspace, "bakery")
    plan(HEALTH, COMMENTS)
    found: list[Claimed] = []
    claiming = threading.Thread(target=lambda: found.extend(claim(HEALTH, COMMENTS)))
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name) as own:
        own.execute("SELECT 1 FROM reading_poll WHERE what = %s FOR UPDATE", [COMMENTS])
        claiming.start()
        claiming.join(60)
        assert [row.what for row in found] == [HEALTH]
    claiming.join(60)
    assert claim(COMMENTS) == [], "the channel is spoken to"
    assert finish(found[0], Answer(60.0))
    assert [row.channel_id for row in claim(COMMENTS)] == [channel.id]


def test_a_copy_or_a_restored_backup_asks_nobody_until_it_is_settled(
    practice: PracticeServer, workspace: Workspace, other_workspace: Workspace
) -> None:
    """Each look may renew a sign-in, and leave the installation that it was copied from without one."""
    channel, theirs = (
        connect_practice(practice, workspace, "bakery"),
        connect_practice(practice, other_workspace, "shop"),
    )
    hold_everything(make_system_actor("tests"), Held.COPY, now())
    with workspace_scope(other_workspace.id):
        settle_workspace(actor(other_workspace), Settlement("skip", "skip"))
    plan(HEALTH, COMMENTS)
    with running_reader():
        wait_until(lambda: poll_of(other_workspace, theirs, HEALTH).read_at)
        assert {poll_of(workspace, channel, what).fence for what in (HEALTH, COMMENTS)} == {0}
        assert wakes() is None or wakes() > now(), "nor does the loop turn for nothing"  # type: ignore[operator]
        with workspace_scope(workspace.id):
            settle_workspace(actor(workspace), Settlement("skip", "skip"))
        wait_until(lambda: poll_of(workspace, channel, HEALTH).read_at)


def wakes() -> datetime | None:
    async def work() -> datetime | None:
        async with await ReadingLoop(get_address(), QUICK).connect() as own:
            return await next_wake(own, [HEALTH])

    return asyncio.run(work())
