"""Working conversations: one step for one or many, with the way back."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.inbox import actions
from kaja.inbox.models import Conversation, ConversationEvent, ConversationLabel, ConversationState, Message, Priority
from kaja.inbox.queries import Filters, count_conversations, list_conversations
from kaja.kernel.clock import now
from kaja.kernel.problems import Conflict, NotAllowed
from kaja.reading.streams import take_in
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from tests.inbox.test_taking import ONE, channel
from tests.people import actor, add_member

__all__ = ["channel"]


@pytest.fixture
def curator(in_workspace: Workspace) -> Actor:
    return actor(in_workspace)


@pytest.fixture
def rows(channel: Channel) -> list[Conversation]:
    take_in(channel.id, "comments", [replace(ONE, id=str(nr), thread=str(nr)) for nr in range(3)])
    return list(Conversation.objects.order_by("id"))


def test_a_state_of_many_is_one_step_that_can_be_taken_back(curator: Actor, rows: list[Conversation]) -> None:
    ids = [row.id for row in rows]
    done = actions.set_state(curator, ids, ConversationState.DONE)
    assert len(done.events) == 3
    assert set(Conversation.objects.values_list("state", "by_hand", "version")) == {("done", True, 1)}
    assert AuditEntry.objects.filter(action="conversation.state").count() == 3
    actions.undo(curator, done.events)
    assert set(Conversation.objects.values_list("state", "by_hand")) == {("new", False)}
    assert ConversationEvent.objects.filter(undone_at=None).count() == 3


def test_what_somebody_else_changed_since_is_not_taken_back(curator: Actor, rows: list[Conversation]) -> None:
    done = actions.set_priority(curator, [row.id for row in rows], Priority.HIGH)
    actions.set_priority(curator, [rows[0].id], Priority.URGENT)
    back = actions.undo(curator, done.events)
    assert back.stale == (rows[0].id,)
    assert list(Conversation.objects.order_by("id").values_list("priority", flat=True)) == [2, 0, 0]


def test_two_people_at_once_do_not_silently_undo_each_other(
    in_workspace: Workspace, curator: Actor, rows: list[Conversation]
) -> None:
    add_member(in_workspace, "kai@acme.test", Role.COMMUNITY_MANAGER)
    kai = actor(in_workspace, "kai@acme.test")
    seen = {row.id: row.version for row in rows}
    actions.set_state(kai, [rows[0].id], ConversationState.SPAM)
    done = actions.set_state(curator, [row.id for row in rows], ConversationState.DONE, seen=seen)
    assert (done.stale, len(done.events)) == ((rows[0].id,), 2)
    with pytest.raises(Conflict):
        actions.set_state(curator, [rows[0].id], ConversationState.DONE, seen=seen)
    actions.set_priority(curator, [rows[0].id], Priority.HIGH, seen=seen)  # of that nobody said anything
    row = Conversation.objects.get(id=rows[0].id)
    assert (row.state, row.priority) == ("spam", 1)
    # What they did themselves, in another window, is no surprise to them.
    assert actions.set_state(kai, [rows[0].id], ConversationState.OPEN, seen=seen).changed == (rows[0].id,)


def test_who_may_not_answer_works_nothing(in_workspace: Workspace, rows: list[Conversation]) -> None:
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    with pytest.raises(NotAllowed):
        actions.set_state(actor(in_workspace, "ana@acme.test"), [rows[0].id], ConversationState.DONE)


def test_a_conversation_is_given_to_somebody_who_is_told(
    in_workspace: Workspace, curator: Actor, rows: list[Conversation]
) -> None:
    colleague = add_member(in_workspace, "kai@acme.test", Role.COMMUNITY_MANAGER, "Kai Kask")
    done = actions.assign(curator, [row.id for row in rows], colleague.id)
    assert Notice.objects.get(kind="inbox.assigned").member.user_id == colleague.id
    assert list_conversations(Filters(assignee="me"), colleague.id).count() == 3
    actions.undo(curator, done.events)
    assert count_conversations([Filters(assignee="nobody"), Filters(assignee="me")], colleague.id) == [3, 0]


def test_labels_go_on_and_off(curator: Actor, rows: list[Conversation]) -> None:
    ids = [row.id for row in rows]
    actions.add_label(curator, ids[:1], "Praise")
    done = actions.add_label(curator, ids, "Praise")
    assert len(done.events) == 2
    assert list_conversations(Filters(labels=frozenset({"Praise"})), ids[0]).count() == 3
    actions.undo(curator, done.events)
    assert ConversationLabel.objects.get().conversation_id == ids[0]
    actions.undo(curator, actions.remove_label(curator, ids, "Praise").events)
    assert ConversationLabel.objects.count() == 1


def test_labels_of_many_are_taken_back_in_as_many_statements_as_of_one(
    curator: Actor, rows: list[Conversation]
) -> None:
    ids = [row.id for row in rows]

    def count(events: Collection[UUID]) -> int:
        with CaptureQueriesContext(connection) as found:
            actions.undo(curator, events)
        return len(found)

    one, many = (actions.add_label(curator, some, name) for some, name in ((ids[:1], "Praise"), (ids, "Blame")))
    assert count(one.events) == count(many.events)
    assert not ConversationLabel.objects.exists()
    actions.add_label(curator, ids, "Praise")
    one, many = actions.remove_label(curator, ids[:1], "Praise"), actions.remove_label(curator, ids[1:], "Praise")
    assert count(one.events) == count(many.events)
    assert ConversationLabel.objects.count() == 3


def test_of_a_label_that_came_and_went_only_what_is_so_is_taken_back(curator: Actor, rows: list[Conversation]) -> None:
    ids = [row.id for row in rows]
    on, off = actions.add_label(curator, ids, "Praise"), actions.remove_label(curator, ids[:1], "Praise")
    assert actions.undo(curator, on.events).stale == (ids[0],)
    assert not ConversationLabel.objects.exists()
    # Both of them are what there was before, whatever came between.
    on = actions.add_label(curator, ids[1:], "Blame")
    off = actions.remove_label(curator, ids[1:], "Blame")
    actions.undo(curator, [*on.events, *off.events])
    assert not ConversationLabel.objects.exists()


def test_a_note_tells_those_whom_it_names(in_workspace: Workspace, curator: Actor, rows: list[Conversation]) -> None:
    kai = add_member(in_workspace, "kai@acme.test", Role.COMMUNITY_MANAGER, "Kai Kask")
    add_member(in_workspace, "kaisa@acme.test", Role.COMMUNITY_MANAGER, "Kaisa Kuusk")
    actions.add_note(curator, rows[0].id, "Ask @Kai Kask, not mari@kaisa.test")
    assert [each.member.user_id for each in Notice.objects.filter(kind="inbox.mentioned")] == [kai.id]
    assert Message.objects.filter(direction="note").count() == 1
    assert Conversation.objects.get(id=rows[0].id).messages_count == 1


def test_what_is_snoozed_is_out_of_sight_until_then(curator: Actor, rows: list[Conversation]) -> None:
    actions.snooze(curator, [rows[0].id], now() + timedelta(hours=1))
    todo, asleep = Filters(states=frozenset({"new"})), Filters(states=frozenset({"new"}), snoozed=True)
    assert count_conversations([todo, asleep], rows[0].id) == [2, 1]
