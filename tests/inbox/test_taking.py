"""What was read becomes conversations, whatever came first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.inbox.actions import remind, set_state, snooze
from kaja.inbox.events import ConversationsChanged, MessagesCame
from kaja.inbox.forms import TEXT_MOST
from kaja.inbox.models import Conversation, ConversationState, Handle, Message, MessageState, MessageVersion, Person
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.networks.kit.reading import Author, Incoming, RemoteMedia
from kaja.reading.models import Item
from kaja.reading.streams import take_in
from kaja.workspaces.models import Workspace
from tests.people import actor

AT = datetime(2026, 11, 29, 12, tzinfo=UTC)
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


def test_a_clock_that_is_days_ahead_keeps_nothing_on_top(channel: Channel) -> None:
    """Several of it stay in their order, a second look changes nothing, and what comes later stands above."""
    ahead = [replace(ONE, id=f"a{n}", at=now() + timedelta(days=3, minutes=n), text=f"{n}") for n in (2, 1)]
    for _ in range(2):
        take_in(channel.id, "comments", ahead)
    moments = list(Message.objects.order_by("at", "id").values_list("text", "at", "arrived_at"))
    assert [text for text, _, _ in moments] == ["1", "2"]
    assert all(at == arrived <= now() for _, at, arrived in moments)
    first = Conversation.objects.get()
    assert (first.last_at, first.waiting_since) == (moments[0][1], moments[0][1])
    take_in(channel.id, "comments", [replace(ONE, id="b", thread="b", at=now(), publication="")])
    newest = Conversation.objects.order_by("-last_at", "-id").first()
    assert newest is not None
    assert newest.thread == "b"


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


def count_statements(work: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def page_of(number: int, *, minutes: int = 0, **changes: Any) -> list[Incoming]:
    """Comments and answers of many people in many threads."""
    made = []
    for nr in range(number):
        ours = nr % 5 == 4
        author = US if ours else Author(f"person {nr % 50}", f"@{nr % 50}", f"Person {nr % 50}")
        made.append(
            replace(
                ONE,
                id=f"{minutes}-{nr}",
                author=author,
                thread=f"t{nr % 20}",
                kind="reply" if ours else "comment",
                parent="1" if ours else "",
                at=after(minutes + nr / 60),
                text=f"Words {nr}",
                **changes,
            )
        )
    return made


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "with all who listen"])
def test_a_page_takes_the_same_statements_whatever_is_in_it(
    channel: Channel, monkeypatch: pytest.MonkeyPatch, alone: bool
) -> None:
    """What nothing is to be kept of, the items, and of the inbox: the channel, its lock, publications, conversations,
    messages, earlier words, handles and their ids; then messages, what follows from them, conversations, and what pages
    are told."""
    if alone:
        for event in (MessagesCame, ConversationsChanged):
            monkeypatch.setitem(events._handlers, event, [])
    few = count_statements(lambda: take_in(channel.id, "comments", page_of(5)))
    assert few == 15 or not alone  # one of them asks whether a private reply waits
    assert count_statements(lambda: take_in(channel.id, "comments", page_of(100, minutes=10))) == few
    assert Message.objects.count() == 105
    # All of it once more: what nothing is to be kept of, and the items.
    assert count_statements(lambda: take_in(channel.id, "comments", page_of(100, minutes=10))) == 2
    # Edited, deleted and new in one page: one more, for earlier words.
    again = [replace(each, text="New", edited_at=after(500)) for each in page_of(40, minutes=10)]
    gone = [replace(each, state="deleted") for each in page_of(60, minutes=10)[40:]]
    mixed = [*again, *gone, *page_of(40, minutes=90)]
    assert count_statements(lambda: take_in(channel.id, "comments", mixed)) == few + 1 or not alone


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("x" * 100_000, "x" * TEXT_MOST),
        ("a\0b\x07c\r\nd", "abc\nd"),
        ("half \ud800 of a letter", "half ? of a letter"),
        ("\u202eright to left", "\u202eright to left"),
        ("no\u200bwidth", "no\u200bwidth"),
    ],
    ids=["100 kB", "controls", "surrogate", "bidi", "zero width"],
)
def test_hostile_words_are_kept_and_bounded(channel: Channel, text: str, kept: str) -> None:
    take_in(channel.id, "comments", [replace(ONE, text=text)])
    message = Message.objects.get()
    assert message.text == kept
    assert len(Conversation.objects.get().excerpt) <= 200
    assert len(Item.objects.get().content["text"]) >= len(kept)


@pytest.mark.parametrize(
    "changes",
    [
        {"author": Author("\u202e" * 600, "h" * 900, "\u202eevil\u2066\x00name\n" * 300, url="u" * 5000)},
        {"author": Author("")},
        {"at": datetime(1, 1, 1, tzinfo=UTC)},
        {"at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)},
        {"edited_at": datetime(9999, 12, 31, 23, 59, tzinfo=UTC)},
        {"id": "i" * 3000, "thread": "t" * 3000, "parent": "p" * 3000, "publication": "q" * 3000},
        {"url": "https://example/" + "u" * 3000, "post_url": "x" * 2000, "language": "zh-Hant-TW-x-too-long"},
        {"rating": 10**9},
        {"media": (RemoteMedia("image", "https://example/" + "m" * 5000),) * 200},
        {"data": {"nested": {"nul": "\0", "list": ["\ud800"]}}},
        {"thread": "", "parent": ""},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_hostile_fields_stop_nothing(channel: Channel, changes: dict[str, Any]) -> None:
    take_in(channel.id, "comments", [replace(ONE, **changes), replace(ONE, id="2")])
    assert Message.objects.count() == 2
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for name in Handle.objects.values_list("name", flat=True):
        assert not set(name) & set("\u202e\u2066\0\n")


def test_who_wrote_long_before_the_channel_was_connected_is_not_new(channel: Channel) -> None:
    old = channel.created_at - timedelta(days=8)
    take_in(channel.id, "comments", [replace(ONE, at=old)])
    assert Conversation.objects.get().state == "done"
    take_in(channel.id, "comments", [replace(ONE, id="2", at=channel.created_at)])
    assert Conversation.objects.get().state == "new"


@pytest.mark.parametrize(("state", "then"), [("done", "open"), ("waiting", "open"), ("spam", "spam")])
def test_who_writes_again_opens_what_was_settled_but_no_spam(
    in_workspace: Workspace, channel: Channel, state: ConversationState, then: str
) -> None:
    take_in(channel.id, "comments", [ONE])
    conversation = Conversation.objects.get()
    set_state(actor(in_workspace), [conversation.id], ConversationState(state))
    take_in(channel.id, "comments", [ONE, replace(ONE, text="Edited", edited_at=after(2))])
    assert Conversation.objects.get().state == state, "what was there already says nothing new"
    take_in(channel.id, "comments", [replace(ONE, id="2", at=after(3))])
    conversation.refresh_from_db()
    assert conversation.state == then
    assert conversation.events.filter(what="came").count() == (then == "open")


def test_what_comes_ends_a_snooze_and_a_reminder(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    conversation = Conversation.objects.get()
    who = actor(in_workspace)
    snooze(who, [conversation.id], now() + timedelta(days=1))
    remind(who, [conversation.id], now() + timedelta(days=2))
    take_in(channel.id, "comments", [replace(ONE, id="2", at=after(-1))])
    conversation.refresh_from_db()
    assert (conversation.snoozed_until, conversation.snoozed_by, conversation.remind_at) == (None, None, None)


def test_a_state_set_by_hand_stays_when_we_answer(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    set_state(actor(in_workspace), [Conversation.objects.get().id], ConversationState.DONE)
    take_in(channel.id, "comments", [replace(ONE, id="2", kind="reply", author=US, parent="1", at=after(1))])
    assert Conversation.objects.get().state == "done"


def test_what_was_opened_again_and_answered_waits_for_them(in_workspace: Workspace, channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    set_state(actor(in_workspace), [Conversation.objects.get().id], ConversationState.OPEN)
    late = max(now(), AT) + timedelta(minutes=1)
    take_in(channel.id, "comments", [replace(ONE, id="2", kind="reply", author=US, parent="1", at=late)])
    assert Conversation.objects.get().state == "waiting"


def test_a_thing_that_two_lists_show_is_one_message_where_it_belongs(channel: Channel) -> None:
    mention = replace(ONE, kind="mention", thread="elsewhere", publication="")
    for page in ([mention], [ONE], [mention]):
        take_in(channel.id, "notifications", page)
    conversation = Conversation.objects.get()
    assert (conversation.thread, conversation.kind, conversation.post_ref) == ("1", "comments", "p1")


def test_those_above_are_told_of_what_came_once(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[MessagesCame] = []
    monkeypatch.setitem(events._handlers, MessagesCame, [told.append])
    for page in ([ONE], [ONE], [replace(ONE, id="2", kind="reply", author=US, parent="1")]):
        take_in(channel.id, "comments", page)
    (event,) = told
    assert event.message_ids == (Message.objects.get(remote_id="1").id,)
