"""To the end: a real engine, the practice network, and what arrived there; and what gets in between."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from kaja.channels.models import Channel
from kaja.crisis.actions import CrisisForm, start_crisis
from kaja.delivery.models import OPEN_STATES, Delivery, State
from kaja.inbox.actions import set_state
from kaja.inbox.models import Conversation, ConversationState, Message
from kaja.inbox.privately.models import PrivateReply, PrivateSending
from kaja.inbox.privately.planning import plan_private
from kaja.inbox.privately.queries import page_sendings
from kaja.kernel.clock import now
from kaja.kernel.signals import notify_due
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Notice, Workspace
from tests.channels.moving import connect_mastodon, mastodon_at_work
from tests.crisis.test_racing import beside
from tests.inbox.privately.saying import GIVEN, PUBLIC, deliveries, lines, make_private, say, take, write
from tests.people import actor
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice, plan_post, running_engine, wait_for_states
from tests.reading.reading import running_reader
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
FOREIGN = "109000000000000001"
"""A status of somebody else, which the server of the tests has."""


@pytest.fixture
def channel(practice: PracticeServer, workspace: Workspace) -> Channel:
    return connect_practice(practice, workspace, "Bakery")


def arrived(practice: PracticeServer, stream: str = "messages") -> list[dict[str, Any]]:
    """What the account said, as the network tells it, the oldest first."""
    found = practice.read(practice.account("Bakery"), stream)
    return sorted((each for each in found if each["by_account"]), key=lambda each: int(each["id"]))


def plan(workspace: Workspace) -> int:
    """For all that is there."""
    with workspace_scope(workspace.id):
        return plan_private(list(Message.objects.values_list("id", flat=True)))


def ask_there(practice: PracticeServer, workspace: Workspace, channel: Channel, *names: str) -> list[UUID]:
    """A post stands there, and these people ask below it; gives their messages, as they were taken in."""
    [row] = wait_for_states(workspace, plan_post(workspace, [channel], "Fresh bread"), "sent")
    ids = practice.plant("Bakery", *({"name": name, "text": "Price?", "post": row.remote_id} for name in names))
    said = [
        say("Price?", name, nr, thread=remote_id, publication=row.remote_id)
        for nr, (name, remote_id) in enumerate(zip(names, ids, strict=True), 1)
    ]
    named = [type(each)(**{**vars(each), "id": remote_id}) for each, remote_id in zip(said, ids, strict=True)]
    return take(workspace, channel, *named)


def make_due(workspace: Workspace) -> None:
    """Whatever waits for its moment goes out now."""
    with workspace_scope(workspace.id):
        moment = now() - timedelta(milliseconds=1)
        rows = Delivery.objects.filter(source_kind="private", state__in=(State.SCHEDULED, State.WAITING))
        rows.update(due_at=moment, next_at=moment)
        PrivateSending.objects.filter(open=True).update(due_at=moment)
        notify_due()


def is_over(workspace: Workspace) -> bool:
    with workspace_scope(workspace.id):
        return not Delivery.objects.filter(source_kind="private", state__in=OPEN_STATES).exists()


def states(workspace: Workspace) -> list[str]:
    return [state for _, state, _ in lines(workspace)]


def test_from_a_comment_to_what_arrives_there_once_under_faults(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    make_private(workspace, channel)
    practice.set_faults(
        seed=5,
        drop_after={"probability": 0.4, "on": ["message", "comment"]},
        error_before={"probability": 0.2, "on": ["message", "comment"]},
    )
    with running_engine(), running_reader():
        [row] = wait_for_states(workspace, plan_post(workspace, [channel], "Fresh bread"), "sent")
        names = ("Ann", "Ben", "Cat", "Ann", "Dan")
        practice.plant("Bakery", *({"name": name, "text": "The PRICE?", "post": row.remote_id} for name in names))

        def is_read() -> bool:
            with workspace_scope(workspace.id):
                return Message.objects.filter(direction="in").count() == len(names)

        wait_until(is_read, seconds=120)
        assert plan(workspace) == 4
        assert plan(workspace) == 0
        wait_until(lambda: states(workspace) == ["sent"] * 4 and is_over(workspace), seconds=240)
        # Read back, they are ours and no new thing; the next who asks is not kept from it by them.
        practice.set_faults()

        def is_known() -> bool:
            with workspace_scope(workspace.id):
                return Message.objects.filter(direction="out", delivery_id__isnull=False).count() == 8

        wait_until(is_known, seconds=240)
        practice.plant("Bakery", {"name": "Eve", "text": "price", "post": row.remote_id})
        wait_until(lambda: plan(workspace) == 1, seconds=120)
        wait_until(lambda: states(workspace) == ["sent"] * 5 and is_over(workspace), seconds=240)
    private, public = arrived(practice), arrived(practice, "comments")
    comments = {each["id"]: each["author"] for each in practice.read(practice.account("Bakery"), "comments")}
    assert sorted(comments[each["parent"]] for each in private) == ["Ann", "Ben", "Cat", "Dan", "Eve"]
    assert sorted(each["text"] for each in private) == sorted(
        f"Hello {name}, the prices: kaja.test/prices" for name in ("Ann", "Ben", "Cat", "Dan", "Eve")
    )
    # Each below the comment that the private one is bound to, in words that were given.
    assert sorted(each["parent"] for each in public) == sorted(each["parent"] for each in private)
    assert {each["text"] for each in public} <= set(PUBLIC)
    assert len({each["dialogue"] for each in private}) == 5
    with workspace_scope(workspace.id):
        assert [line.public for line in page_sendings().rows] == ["sent"] * 5
        assert set(Conversation.objects.filter(kind="direct").values_list("messages_count", flat=True)) == {1}


@pytest.mark.parametrize("then", ["crisis", "writes back", "answered", "switched off", "spam"])
def test_what_comes_in_between_keeps_it_from_going_out(
    practice: PracticeServer, workspace: Workspace, channel: Channel, then: str
) -> None:
    """Its call has failed once, so that what it says is frozen; it is asked about before the next try all the same."""
    made = make_private(workspace, channel)
    practice.set_faults(error_before={"probability": 1, "on": ["message"]})
    with running_engine():
        ids = ask_there(practice, workspace, channel, "Ann")
        assert plan(workspace) == 1

        def was_tried() -> bool:
            [row] = deliveries(workspace)
            return row.content is not None and row.state == State.WAITING

        wait_until(was_tried, seconds=120)
    # No worker is at it now, so what is changed here is there when the next one asks.
    with workspace_scope(workspace.id):
        talk = Message.objects.get(id=ids[0]).conversation_id
        if then == "crisis":
            start_crisis(actor(workspace), CrisisForm("Mould"))
        elif then == "switched off":
            PrivateReply.objects.filter(id=made.id).update(on_since=None)  # only the question finds it
        elif then == "spam":
            set_state(actor(workspace), [talk], ConversationState.SPAM)
    if then == "writes back":
        take(workspace, channel, write("Never mind", "Ann", 7), stream="messages")
    elif then == "answered":
        with workspace_scope(workspace.id):
            thread = Conversation.objects.get(id=talk).thread
        take(workspace, channel, say("Two euros", "us", 8, thread=thread, parent=thread, publication=""))
    practice.set_faults()
    make_due(workspace)
    with running_engine():
        wait_until(lambda: is_over(workspace) and "waiting" not in states(workspace), seconds=120)
    assert states(workspace) == ["stopped"]
    assert arrived(practice) == []
    assert arrived(practice, "comments") == []
    assert [row.state for row in deliveries(workspace)] == ["cancelled"]
    with workspace_scope(workspace.id):
        assert not Notice.objects.filter(kind__startswith="delivery").exists()  # nobody has to do anything


@pytest.mark.parametrize("then", ["crisis", "writes back"])
def test_each_arrives_once_or_is_stopped_while_they_go_out(
    practice: PracticeServer, workspace: Workspace, channel: Channel, then: str
) -> None:
    """Twelve of them go out one after the other while it happens: each stands there once, or says why it does not."""
    make_private(workspace, channel, said={"public": []})
    names = [f"Guest {chr(65 + nr)}" for nr in range(12)]
    practice.set_faults(delay={"seconds": 0.1, "on": ["message"]})
    with running_engine():
        ask_there(practice, workspace, channel, *names)
        assert plan(workspace) == 12
        wait_until(lambda: len(arrived(practice)) >= 3, seconds=120)

        def happen() -> None:
            if then == "crisis":
                with workspace_scope(workspace.id):
                    start_crisis(actor(workspace), CrisisForm("Mould"))
            else:
                take(workspace, channel, *(write("Never mind", who, nr) for nr, who in enumerate(names)))

        other = beside(happen)
        other.join(120)
        wait_until(lambda: is_over(workspace) and "waiting" not in states(workspace), seconds=240)
    there = sorted(each["text"].partition(",")[0].removeprefix("Hello ") for each in arrived(practice))
    assert len(there) >= 3
    by_name = {who: (state, code) for who, state, code in lines(workspace)}
    stopped = [who for who, (state, _) in by_name.items() if state == "stopped"]
    assert len(there) + len(stopped) == 12
    code = "private_crisis" if then == "crisis" else "private_wrote_back"
    assert {by_name[who][1] for who in stopped} <= {code}
    counted = [each["parent"] for each in arrived(practice)]
    assert len(counted) == len(set(counted))


def test_what_is_planned_while_a_crisis_begins_is_stopped_by_it_or_never_planned(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    make_private(workspace, channel, limits={"pause_least": 600, "pause_most": 600})
    said = [say("price", f"p{nr:02}", nr) for nr in range(20)]
    ids = take(workspace, channel, *said)
    together, broken = threading.Barrier(2), list[BaseException]()

    def run(work: Callable[[], object]) -> None:
        try:
            together.wait(60)
            work()
        except BaseException as error:  # noqa: BLE001 - looked at below
            broken.append(error)
        finally:
            connection.close()

    def plan_all() -> None:
        for each in ids:
            with workspace_scope(workspace.id):
                plan_private([each])

    def begin() -> None:
        with workspace_scope(workspace.id):
            start_crisis(actor(workspace), CrisisForm("Mould"))

    threads = [threading.Thread(target=run, args=(work,)) for work in (plan_all, begin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert broken == []
    assert {(state, code) for _, state, code in lines(workspace)} == {("stopped", "private_crisis")}
    assert len(lines(workspace)) == 20
    assert {row.state for row in deliveries(workspace)} <= {"cancelled"}


def test_after_the_hour_it_waits_for_the_next_and_after_the_ceiling_for_the_next_day(
    practice: PracticeServer, workspace: Workspace, channel: Channel
) -> None:
    """A worker that was away finds them due all at once: no more than the ceiling goes out on that day."""
    make_private(workspace, channel, said={"public": []}, limits={**GIVEN["limits"], "daily": 2})
    with running_engine():
        ask_there(practice, workspace, channel, "Ann", "Ben", "Cat", "Dan")
        assert plan(workspace) == 4
        make_due(workspace)  # also those of tomorrow
        wait_until(lambda: len(arrived(practice)) == 2, seconds=120)

        def is_put_off() -> bool:
            rows = [row for row in deliveries(workspace) if row.state == State.SCHEDULED]
            return len(rows) == 2 and all(row.due_at > now() for row in rows)

        wait_until(is_put_off, seconds=120)
        # That they went out is told a moment later.
        wait_until(lambda: sorted(states(workspace)) == ["sent", "sent", "waiting", "waiting"], seconds=120)
    assert len(arrived(practice)) == 2


def test_on_mastodon_it_is_a_status_that_only_they_may_read(workspace: Workspace, settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    with mastodon_at_work() as (server, url):
        channel = connect_mastodon(workspace, url)
        make_private(workspace, channel)
        data = {"acct": "sam@example.social", "visibility": "public"}
        asked = say("price?", "sam", thread=FOREIGN, data=data)
        take(workspace, channel, type(asked)(**{**vars(asked), "id": FOREIGN}))
        assert plan(workspace) == 1
        with running_engine():
            wait_until(lambda: is_over(workspace) and states(workspace) == ["sent"], seconds=120)
        private, public = sorted(server.statuses, key=lambda each: str(each["visibility"]))
    assert (private["visibility"], public["visibility"]) == ("direct", "public")
    assert private["in_reply_to_id"] == public["in_reply_to_id"] == FOREIGN
    assert "Hello Sam, the prices" in private["content"]
    assert private["content"].count("@sam") == 1
    assert any(text in public["content"] for text in PUBLIC)
