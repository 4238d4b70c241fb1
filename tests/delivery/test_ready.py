"""Rows that are read before their time, and taken by the statement that opens their call: as they were read, or not."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from kaja.channels.models import Channel, Health, QuotaState
from kaja.delivery.actions import pause_workspace
from kaja.delivery.engine import decide
from kaja.delivery.engine.claim import Share, claim_due, find_share, read_ready
from kaja.delivery.engine.journal import Journal, Record
from kaja.delivery.engine.lines import Item
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.ready import ReadyRows
from kaja.delivery.engine.row import Claimed
from kaja.delivery.models import Attempt, Delivery, State, WorkerSign
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.results import RemoteRef
from kaja.workspaces.models import Workspace
from tests.delivery import memos
from tests.delivery.ahead import SENDERS, WORKER, Sender, by_hand, make_work, send_memo
from tests.needed import needs
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, QUICK, connect_practice, later, running_engine
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
every_source = pytest.mark.parametrize("source", SENDERS)
LONG_AGO = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


@pytest.fixture(autouse=True)
def _memos(transactional_db: None) -> Iterator[None]:
    with memos.memos_at_work():
        yield


@pytest.fixture
def channel(practice: PracticeServer, workspace: Workspace) -> Channel:
    return connect_practice(practice, workspace, "bakery")


async def read(own: Any) -> list[Claimed]:
    return await read_ready(own, 50, 5.0, Share(), *LONG_AGO)


def _pause(sender: Sender) -> None:
    with workspace_scope(sender.workspace.id):
        pause_workspace(ACTOR)


def _channel(**values: Any) -> Callable[[Sender], None]:
    def change(sender: Sender) -> None:
        with workspace_scope(sender.workspace.id):
            Channel.objects.update(**values)

    return change


def _use_up(sender: Sender) -> None:
    with workspace_scope(sender.workspace.id):
        QuotaState.objects.create(channel=Channel.objects.get(), bucket="posts", remaining=0, resets_at=later(600))


def _another(**values: Any) -> Callable[[Sender], None]:
    """Another message of the channel stands in the way."""

    def change(sender: Sender) -> None:
        with workspace_scope(sender.workspace.id):
            row = Delivery.objects.get(id=sender.row().id)
            other = new_id()
            earlier = row.due_at - timedelta(seconds=1)
            planned = {"due_at": earlier, "next_at": earlier, "source_kind": memos.MEMO, "subject_id": other, **values}
            Delivery.objects.create(source_id=other, channel_id=row.channel_id, **planned)

    return change


IN_THE_WAY: dict[str, Callable[[Sender], None]] = {
    "edited": lambda sender: sender.change("As it is"),
    "moved": lambda sender: sender.move(later(900)),
    "withdrawn": lambda sender: sender.withdraw(),
    "paused": _pause,
    "disconnected": _channel(disconnected_at=later(0)),
    "to be reconnected": _channel(health=Health.RECONNECT),
    "budget used up": _use_up,
    "another is being sent": _another(state=State.SENDING, next_at=later(600)),
    "another may stand there": _another(state=State.UNCERTAIN, next_at=None, content={"text": "As it was"}),
    "an earlier one is due": _another(),
    "claimed": lambda sender: by_claim(),
}


def by_claim() -> None:
    async def work(own: Any, _: Journal) -> int:
        return len(await claim_due(own, 10, QUICK.lease))

    assert asyncio.run(_in_engine(work)) == 1


async def _in_engine(work: Callable[[Any, Any], Any]) -> Any:
    async with await Engine(get_address(), QUICK).connect() as own:
        return await work(own, None)


@every_source
@pytest.mark.parametrize("what", IN_THE_WAY)
def test_what_is_not_as_it_was_read_is_not_taken(
    source: str, what: str, workspace: Workspace, channel: Channel
) -> None:
    sender = SENDERS[source](workspace, channel, "As it was")
    sender.come_due()

    async def work(own: Any, journal: Journal) -> Any:
        [row] = await read(own)
        made = await make_work(row)
        await asyncio.to_thread(IN_THE_WAY[what], sender)
        return await journal.take(row, "publish", made.made, WORKER)

    assert by_hand(work) is None
    with workspace_scope(workspace.id):
        assert not Attempt.objects.exists()


@every_source
def test_one_statement_takes_it_and_opens_its_call(source: str, workspace: Workspace, channel: Channel) -> None:
    sender = SENDERS[source](workspace, channel, "As it was")
    fence = sender.row().fence

    async def work(own: Any, journal: Journal) -> list[Any]:
        assert await read(own) == [], "its time is far"
        await asyncio.to_thread(sender.come_due)
        [row] = await read(own)
        made = await make_work(row)
        attempt = await journal.take(row, "publish", made.made, WORKER)
        again = await journal.take(row, "publish", made.made, WORKER)
        return [attempt is not None, again, journal.commits, await claim_due(own, 10, QUICK.lease)]

    assert by_hand(work) == [True, None, 2, []]
    row = sender.row()
    assert (row.state, row.fence, row.claimed_by) == (State.SENDING, fence + 1, WORKER)
    assert needs(row.content)["text"] == "As it was"
    with workspace_scope(workspace.id):
        attempt = Attempt.objects.get()
    assert (attempt.fence, attempt.irreversible, attempt.finished_at) == (row.fence, True, None)


def test_who_asks_again_because_the_answer_was_lost_has_it(workspace: Workspace, channel: Channel) -> None:
    send_memo(workspace, channel, "Once").come_due()

    async def work(own: Any, journal: Journal) -> list[int]:
        [row] = await read(own)
        values = {
            "id": str(row.id), "attempt": str(new_id()), "fence": row.fence, "stage": "publish",
            "made": {"0": {"text": "Once"}}, "checkpoint": None, "worker": WORKER,
        }  # fmt: skip
        item = Item("take", values, row, asyncio.get_running_loop().create_future())
        return [len(await journal._write(own, [item], [], again)) for again in (False, False, True)]

    assert by_hand(work) == [1, 0, 1]


def test_the_next_of_a_channel_is_taken_with_the_end_of_the_one_before(workspace: Workspace, channel: Channel) -> None:
    first, second = (send_memo(workspace, channel, text) for text in ("First", "Second"))
    for sender in (first, second):
        sender.come_due()

    async def work(own: Any, journal: Journal) -> list[Any]:
        rows = await read(own)
        works = {row.id: await make_work(row) for row in rows}
        one = works[(await asyncio.to_thread(first.row)).id]
        two = works[(await asyncio.to_thread(second.row)).id]
        attempt = await journal.take(one.row, "publish", one.made, WORKER)
        early = await journal.take(two.row, "publish", two.made, WORKER)
        before = journal.commits
        taking: list[asyncio.Task[Any]] = []

        def then() -> None:
            taking.append(asyncio.create_task(journal.take(two.row, "publish", two.made, WORKER)))

        verdict = decide.sent(one.row, RemoteRef("1", "https://practice.example/1"), now())
        assert await journal.finish(one.row, verdict, Record(attempt, "sent"), then)
        return [early, await taking[0] is not None, journal.commits - before]

    assert by_hand(work) == [None, True, 1]
    assert (first.row().state, second.row().state) == (State.SENT, State.SENDING)


def test_two_workers_take_one_of_a_channel(workspace: Workspace, channel: Channel) -> None:
    for text in ("One", "Two"):
        send_memo(workspace, channel, text).come_due()

    async def work(own: Any, journal: Journal) -> int:
        first, second = await read(own)
        other = Journal(Engine(get_address(), QUICK).connect, QUICK, "other:1")
        writer = asyncio.create_task(other.run())
        works = [await make_work(first), await make_work(second)]
        taken = await asyncio.gather(
            *(
                each.take(work.row, "publish", work.made, WORKER)
                for each, work in zip((journal, other), works, strict=True)
            )
        )
        other.close()
        await writer
        return sum(attempt is not None for attempt in taken)

    assert by_hand(work) == 1
    with workspace_scope(workspace.id):
        assert Delivery.objects.filter(state=State.SENDING).count() == 1
        assert Attempt.objects.count() == 1


def test_workers_share_the_channels(workspace: Workspace, practice: PracticeServer) -> None:
    for number in range(12):
        send_memo(workspace, connect_practice(practice, workspace, f"c{number}"), f"Memo {number}").come_due()
    WorkerSign.objects.bulk_create(WorkerSign(key=key, machine="m", pid=key, seen_at=now()) for key in (7, 9))
    WorkerSign.objects.create(key=8, machine="m", pid=8, seen_at=later(-600))

    async def work(own: Any, _: Journal) -> list[Any]:
        shares = [await find_share(own, key, 4.0) for key in (7, 9)]
        read = [{row.id for row in await read_ready(own, 50, 5.0, share, *LONG_AGO)} for share in shares]
        left = await claim_due(own, 50, QUICK.lease, share=shares[0], others=600.0)
        rest = await claim_due(own, 50, QUICK.lease, share=shares[0], others=0.0)
        return [shares, *read, {row.id for row in left}, {row.id for row in rest}]

    shares, one, other, left, rest = by_hand(work)
    assert shares == [Share(2, 0), Share(2, 1)]
    assert (len(one | other), one & other) == (12, set())
    assert (left, rest) == (one, other)


def test_what_is_ready_goes_out_in_order_without_a_claim(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    """Nothing claims here: whatever is sent was taken as it was read."""
    other = connect_practice(practice, workspace, "other")
    senders = [
        SENDERS[source](workspace, where, f"{name} {number}")
        for number, source in enumerate(["post", "memo", "memo", "post"])
        for name, where in (("one", channel), ("two", other))
    ]
    for sender in senders:
        sender.come_due()

    async def work(own: Any, _: Journal) -> int:
        engine = Engine(get_address(), QUICK)
        writer = asyncio.create_task(engine._journal.run())
        readying = engine._readying
        await readying.read(own)
        number = readying.rows.number
        beginning = asyncio.create_task(readying.begin(lambda: False))
        while readying.rows.number or engine._running:  # noqa: ASYNC110 - a state of which nobody tells
            await asyncio.sleep(0.01)
        beginning.cancel()
        engine._journal.close()
        await writer
        return number

    assert by_hand(work) == len(senders)
    assert {sender.row().state for sender in senders} == {State.SENT}
    for name in ("one", "two"):
        posted = sorted(practice.truth(contains=name), key=lambda item: int(item["id"]))
        assert [item["text"] for item in posted] == [f"{name} {number}" for number in range(4)]
        moments = [
            needs(sender.row().content)["created_at"]
            for sender in senders
            if needs(sender.row().content)["text"][:3] == name
        ]
        assert moments == sorted(set(moments))


def test_what_is_due_now_goes_before_what_is_ready_for_later(workspace: Workspace, channel: Channel) -> None:
    soon = memos.send(workspace, channel, "Soon", later(4))
    with running_engine():
        first = send_memo(workspace, channel, "Now")
        first.come_due()
        wait_until(lambda: first.row().state == State.SENT)
        wait_until(lambda: memos.delivery_of(workspace, soon).state == State.SENT)
    assert needs(first.row().sent_at) < needs(memos.delivery_of(workspace, soon).sent_at)


@every_source
def test_a_change_in_the_last_seconds_is_in_what_goes_out(
    source: str, practice: PracticeServer, workspace: Workspace
) -> None:
    """Many at once, changed while workers have them ready, or just begin them: each in its newest form, once."""
    senders = [
        SENDERS[source](workspace, connect_practice(practice, workspace, f"c{number}"), f"Old {number}")
        for number in range(8)
    ]
    due = later(3)
    with running_engine(), running_engine():
        for sender in senders:
            sender.move(due)
        changed = []
        for number, sender in enumerate(senders):
            sender.change(f"New {number}")
            changed.append(now())
        for sender in senders:
            wait_until(partial(sender.has_state, State.SENT))
    for number, (sender, at) in enumerate(zip(senders, changed, strict=True)):
        with workspace_scope(workspace.id):
            call = Attempt.objects.get(delivery_id=sender.row().id, irreversible=True)
        if call.started_at > at:
            assert needs(sender.row().content)["text"] == f"New {number}"
    assert sorted(item["text"] for item in practice.truth()) == sorted(needs(s.row().content)["text"] for s in senders)


# The rows in memory


class _Row:
    def __init__(self, channel: UUID, due: datetime) -> None:
        self.channel_id, self.next_at = channel, due


def _ready(channel: UUID, seconds: float) -> Any:
    due = datetime(2026, 11, 30, tzinfo=UTC) + timedelta(seconds=seconds)
    return SimpleNamespace(work=SimpleNamespace(row=_Row(channel, due)), due=due)


def test_a_channel_gives_one_at_a_time() -> None:
    start = datetime(2026, 11, 30, tzinfo=UTC)
    one, two = UUID(int=1), UUID(int=2)
    rows = ReadyRows()
    first, second, third, fourth = (_ready(*each) for each in ((one, 0), (two, 1), (one, 2), (one, 9)))
    for each in (first, second, third, fourth):
        rows.add(each)
    at = start + timedelta(seconds=3)
    assert rows.next_due() == start
    assert sorted(rows.list_channels(at)) == [one, two]
    assert list(rows.take_due(at, 10)) == [first, second]
    assert list(rows.take_due(at, 10)) == [], "both channels are busy"
    assert sorted(rows.list_channels(at)) == [one, two]
    assert rows.take_next(one, at) is third
    assert rows.take_next(one, at) is None, "its time has not come"
    rows.give_back(one)
    assert rows.next_due() == fourth.due
    assert rows.list_channels(at) == [two]
    rows.drop(two)
    rows.drop(one)
    assert (rows.next_due(), rows.number, rows.list_channels(at)) == (None, 0, [])
