"""What can be staged is staged before the time; what is changed meanwhile goes out in its newest form or not at all."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from psycopg import AsyncConnection

from kaja.channels.models import Channel
from kaja.delivery.actions import hold_everything, pause_workspace, resume_workspace
from kaja.delivery.engine.claim import claim_ahead, claim_due, take_over
from kaja.delivery.engine.decide import Ahead
from kaja.delivery.engine.journal import Journal
from kaja.delivery.models import Attempt, Delivery, State
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Held, Workspace
from tests.delivery import memos
from tests.delivery.ahead import SENDERS, WORKER, Sender, by_hand, make_work, send_memo, take_ahead
from tests.needed import needs
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, QUICK, connect_practice, deliveries_of, later, plan_post, running_engine
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
every_source = pytest.mark.parametrize("source", SENDERS)


@pytest.fixture(autouse=True)
def _memos(transactional_db: None) -> Iterator[None]:
    with memos.memos_at_work():
        yield


@pytest.fixture
def channel(practice: PracticeServer, workspace: Workspace) -> Channel:
    return connect_practice(practice, workspace, "bakery", "staged")


def stands_staged(sender: Sender, *or_has: State) -> bool:
    row = sender.row()
    return is_staged(row) or row.state in or_has


def is_staged(row: Delivery) -> bool:
    return (row.state, row.stage, row.ahead_at, row.ahead_until) == (State.SCHEDULED, "publish", None, None)


def stages_of(sender: Sender) -> list[tuple[str, str]]:
    with workspace_scope(sender.workspace.id):
        lines = Attempt.objects.filter(delivery_id=sender.row().id).order_by("started_at")
        return list(lines.values_list("stage", "outcome"))


def texts(practice: PracticeServer) -> list[str]:
    return sorted(item["text"] for item in practice.truth())


@every_source
def test_when_the_time_comes_only_the_call_that_counts_is_left(
    source: str, practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    sender = SENDERS[source](workspace, channel, "Ready in time")
    due = sender.row().due_at
    with running_engine():
        wait_until(lambda: is_staged(sender.row()))
        staged = sender.row()
        assert staged.next_at == due
        assert texts(practice) == []
        assert stages_of(sender) == [("container", "done"), ("ready", "done")]
        assert needs(staged.content)["created_at"].startswith(due.strftime("%Y-%m-%dT%H:%M:%S"))
        sender.come_due()
        wait_until(lambda: sender.row().state == State.SENT)
    assert stages_of(sender) == [("container", "done"), ("ready", "done"), ("publish", "sent")]
    assert texts(practice) == ["Ready in time"]


Change = Callable[[Sender], None]
CHANGES: dict[str, tuple[Change, list[str]]] = {
    "edited": (lambda sender: sender.change("As it is"), ["As it is"]),
    "moved": (lambda sender: sender.move(later(900)), ["As it was"]),
    "withdrawn": (lambda sender: sender.withdraw(), []),
}
MOMENTS = ("claimed", "begun", "staged once", "begun again", "staged", "due", "prepared")


async def go_on(own: AsyncConnection[Any], journal: Journal, sender: Sender, at: str, change: Change) -> bool:
    """A worker's way with a message, that is changed at one moment of it; whether it would have made the call."""

    async def reach(moment: str) -> None:
        if moment == at:
            await asyncio.to_thread(change, sender)

    row_id = (await asyncio.to_thread(sender.row)).id
    row = await take_ahead(own, row_id)
    work = await make_work(row)
    await reach("claimed")
    for stage, onwards, names in (
        ("container", "ready", ("begun", "staged once")),
        ("ready", "publish", ("begun again", "staged")),
    ):
        attempt = await journal.begin_ahead(row, stage, work.own)
        await reach(names[0])
        done = Ahead(onwards, {"container": "of the old form"}, goes_on=onwards == "ready")
        kept = attempt is not None and await journal.finish_ahead(row, done)
        await reach(names[1])
        if not kept:
            return False
    await asyncio.to_thread(sender.come_due)
    await reach("due")
    taken = [each for each in await claim_due(own, 50, QUICK.lease) if each.id == row_id]
    if not taken:
        return False
    [row] = taken
    if row.content is None:
        return False  # planned anew, and taken by us like by any other worker: that is the newest form
    await make_work(row)
    await reach("prepared")
    return await journal.begin(row, row.stage, True) is not None


@every_source
@pytest.mark.parametrize("how", CHANGES)
def test_it_goes_out_in_its_newest_form_whenever_it_is_changed(
    source: str, how: str, practice: PracticeServer, workspace: Workspace
) -> None:
    change, expected = CHANGES[how]
    senders = []
    for moment in MOMENTS:
        channel = connect_practice(practice, workspace, moment, "staged")
        sender = SENDERS[source](workspace, channel, "As it was")
        assert by_hand(partial(go_on, sender=sender, at=moment, change=change)) is False, moment
        senders.append(sender)
    with running_engine():
        for sender in senders:
            if expected:
                wait_until(partial(stands_staged, sender, State.SENT))
                if sender.row().state != State.SENT:
                    sender.come_due()
                wait_until(partial(sender.has_state, State.SENT))
            else:
                wait_until(partial(sender.has_state, State.CANCELLED))
    assert texts(practice) == expected * len(MOMENTS)


@every_source
def test_nothing_is_staged_in_a_pause_and_nothing_goes_out(
    source: str, practice: PracticeServer, workspace: Workspace, other_workspace: Workspace, channel: Channel
) -> None:
    sender = SENDERS[source](workspace, channel, "In due course")

    def pause() -> None:
        with workspace_scope(workspace.id):
            pause_workspace(ACTOR)

    async def work(own: Any, journal: Journal) -> tuple[Any, list[Any]]:
        row = await take_ahead(own, (await asyncio.to_thread(sender.row)).id)
        made = await make_work(row)
        await asyncio.to_thread(pause)
        begun = await journal.begin_ahead(row, "container", made.own)
        await journal.finish_ahead(row, Ahead("", {}, now()))
        return begun, await claim_ahead(own, 50, QUICK, WORKER)

    assert by_hand(work) == (None, [])
    with workspace_scope(workspace.id):
        resume_workspace(ACTOR)
    with running_engine():
        wait_until(lambda: is_staged(sender.row()))
        pause()
        sender.come_due()
        # What is not paused goes out meanwhile: the loop has looked at both.
        other = send_elsewhere(practice, other_workspace)
        wait_until(lambda: other.row().state == State.SENT)
        assert is_staged(sender.row())
        assert texts(practice) == ["Elsewhere"]
        with workspace_scope(workspace.id):
            resume_workspace(ACTOR)
        wait_until(lambda: sender.row().state == State.SENT)
    assert texts(practice) == ["Elsewhere", "In due course"]


def send_elsewhere(practice: PracticeServer, other: Workspace) -> Sender:
    sender = send_memo(other, connect_practice(practice, other, "elsewhere"), "Elsewhere")
    sender.come_due()
    return sender


@every_source
def test_it_holds_up_nothing_of_its_channel(
    source: str, practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    """Neither while its files go up, which may take minutes, nor while it waits for its time."""
    sender = SENDERS[source](workspace, channel, "Later")
    row_id = sender.row().id
    row = by_hand(lambda own, _: take_ahead(own, row_id))
    assert row.state == State.SCHEDULED
    first = SENDERS[source](workspace, channel, "Meanwhile")
    first.come_due()
    with running_engine():
        wait_until(lambda: first.row().state == State.SENT)
        assert sender.row().state == State.SCHEDULED
        wait_until(lambda: is_staged(sender.row()))
        second = SENDERS[source](workspace, channel, "Before it")
        second.come_due()
        wait_until(lambda: second.row().state == State.SENT)
        sender.come_due()
        wait_until(lambda: sender.row().state == State.SENT)
    assert texts(practice) == ["Before it", "Later", "Meanwhile"]


def test_what_is_still_going_up_when_the_time_comes_is_not_begun_again(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    sender = send_memo(workspace, channel, "Just in time")

    async def work(own: Any, journal: Journal) -> list[Any]:
        row = await take_ahead(own, (await asyncio.to_thread(sender.row)).id)
        made = await make_work(row)
        attempt = await journal.begin_ahead(row, "container", made.own)
        assert attempt is not None
        await asyncio.to_thread(sender.come_due)
        held = await claim_due(own, 50, QUICK.lease)
        assert await journal.finish_ahead(row, Ahead("container", {}))
        return [held, len(await claim_due(own, 50, QUICK.lease))]

    assert by_hand(work) == [[], 1]


def test_two_workers_stage_it_once(practice: PracticeServer, workspace: Workspace, channel: Channel) -> None:
    senders = [send_memo(workspace, channel, f"Memo {number}") for number in range(6)]
    with running_engine(), running_engine():
        for sender in senders:
            wait_until(partial(stands_staged, sender))
        for sender in senders:
            sender.come_due()
        for sender in senders:
            wait_until(partial(sender.has_state, State.SENT))
    for sender in senders:
        assert stages_of(sender) == [("container", "done"), ("ready", "done"), ("publish", "sent")]
    assert texts(practice) == [f"Memo {number}" for number in range(6)]


def test_what_a_killed_worker_staged_is_staged_by_another_and_less_and_less_often(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    sender = send_memo(workspace, channel, "Takes its worker down")

    async def work(own: Any, journal: Journal) -> bool:
        row = await take_ahead(own, (await asyncio.to_thread(sender.row)).id)
        made = await make_work(row)
        assert await journal.begin_ahead(row, "container", made.own)
        assert await take_over(own, "null", gone=[WORKER]) == 1
        return await journal.finish_ahead(row, Ahead("ready", {"container": "a dead worker's"}))

    assert by_hand(work) is False
    row = sender.row()
    assert (row.state, row.stage, row.checkpoint, row.ahead_until) == (State.SCHEDULED, "container", {}, None)
    assert needs(row.ahead_at) > now()
    with workspace_scope(workspace.id):
        Delivery.objects.update(ahead_at=now(), ahead_tries=QUICK.ahead_tries)

    async def again(own: Any, _: Journal) -> list[Any]:
        return await claim_ahead(own, 50, QUICK, WORKER)

    assert by_hand(again) == [], "it is left to the usual way"
    with running_engine():
        sender.come_due()
        wait_until(lambda: sender.row().state == State.SENT)
    assert texts(practice) == ["Takes its worker down"]


@pytest.mark.parametrize("fault", ["error_before", "drop_before", "too_many"])
def test_what_cannot_be_staged_goes_the_usual_way(
    fault: str, practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    faults: dict[str, Any] = {fault: {"probability": 1, "on": ["container"]}}
    practice.set_faults(**faults)
    sender = send_memo(workspace, channel, "Against all odds")
    with running_engine():
        wait_until(lambda: sender.row().ahead_tries >= 2)
        row = sender.row()
        assert (row.state, row.needs_person, row.problem, row.tries) == (State.SCHEDULED, False, None, 0)
        practice.set_faults()
        sender.come_due()
        wait_until(lambda: sender.row().state == State.SENT)
    assert texts(practice) == ["Against all odds"]


def test_what_the_network_has_forgotten_by_then_is_staged_anew(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    sender = send_memo(workspace, channel, "Once more")
    with running_engine():
        wait_until(lambda: is_staged(sender.row()))
        with workspace_scope(workspace.id):
            Delivery.objects.update(checkpoint={"container": "99999"})
        sender.come_due()
        wait_until(lambda: sender.row().state == State.SENT)
    assert [stage for stage, _ in stages_of(sender)] == [
        "container", "ready", "publish", "container", "ready", "publish",
    ]  # fmt: skip
    assert texts(practice) == ["Once more"]


def test_a_source_that_did_not_tell_is_asked_once_more(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    """As a page of an older version does not, perhaps."""
    changed, gone = (send_memo(workspace, channel, text) for text in ("As it was", "Not any more"))
    with running_engine():
        wait_until(lambda: is_staged(changed.row()) and is_staged(gone.row()))
        memos.change(workspace, changed.id, "As it is", tell=False)
        memos.withdraw(workspace, gone.id, tell=False)
        changed.come_due()
        gone.come_due()
        wait_until(lambda: changed.row().state == State.SENT)
        wait_until(lambda: gone.row().state == State.CANCELLED)
    assert texts(practice) == ["As it is"]


def test_what_goes_out_late_does_not_bear_its_old_time(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    sender = send_memo(workspace, channel, "Late")
    with running_engine():
        wait_until(lambda: is_staged(sender.row()))
        planned = needs(sender.row().content)["created_at"]
        with workspace_scope(workspace.id):
            an_hour_ago = later(-3600)
            Delivery.objects.update(due_at=an_hour_ago, next_at=an_hour_ago)
        wait_until(lambda: sender.row().state == State.SENT)
    assert needs(sender.row().content)["created_at"] != planned
    assert [stage for stage, _ in stages_of(sender)] == ["container", "ready", "publish"], "what was staged serves"


def test_a_copy_uses_nothing_that_the_other_has_staged(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    sender = send_memo(workspace, channel, "In one of two places")
    with running_engine():
        wait_until(lambda: is_staged(sender.row()))
    fence = sender.row().fence
    hold_everything(ACTOR, Held.COPY, now())
    row = sender.row()
    assert (row.content, row.stage, row.checkpoint) == (None, "", {})
    assert row.fence > fence
    assert row.ahead_at is not None, "it is staged here, once this is settled"


def test_what_follows_is_frozen_with_the_call_and_not_before(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    post = plan_post(workspace, [channel], "One", "Two", comment="Three", due_at=later(600))
    with running_engine():
        wait_until(lambda: is_staged(deliveries_of(workspace, post)[0]))
        first, *others = deliveries_of(workspace, post)
        assert [(row.content, row.ahead_at) for row in others] == [(None, None)] * 2
        with workspace_scope(workspace.id):
            Delivery.objects.filter(id=first.id).update(due_at=now(), next_at=now())
        wait_until(lambda: {row.state for row in deliveries_of(workspace, post)} == {State.SENT})
    assert texts(practice) == ["One", "Three", "Two"]


def test_a_worker_that_ends_gives_back_what_it_stages(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    practice.set_faults(delay={"seconds": 30, "on": ["container"]})
    sender = send_memo(workspace, channel, "To be continued")
    with running_engine():
        wait_until(lambda: sender.row().attempts_made == 1)
    row = sender.row()
    assert (row.state, row.ahead_until) == (State.SCHEDULED, None)
    practice.set_faults()
    with running_engine():
        wait_until(lambda: is_staged(sender.row()))


def test_a_message_without_files_has_nothing_to_stage(practice: PracticeServer, workspace: Workspace) -> None:
    sender = send_memo(workspace, connect_practice(practice, workspace, "plain"), "Words")
    assert (sender.row().stages_ahead, sender.row().ahead_at) == (False, None)
