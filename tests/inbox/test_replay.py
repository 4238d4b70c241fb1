"""Events that come twice, late, in any order, again from the beginning, through workers that are killed: what stands
there in the end is what one orderly delivery makes. More of them at night, any number by hand (docs/testing.md)."""

import os
import random
import signal
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connections

from kaja.channels.models import Channel
from kaja.inbox.models import Message
from kaja.kernel.locks import lock
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Author, Incoming
from kaja.reading.models import Item
from kaja.reading.streams import take_in
from tests.conftest import make_workspace
from tests.inbox.snapshot import snapshot
from tests.thorough import times

EVENTS = int(os.environ.get("KAJA_REPLAY") or times(2_000, 30_000))
PAGE = 50
KILLS = max(6, min(EVENTS // 2_500, 60))
AT = datetime(2026, 1, 1, tzinfo=UTC)
"""Long enough ago that all of them have happened: a clock that is ahead is not believed."""
Pages = Sequence[Sequence[Incoming]]


def tell_story(number: int, chance: random.Random) -> list[Incoming]:
    """So many events in the order of time: things said, edited and deleted, in threads, by some people and by us."""
    events: list[Incoming] = []
    while len(events) < number:
        nr = len(events)
        at = AT + timedelta(minutes=nr)
        thread = chance.randrange(1 + nr // 12)
        who = chance.randrange(80)
        author = Author("us", is_us=True) if who < 10 else Author(f"p{who}", f"@p{who}", f"Person {who} {nr // 500}")
        said = Incoming(
            f"m{nr}", "reply" if who < 10 else "comment", author, at, f"Words {nr}", thread=f"t{thread}",
            parent="x" if who < 10 else "", publication=f"post{thread % 9}",
        )  # fmt: skip
        events.append(said)
        for minutes in sorted(chance.sample(range(1, 500), chance.choice([0, 0, 0, 1, 2]))):
            changed = f"{said.text} edited {minutes}"
            events.append(replace(said, text=changed, state="edited", edited_at=at + timedelta(minutes=minutes)))
        if chance.random() < 0.08:
            events.append(replace(said, text="", state="deleted"))
    return events[:number]


def cut(events: Sequence[Incoming]) -> Pages:
    return [events[first : first + PAGE] for first in range(0, len(events), PAGE)]


def take_page(workspace_id: UUID, channel_id: UUID, stream: str, page: Sequence[Incoming]) -> None:
    """In the transaction and behind the lock that a worker has (`reading.actions.finish`)."""
    with workspace_scope(workspace_id):
        assert lock(Channel.objects.filter(id=channel_id)).first() is not None
        take_in(channel_id, stream, page)


def start_worker(workspace_id: UUID, channel_id: UUID, stream: str, pages: Pages) -> tuple[int, int]:
    """A process that takes in these pages, and where it writes a byte after each."""
    connections.close_all()  # a connection that two processes have is nobody's
    reads, writes = os.pipe()
    if pid := os.fork():
        os.close(writes)
        return pid, reads
    status = 1
    try:
        for page in pages:
            take_page(workspace_id, channel_id, stream, page)
            os.write(writes, b".")
        status = 0
    finally:
        os._exit(status)


@pytest.fixture
def workers() -> Iterator[list[int]]:
    """Processes that are ended with the test."""
    running: list[int] = []
    yield running
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


@pytest.mark.django_db(transaction=True)
def test_what_comes_twice_late_and_through_killed_workers_is_as_if_it_came_in_order(workers: list[int]) -> None:
    chance = random.Random(7)
    events = tell_story(EVENTS * 2 // 3, chance)
    mixed = events + chance.choices(events, k=EVENTS - len(events))
    chance.shuffle(mixed)
    places = {}
    for slug in ("orderly", "stormy"):
        workspace = make_workspace(slug, f"{slug}@acme.test")[0]
        with workspace_scope(workspace.id):
            channel = Channel.objects.create(network="practice", account_id="1", name="bakery")
            Channel.objects.filter(id=channel.id).update(created_at=AT)
        places[slug] = (workspace.id, channel.id)
    for page in cut(events):
        take_page(*places["orderly"], "comments", page)

    pages = cut(mixed)
    for kill in range(KILLS):
        # Two at a time, as a hook wakes one while the other reads: one is killed somewhere, the other gets to its end.
        first = chance.randrange(len(pages))
        part = pages[first : first + max(4, len(pages) // 10)]
        doomed, progress = start_worker(*places["stormy"], "comments", part)
        workers.append(doomed)
        other, done = start_worker(*places["stormy"], "mentions", chance.sample(list(pages), 3))
        workers.append(other)
        for _ in range(kill % 3):
            os.read(progress, 1)
        os.kill(doomed, signal.SIGKILL)
        os.waitpid(doomed, 0)
        workers.remove(doomed)
        assert os.waitpid(other, 0)[1] == 0, "what is taken in beside it is kept"
        workers.remove(other)
        os.close(progress)
        os.close(done)
    for page in pages:
        take_page(*places["stormy"], "comments", page)

    found = {}
    for slug, (workspace_id, _) in places.items():
        with workspace_scope(workspace_id):
            found[slug] = {
                name: [
                    [pair for pair in row if pair[0] != "workspace_id"] if isinstance(row, list) else row
                    for row in rows
                ]
                for name, rows in snapshot().items()
            }
            count = len({event.id for event in events})
            assert Message.objects.count() == Item.objects.count() == count
    for name, expected in found["orderly"].items():
        assert found["stormy"][name] == expected, name
