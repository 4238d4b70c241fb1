"""What was read becomes conversations, whatever came first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, ConversationState, Handle, Message, MessageState, MessageVersion, Person
from kaja.networks.kit.reading import Author, Incoming
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
MARI = Author("mari", "mari@example", "Mari")
US = Author("us", "bakery", "Bakery", is_us=True)
ONE = Incoming("1", "comment", MARI, AT, "Is it open today?", thread="1", publication="p1")


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="bakery")


def after(minutes: float) -> datetime:
    return AT + timedelta(minutes=minutes)


def test_a_comment_becomes_a_conversation_with_its_author(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    conversation = Conversation.objects.get()
    message = Message.objects.get()
    assert (message.text, message.remote_id, message.conversation_id) == (ONE.text, "1", conversation.id)
    assert (conversation.state, conversation.waiting_since, conversation.excerpt) == ("new", AT, ONE.text)
    assert (conversation.messages_count, conversation.post_ref) == (1, "p1")
    handle = Handle.objects.get()
    assert (handle.name, message.handle_id, conversation.handle_id) == ("Mari", handle.id, handle.id)
    assert Person.objects.get() == handle.person


def test_an_answer_from_the_network_s_own_app_is_ours_and_they_are_waited_for(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    take_in(
        channel.id, "comments", [replace(ONE, id="2", kind="reply", author=US, at=after(1), text="Yes", parent="1")]
    )
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.waiting_since, conversation.last_out_at) == ("waiting", None, after(1))
    assert list(Message.objects.order_by("at").values_list("direction", flat=True)) == ["in", "out"]
    take_in(channel.id, "comments", [replace(ONE, id="3", kind="reply", at=after(2), text="Thanks", parent="2")])
    conversation.refresh_from_db()
    assert (conversation.state, conversation.waiting_since, conversation.messages_count) == ("open", after(2), 3)


def test_an_edit_keeps_the_earlier_words_and_an_older_form_changes_nothing(channel: Channel) -> None:
    edited = replace(ONE, text="Is it open on Sunday?", edited_at=after(5), state="edited")
    for page in ([ONE], [edited], [ONE]):
        take_in(channel.id, "comments", page)
    message = Message.objects.get()
    assert (message.text, message.edited_at, message.state) == (edited.text, after(5), MessageState.THERE)
    assert [(each.text, each.at) for each in MessageVersion.objects.all()] == [(ONE.text, AT)]


def test_what_is_deleted_says_so_and_nobody_waits_for_us(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    take_in(channel.id, "comments", [replace(ONE, text="", state="deleted")])
    take_in(channel.id, "comments", [ONE])
    message = Message.objects.get()
    assert (message.state, message.text) == (MessageState.DELETED, ONE.text)
    assert message.deleted_at is not None
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.waiting_since, conversation.excerpt) == (ConversationState.DONE, None, "")
