"""Conversations as the reading makes them, put straight into the tables: who wrote what when, and what we answered."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from kaja.channels.models import Channel
from kaja.inbox.models import (
    Conversation,
    ConversationKind,
    ConversationState,
    Direction,
    Handle,
    Lead,
    Message,
    MessageState,
    Person,
)
from kaja.kernel import clock
from kaja.workspaces.models import Workspace


def make_channel(name: str = "Lummus", network: str = "practice", **more: Any) -> Channel:
    """A channel on which somebody can write to us."""
    return Channel.objects.create(
        network=network, account_id=f"{network}-{name}", name=name, handle=name.lower(), **more
    )


def make_handle(name: str, network: str = "practice", **more: Any) -> Handle:
    """Somebody with one account."""
    moment = clock.now()
    person = more.pop("person", None) or Person.objects.create()
    return Handle.objects.create(
        person=person, network=network, name=name, first_at=moment, seen_at=moment, **{
            "remote_id": f"{network}-{name}", "handle": f"@{name.lower()}", **more,
        },
    )  # fmt: skip


def make_conversation(
    channel: Channel, handle: Handle, texts: Sequence[str] = ("Hello",), *, at: datetime | None = None, **more: Any
) -> Conversation:
    """A thread that somebody began; a text that begins with ">" is ours, one with "#" a note."""
    begins = at or clock.now() - timedelta(minutes=len(texts))
    conversation = Conversation.objects.create(
        channel=channel, thread=f"t-{Conversation.objects.count()}", handle=handle, last_at=begins, **{
            "kind": ConversationKind.COMMENTS, **more,
        }
    )  # fmt: skip
    for text in texts:
        add_message(conversation, text, handle=handle)
    return conversation


def add_message(conversation: Conversation, text: str, *, handle: Handle | None = None, **more: Any) -> Message:
    """One thing more in a conversation, a minute after the last, with what follows from it for the list."""
    direction = {">": Direction.OUT, "#": Direction.NOTE}.get(text[:1], Direction.IN)
    number = Message.objects.filter(conversation=conversation).count()
    at = more.pop("at", conversation.last_at + timedelta(minutes=1 if number else 0))
    theirs = direction == Direction.IN
    message = Message.objects.create(
        conversation=conversation, channel=conversation.channel, direction=direction,
        kind="" if direction == Direction.NOTE else "comment",
        remote_id="" if direction == Direction.NOTE else f"{conversation.id}-{number}",
        handle=(handle or conversation.handle) if theirs else None, text=text.lstrip(">#"), at=at, **more,
    )  # fmt: skip
    if direction != Direction.NOTE:
        conversation.messages_count += 1
        conversation.last_at, conversation.excerpt = at, message.text[:200]
        conversation.waiting_since = (conversation.waiting_since or at) if theirs else None
        conversation.save()
    return message


def make_leads(workspace: Workspace, count: int) -> None:
    """So many who were handed over, some at the same moment."""
    moment = clock.now()
    Lead.objects.bulk_create(
        Lead(workspace=workspace, what=f"Rye {n}", to_name="Liis", handed_at=moment - timedelta(minutes=n // 4))
        for n in range(count)
    )


__all__ = [
    "ConversationState",
    "MessageState",
    "add_message",
    "make_channel",
    "make_conversation",
    "make_handle",
    "make_leads",
]
