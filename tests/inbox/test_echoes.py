"""What went out and what is read back of it are one message, whichever was written down first."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, Kind, Publication, State
from kaja.inbox.echoes import note_sent
from kaja.inbox.models import Conversation, Direction, Message, MessageVersion
from kaja.kernel.ids import new_id
from kaja.networks.kit.reading import Incoming
from kaja.reading.streams import take_in
from tests.inbox.snapshot import try_out
from tests.inbox.test_taking import ONE, US, after, channel

__all__ = ["channel"]

ECHO = replace(
    ONE, id="r1", kind="reply", author=US, at=after(1), text="Yes, until six", parent="1", url="https://x/r1"
)
EDITED = replace(ECHO, text="Yes, until seven", state="edited", edited_at=after(9))


def write_reply(channel: Channel) -> Delivery:
    """As an answer from here stands before it goes out."""
    delivery = Delivery.objects.create(
        source_kind="reply", source_id=new_id(), channel=channel, kind=Kind.REPLY, due_at=after(1), state=State.SENDING
    )
    Message.objects.create(
        conversation=Conversation.objects.get(thread="1"), channel=channel, direction=Direction.OUT, kind="reply",
        text="Yes – until six", at=after(0.5), delivery_id=delivery.id, data={"answer": {"text": "Yes – until six"}},
    )  # fmt: skip
    Message.objects.filter(delivery_id=delivery.id).update(arrived_at=after(0.5))
    return delivery


def send(delivery: Delivery, remote_id: str = "r1") -> None:
    """As the journal writes that it went out."""
    delivery.state, delivery.remote_id, delivery.sent_at = State.SENT, remote_id, after(1)
    delivery.remote_url = "https://x/r1"
    delivery.save()
    Publication.objects.create(
        delivery=delivery, channel=delivery.channel, remote_id=remote_id, remote_url="https://x/r1", sent={},
        published_at=after(1), data={"cid": "c"},
    )  # fmt: skip


def run(channel: Channel, steps: Sequence[Any]) -> dict[str, list[Any]]:
    """Reply, and then these steps in their order."""

    def work() -> None:
        take_in(channel.id, "comments", [ONE])
        delivery = write_reply(channel)
        for step in steps:
            if isinstance(step, Incoming):
                take_in(channel.id, "comments", [step])
            elif step == "sent":
                send(delivery)
            else:
                note_sent(delivery)

    found = try_out(work)
    # Ids of deliveries differ from try to try.
    return {name: [[pair for pair in row if pair[0] != "delivery_id"] if isinstance(row, list) else row for row in rows]
            for name, rows in found.items()}  # fmt: skip


@pytest.mark.parametrize("echoes", [[ECHO], [ECHO, EDITED], [EDITED]], ids=["plain", "both", "edited"])
def test_echo_result_and_note_in_any_order_make_one_message(channel: Channel, echoes: list[Incoming]) -> None:
    expected = run(channel, ["sent", "noted", *echoes])
    assert len(expected["messages"]) == 2
    orders = [each for each in permutations(["sent", "noted", *echoes]) if each.index("sent") < each.index("noted")]
    for order in orders:
        found = run(channel, order)
        for name in expected:
            different = [
                pair
                for a, b in zip(found[name], expected[name], strict=True)
                if a != b
                for pair in zip(a, b, strict=True)
                if pair[0] != pair[1]
            ]
            assert not different, (name, [str(step)[:60] for step in order])


def test_the_words_stand_as_they_were_written_here_until_they_are_edited_there(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    delivery = write_reply(channel)
    send(delivery)
    take_in(channel.id, "comments", [ECHO])
    message = Message.objects.get(delivery_id=delivery.id)
    assert (message.text, message.remote_id, message.at) == ("Yes – until six", "r1", after(1))
    assert Conversation.objects.get().state == "waiting"
    take_in(channel.id, "comments", [EDITED])
    message.refresh_from_db()
    assert message.text == EDITED.text
    assert message.data["answer"] == {"text": "Yes – until six"}
    assert list(MessageVersion.objects.values_list("text", flat=True)) == ["Yes – until six"]


def test_an_answer_that_is_not_sent_yet_answers_nothing(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    delivery = write_reply(channel)
    take_in(channel.id, "comments", [replace(ONE, id="2", at=after(2), parent="1")])
    Message.objects.filter(remote_id="2").update(arrived_at=after(2))
    conversation = Conversation.objects.get()
    assert (conversation.state, conversation.waiting_since, conversation.messages_count) == ("new", ONE.at, 3)
    send(delivery)
    note_sent(delivery)
    conversation.refresh_from_db()
    assert (conversation.state, conversation.waiting_since) == ("open", after(2))


@pytest.mark.parametrize("known_first", [True, False])
def test_our_own_posts_are_no_messages(channel: Channel, known_first: bool) -> None:
    post = replace(ECHO, id="p1", parent="", thread="p1", text="Our post")
    delivery = Delivery.objects.create(
        source_kind="post", source_id=new_id(), channel=channel, kind=Kind.POST, due_at=after(0)
    )
    if known_first:
        send(delivery, "p1")
    take_in(channel.id, "own", [post])
    take_in(channel.id, "comments", [ONE])
    if not known_first:
        send(delivery, "p1")
    note_sent(delivery)
    assert [each.remote_id for each in Message.objects.all()] == ["1"]
    conversation = Conversation.objects.get()
    assert conversation.publication is not None
    assert conversation.publication.delivery_id == delivery.id


@pytest.mark.parametrize("known_first", [True, False])
def test_our_first_comment_is_ours_and_waits_for_nobody(channel: Channel, known_first: bool) -> None:
    first = replace(ECHO, id="c1", kind="comment", parent="", thread="c1", text="Recipe in the link")
    delivery = Delivery.objects.create(
        source_kind="post", source_id=new_id(), channel=channel, kind=Kind.COMMENT, due_at=after(0)
    )
    for known in (known_first, not known_first):
        if known:
            send(delivery, "c1")
            note_sent(delivery)
        else:
            take_in(channel.id, "own", [first])
    message = Message.objects.get()
    assert (message.delivery_id, message.text, message.direction) == (delivery.id, first.text, "out")
    assert Conversation.objects.get().state == "done"
    take_in(channel.id, "comments", [replace(ONE, id="9", thread="c1", kind="reply", at=after(5))])
    assert Conversation.objects.get().state == "open"


def test_noting_what_concerns_no_conversation_takes_four_statements(channel: Channel) -> None:
    """For every post that goes out: its lock, its publication, and whether anybody has written below it."""
    delivery = Delivery.objects.create(
        source_kind="post", source_id=new_id(), channel=channel, kind=Kind.POST, due_at=after(0)
    )
    send(delivery, "p7")
    with CaptureQueriesContext(connection) as captured:
        note_sent(delivery)
    assert len(captured) == 4


def test_a_clock_of_the_network_that_is_ahead_leaves_nobody_waiting_who_was_answered(channel: Channel) -> None:
    """They wrote, by their network's clock, ten minutes after we answered them."""
    take_in(channel.id, "comments", [replace(ONE, at=after(11))])
    delivery = write_reply(channel)
    Message.objects.filter(direction=Direction.IN).update(arrived_at=after(0))
    send(delivery)
    note_sent(delivery)
    talk = Conversation.objects.get()
    assert (talk.state, talk.waiting_since) == ("waiting", None)
    # What is read back has the network's time.
    take_in(channel.id, "comments", [replace(ECHO, at=after(12))])
    talk.refresh_from_db()
    assert (talk.state, talk.waiting_since, talk.last_out_at) == ("waiting", None, after(12))
    # What they wrote after that, and we had not read when we answered, waits for us.
    take_in(channel.id, "comments", [replace(ONE, id="2", at=after(13))])
    talk.refresh_from_db()
    assert (talk.state, talk.waiting_since) == ("open", after(13))


def test_what_came_while_an_answer_was_on_its_way_is_not_answered_by_it(channel: Channel) -> None:
    take_in(channel.id, "comments", [ONE])
    delivery = write_reply(channel)
    Message.objects.filter(direction=Direction.IN).update(arrived_at=after(0))
    take_in(channel.id, "comments", [replace(ONE, id="2", at=after(3))])
    Message.objects.filter(remote_id="2").update(arrived_at=after(0.9))
    send(delivery)
    note_sent(delivery)
    talk = Conversation.objects.get()
    assert (talk.state, talk.waiting_since) == ("open", after(3))
