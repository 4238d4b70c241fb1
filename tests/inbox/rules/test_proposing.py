"""Rules that propose an answer or give a task: nobody but a person sends it, and a task stays until it is done."""

from datetime import timedelta

import pytest

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery
from kaja.inbox.actions import propose_draft, remind, set_state
from kaja.inbox.actions.returning import remind_of
from kaja.inbox.models import Conversation, ConversationState, Direction, Message, SavedReply
from kaja.inbox.rules.actions import apply_rules, list_hits, parse_rule, undo_hits
from kaja.inbox.standing import bring_up_to_date
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Refused
from kaja.workspaces.models import Notice, Role, User, Workspace
from tests.inbox.rules.test_rules import REFUND, hear, switched_on
from tests.people import actor, add_member


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


@pytest.fixture
def saved(in_workspace: Workspace) -> SavedReply:
    return SavedReply.objects.create(title="Refunds", texts={"en": "Dear {name}, we are sorry."})


@pytest.fixture
def maria(in_workspace: Workspace) -> User:
    return add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER, "Maria")


def stored(message: Message) -> Conversation:
    return Conversation.objects.get(id=message.conversation_id)


def test_a_draft_stands_with_the_conversation_and_nothing_is_sent(
    in_workspace: Workspace, channel: Channel, saved: SavedReply
) -> None:
    switched_on(in_workspace, then={"draft": str(saved.id)})
    message = hear(channel, "refund please")
    assert apply_rules([message.id]) == 1
    row = stored(message)
    assert (row.draft_reply_id, row.draft_by) == (saved.id, "Refunds")
    assert not Delivery.objects.exists()
    assert not Message.objects.filter(direction=Direction.OUT).exists()
    undo_hits(actor(in_workspace), [hit.id for hit in list_hits()])
    row = stored(message)
    assert (row.draft_reply_id, row.draft_by) == (None, "")


def test_a_draft_goes_when_it_is_left_out_or_the_conversation_is_done(
    in_workspace: Workspace, channel: Channel, saved: SavedReply
) -> None:
    switched_on(in_workspace, then={"draft": str(saved.id)})
    one, two = hear(channel, "refund", "a"), hear(channel, "refund", "b")
    apply_rules([one.id, two.id])
    propose_draft(actor(in_workspace), [one.conversation_id], None)
    set_state(actor(in_workspace), [two.conversation_id], ConversationState.DONE)
    assert [stored(each).draft_reply_id for each in (one, two)] == [None, None]
    assert [stored(each).draft_by for each in (one, two)] == ["", ""]


def test_a_draft_of_a_reply_that_is_gone_is_a_hit_that_says_so(
    in_workspace: Workspace, channel: Channel, saved: SavedReply
) -> None:
    switched_on(in_workspace, then={"draft": str(saved.id), "labels": ["money"]})
    kept = hear(channel, "refund", "a")
    apply_rules([kept.id])
    saved.delete()
    assert stored(kept).draft_reply_id is None
    message = hear(channel, "refund", "b")
    apply_rules([message.id])
    hit = list_hits().first()
    assert hit is not None
    assert hit.problem is not None
    assert hit.problem["code"] == "saved_reply_not_found"


def test_a_task_is_told_stays_when_they_write_and_comes_back_when_it_is_due(
    in_workspace: Workspace, channel: Channel, maria: User
) -> None:
    task = {"text": "Call them", "member": str(maria.id), "minutes": 120}
    switched_on(in_workspace, then={"task": task})
    message = hear(channel, "refund please", thread="one")
    before = clock.now()
    apply_rules([message.id])
    row = stored(message)
    assert (row.remind_text, row.remind_by_id) == ("Call them", maria.id)
    assert row.remind_at is not None
    assert timedelta(minutes=119) < row.remind_at - before < timedelta(minutes=121)
    assert [n.params["task"] for n in Notice.objects.filter(kind="inbox.task", member__user=maria)] == ["Call them"]
    # What they write takes off a reminder, and no task.
    hear(channel, "hello?", thread="one", at=clock.now() + timedelta(seconds=1))
    bring_up_to_date([row], channel.created_at, {row.id})
    row.save()
    assert stored(message).remind_text == "Call them"
    due = row.remind_at
    remind_of([row.id], due)
    row = stored(message)
    assert (row.remind_at, row.remind_text) == (None, "")
    told = Notice.objects.filter(kind="inbox.task", member__user=maria).order_by("created_at")
    assert [n.message.partition(":")[0] for n in told] == ["A task for you", "A task is due"]


def test_a_task_ends_when_the_conversation_is_done_and_a_reminder_takes_its_place(
    in_workspace: Workspace, channel: Channel, maria: User
) -> None:
    switched_on(in_workspace, then={"task": {"text": "Call", "member": str(maria.id), "minutes": 60}})
    one, two = hear(channel, "refund", "a"), hear(channel, "refund", "b")
    apply_rules([one.id, two.id])
    set_state(actor(in_workspace), [one.conversation_id], ConversationState.DONE)
    remind(actor(in_workspace), [two.conversation_id], clock.now() + timedelta(days=1))
    assert [stored(each).remind_text for each in (one, two)] == ["", ""]
    assert stored(one).remind_at is None
    assert stored(two).remind_at is not None


def test_a_task_of_nobody_here_is_a_hit_that_says_so(in_workspace: Workspace, channel: Channel) -> None:
    switched_on(in_workspace, then={"task": {"text": "Call", "member": str(new_id()), "minutes": 60}})
    message = hear(channel, "refund")
    apply_rules([message.id])
    [hit] = list_hits()
    assert hit.problem is not None
    assert hit.problem["code"] == "assignee_unknown"
    assert stored(message).remind_at is None


@pytest.mark.parametrize(
    "task",
    [{"text": "x"}, {"text": "", "member": str(new_id()), "minutes": 5}, {"text": "x", "member": "y", "minutes": 5}],
    ids=["nobody's", "wordless", "no id"],
)
def test_a_task_without_what_it_needs_is_no_rule(task: dict[str, object]) -> None:
    with pytest.raises(Refused):
        parse_rule({**REFUND, "then": {"task": task}})
