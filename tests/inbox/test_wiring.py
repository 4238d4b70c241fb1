"""What follows when something is read, through the product's own wiring."""

from dataclasses import replace

from procrastinate.contrib.django.models import ProcrastinateJob

from kaja.channels.models import Channel
from kaja.inbox.actions import set_state
from kaja.inbox.models import Conversation, ConversationState, Message
from kaja.inbox.rules.actions import create_rule, parse_rule, switch_rule
from kaja.inbox.rules.conditions import mark_of
from kaja.inbox.rules.jobs import apply_rules_to
from kaja.inbox.rules.models import RuleHit
from kaja.inbox.targets.models import AnswerWait
from kaja.kernel import clock
from kaja.networks.kit.reading import Author, Incoming
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace
from tests.people import actor

MARI, US = Author("mari", "mari"), Author("us", "bakery", is_us=True)


def hear(channel: Channel, text: str) -> Incoming:
    item = Incoming("1", "comment", MARI, clock.now(), text, thread="1", publication="p1")
    take_in(channel.id, "comments", [item])
    return item


def test_a_question_is_waited_for_and_an_answer_from_their_app_ends_that(in_workspace: Workspace) -> None:
    channel = Channel.objects.create(network="practice", account_id="1", name="Bakery")
    asked = hear(channel, "Open today?")
    assert list(AnswerWait.objects.order_by("measure").values_list("measure", "ended_at")) == [
        ("first", None),
        ("resolution", None),
    ]
    answered = clock.now()
    take_in(channel.id, "comments", [replace(asked, id="2", kind="reply", author=US, at=answered, parent="1")])
    assert AnswerWait.objects.get(measure="first").ended_at == answered
    set_state(actor(in_workspace), [Conversation.objects.get().id], ConversationState.DONE)
    assert AnswerWait.objects.get(measure="resolution").ended_at is not None


def test_rules_are_planned_in_the_transaction_that_keeps_a_message_and_only_where_one_is_on(
    in_workspace: Workspace,
) -> None:
    channel = Channel.objects.create(network="practice", account_id="1", name="Bakery")
    given = {"name": "Open", "when": {"words": ["open"]}, "then": {"labels": ["hours"]}}
    rule = create_rule(actor(in_workspace), parse_rule(given))
    hear(channel, "Open today?")
    planned = ProcrastinateJob.objects.filter(task_name="inbox.apply_rules")
    assert not planned.exists()
    switch_rule(actor(in_workspace), rule.id, True, tried=mark_of(rule.when))
    Message.objects.all().delete()
    hear(channel, "Open today?")
    [job] = planned
    apply_rules_to(**job.args)  # type: ignore[operator]  # a job is also a function
    assert RuleHit.objects.count() == 1
