"""Rules: tried, switched on, carried out once, told in the log, and taken back."""

from datetime import timedelta
from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.inbox.actions import set_state
from kaja.inbox.models import (
    Conversation,
    ConversationEvent,
    ConversationLabel,
    ConversationState,
    Handle,
    Message,
    Person,
)
from kaja.inbox.rules.actions import (
    Tried,
    apply_rules,
    create_rule,
    delete_rule,
    list_hits,
    move_rule,
    parse_rule,
    switch_rule,
    try_rule,
    undo_hits,
    update_rule,
)
from kaja.inbox.rules.conditions import When, mark_of
from kaja.inbox.rules.models import Rule, RuleHit
from kaja.kernel import clock
from kaja.kernel.problems import NotAllowed, Refused
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from tests.people import actor, add_member, member_of

REFUND = {"name": "Refunds", "when": {"words": ["refund*"]}, "then": {"labels": ["money"], "priority": 1}}


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def hear(channel: Channel, text: str, who: str = "mari", thread: str = "", **more: Any) -> Message:
    """A comment that came in."""
    moment = clock.now() + timedelta(milliseconds=Message.objects.count())
    handle = Handle.objects.filter(remote_id=who).first() or Handle.objects.create(
        person=Person.objects.create(), network="practice", remote_id=who, handle=who, first_at=moment, seen_at=moment
    )
    conversation, _ = Conversation.objects.get_or_create(
        channel=channel,
        thread=thread or f"t{Conversation.objects.count()}",
        defaults={"kind": "comments", "handle": handle, "last_at": moment},
    )
    values = {"direction": "in", "kind": "comment", "remote_id": f"m{Message.objects.count()}", "at": moment, **more}
    return Message.objects.create(conversation=conversation, channel=channel, handle=handle, text=text, **values)


def switched_on(workspace: Workspace, **more: Any) -> Rule:
    rule = create_rule(actor(workspace), parse_rule({**REFUND, **more}))
    return switch_rule(actor(workspace), rule.id, True, tried=mark_of(rule.when))


def stand(message: Message) -> tuple[Any, ...]:
    row = Conversation.objects.get(id=message.conversation_id)
    labels = ConversationLabel.objects.filter(conversation=row).values_list("label__name", flat=True)
    return str(row.state), row.priority, row.assignee_id, sorted(labels)


def test_a_rule_is_made_switched_off_and_does_nothing_until_then(in_workspace: Workspace, channel: Channel) -> None:
    rule = create_rule(actor(in_workspace), parse_rule(REFUND))
    message = hear(channel, "a refund please")
    assert apply_rules([message.id]) == 0
    # Whoever asks, page, program or command line: it has to be tried first, as it is now.
    for mark in ("", "x", mark_of({"words": ["other"]})):
        with pytest.raises(Refused) as refused:
            switch_rule(actor(in_workspace), rule.id, True, tried=mark)
        assert refused.value.problems[0].code == "rule_untried"
    switch_rule(actor(in_workspace), rule.id, True, tried=mark_of(rule.when))
    assert apply_rules([message.id]) == 1
    assert stand(message) == ("new", 1, None, ["money"])
    # what it did bears its name
    assert set(ConversationEvent.objects.values_list("what", "by")) == {("label", "Refunds"), ("priority", "Refunds")}


def test_trying_says_how_often_and_changes_nothing(in_workspace: Workspace, channel: Channel) -> None:
    for number in range(30):
        hear(channel, "a refund" if number % 3 == 0 else "hello")
    tried = try_rule(When(words=("refund",)))
    assert (tried.asked, tried.matched, len(tried.shown)) == (30, 10, 10)
    assert tried.shown[0].at == max(message.at for message in tried.shown)
    assert not RuleHit.objects.exists()
    assert try_rule(When(words=("nothing",))) == Tried(30, 0, ())


def test_only_the_newest_thousand_are_tried(in_workspace: Workspace, channel: Channel) -> None:
    first = hear(channel, "refund")
    Message.objects.bulk_create(
        Message(
            workspace=in_workspace, conversation=first.conversation, channel=channel, handle=first.handle, text="hello",
            direction="in", kind="comment", remote_id=f"x{number}", at=first.at + timedelta(seconds=number + 1),
        )
        for number in range(1000)
    )  # fmt: skip
    assert try_rule(When(words=("refund",))) == Tried(1000, 0, ())


def test_it_is_for_a_message_once_however_often_it_is_asked(in_workspace: Workspace, channel: Channel) -> None:
    switched_on(in_workspace)
    message = hear(channel, "refund")
    assert [apply_rules([message.id]) for _ in range(3)] == [1, 0, 0]
    assert RuleHit.objects.count() == 1


def test_what_was_written_long_before_it_was_switched_on_is_left_alone(
    in_workspace: Workspace, channel: Channel
) -> None:
    switched_on(in_workspace)
    old = hear(channel, "refund", at=clock.now() - timedelta(days=30))  # history that was read only now
    assert apply_rules([old.id]) == 0


def test_rules_are_asked_in_order_and_one_that_stops_keeps_the_rest_away(
    in_workspace: Workspace, channel: Channel
) -> None:
    switched_on(in_workspace)
    second = switched_on(in_workspace, name="Spam", stops=True, then={"state": "spam"})
    both, after_move = hear(channel, "refund"), hear(channel, "refund")
    assert apply_rules([both.id]) == 2
    assert stand(both) == ("spam", 1, None, ["money"])
    move_rule(actor(in_workspace), second.id, 0)
    assert apply_rules([after_move.id]) == 1
    assert stand(after_move) == ("spam", 0, None, [])


def test_spam_is_left_alone(in_workspace: Workspace, channel: Channel) -> None:
    switched_on(in_workspace)
    message = hear(channel, "refund")
    set_state(actor(in_workspace), [message.conversation_id], ConversationState.SPAM)
    assert apply_rules([message.id]) == 0


def test_the_first_message_of_somebody_is_told_from_the_next(in_workspace: Workspace, channel: Channel) -> None:
    switched_on(in_workspace, when={"first_time": True})
    first, second = hear(channel, "hello", "anna"), hear(channel, "again", "anna")
    other = hear(channel, "hello", "boris")
    apply_rules([first.id, second.id, other.id])
    assert {hit.message_id for hit in list_hits()} == {first.id, other.id}


def test_everything_it_does_is_a_step_that_one_can_take_back(in_workspace: Workspace, channel: Channel) -> None:
    me = member_of(in_workspace).user_id
    rule = switched_on(in_workspace, then={"labels": ["money"], "priority": 2, "assignee": str(me), "state": "done"})
    messages = [
        hear(channel, "refund", thread="same"),
        hear(channel, "refund!", thread="same"),
        hear(channel, "refunds"),
    ]
    assert apply_rules([message.id for message in messages]) == 3
    for message in messages:
        assert stand(message) == ("done", 2, me, ["money"])
    one, *rest = list_hits(rule.id)
    assert undo_hits(actor(in_workspace), [each.id for each in (one, *rest)]) == 3
    for message in messages:
        assert stand(message) == ("new", 0, None, [])
    # The log says of each what it was: two conversations, there and back.
    for what in ("label", "priority", "assignee", "state"):
        assert AuditEntry.objects.filter(action=f"conversation.{what}").count() == 4, what
    assert undo_hits(actor(in_workspace), [one.id]) == 0


def test_taking_back_one_leaves_the_others(in_workspace: Workspace, channel: Channel) -> None:
    switched_on(in_workspace)
    first, second = hear(channel, "refund"), hear(channel, "refund")
    apply_rules([first.id, second.id])
    hit = RuleHit.objects.get(message=first)
    assert undo_hits(actor(in_workspace), [hit.id]) == 1
    assert stand(first) == ("new", 0, None, [])
    assert stand(second) == ("new", 1, None, ["money"])


def test_what_cannot_be_done_says_why_and_stops_nobody_else(in_workspace: Workspace, channel: Channel) -> None:
    gone = add_member(in_workspace, "gone@acme.test")
    switched_on(in_workspace, name="To Gone", then={"labels": ["x"], "assignee": str(gone.id)})
    switched_on(in_workspace)
    from kaja.workspaces.models import Member

    Member.objects.filter(user=gone).delete()
    message = hear(channel, "refund")
    assert apply_rules([message.id]) == 2
    assert stand(message) == ("new", 1, None, ["money"])  # nothing of the first, everything of the second
    problem = RuleHit.objects.get(rule_name="To Gone").problem
    assert problem is not None
    assert problem["code"] == "assignee_unknown"


def test_whoever_answers_is_told_when_that_is_wanted(in_workspace: Workspace, channel: Channel) -> None:
    add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    switched_on(in_workspace, then={"notify": True})
    apply_rules([hear(channel, "refund").id])
    told = Notice.objects.filter(kind="inbox.rule").values_list("member__user__email", flat=True)
    assert sorted(told) == ["maria@acme.test", "owner@acme.test"]


def test_a_rule_that_changes_is_switched_off_and_a_new_name_alone_is_no_change(in_workspace: Workspace) -> None:
    rule = switched_on(in_workspace)
    assert update_rule(actor(in_workspace), rule.id, parse_rule({**REFUND, "name": "Money"})).on_since is not None
    wider = parse_rule({**REFUND, "when": {"words": ["money"]}})
    assert update_rule(actor(in_workspace), rule.id, wider).on_since is None


def test_what_it_did_outlives_a_rule(in_workspace: Workspace, channel: Channel) -> None:
    rule = switched_on(in_workspace)
    message = hear(channel, "refund")
    apply_rules([message.id])
    delete_rule(actor(in_workspace), rule.id)
    [hit] = list_hits()
    assert hit.rule_name == "Refunds"
    undo_hits(actor(in_workspace), [hit.id])
    assert stand(message) == ("new", 0, None, [])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": ""}, "rule_invalid"),
        ({"name": "x" * 61}, "rule_invalid"),
        ({"when": {}}, "rule_for_everything"),
        ({"then": {}}, "rule_without_effect"),
        ({"when": {"pattern": "("}}, "rule_pattern_invalid"),
        ({"when": {"pattern": r"(a)\1"}}, "rule_pattern_invalid"),
        ({"when": {"words": ["x"] * 201}}, "rule_invalid"),
        ({"then": {"delete": True}}, "rule_invalid"),
        ({"when": {"kinds": ["letter"]}}, "rule_invalid"),
    ],
)
def test_what_is_no_rule_is_refused_in_words(change: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_rule({**REFUND, **change})
    [problem] = refused.value.problems
    assert problem.code == code
    assert problem.fix


def test_only_who_manages_makes_rules_and_a_name_is_taken_once(in_workspace: Workspace) -> None:
    switched_on(in_workspace)
    with pytest.raises(Refused) as refused:
        create_rule(actor(in_workspace), parse_rule(REFUND))
    assert refused.value.problems[0].code == "rule_name_taken"
    add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    with pytest.raises(NotAllowed):
        create_rule(actor(in_workspace, "maria@acme.test"), parse_rule({**REFUND, "name": "Mine"}))
