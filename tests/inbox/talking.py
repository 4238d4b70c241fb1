"""Conversations as reading leaves them, answers that need not wait, and how their deliveries stand."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, State
from kaja.inbox.answering import reply
from kaja.inbox.models import Conversation, ConversationKind, Direction, Handle, Message, MessageState, Person
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.signals import notify_due
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from tests.publishing.delivering import ACTOR
from tests.waiting import wait_until


def add_message(
    workspace: Workspace,
    channel: Channel,
    text: str,
    *,
    remote_id: str = "109000000000000001",
    kind: str = "comment",
    handle: str = "sam@example.social",
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
    conversation: Conversation | None = None,
    state: MessageState = MessageState.THERE,
) -> Message:
    """Something of the audience, in a conversation of its own or in one that is there."""
    moment = at or now()
    with workspace_scope(workspace.id):
        account = Handle.objects.filter(network=channel.network, remote_id=handle).first()
        if account is None:
            account = Handle.objects.create(
                person=Person.objects.create(), network=channel.network, remote_id=handle, handle=handle,
                first_at=moment, seen_at=moment,
            )  # fmt: skip
        if conversation is None:
            conversation = Conversation.objects.create(
                channel=channel, thread=remote_id, kind=ConversationKind.COMMENTS, handle=account, excerpt=text[:200],
                messages_count=1, first_in_at=moment, last_in_at=moment, waiting_since=moment, last_at=moment,
            )  # fmt: skip
        return Message.objects.create(
            conversation=conversation, channel=channel, direction=Direction.IN, kind=kind, remote_id=remote_id,
            handle=account, text=text, at=moment, data=data or {}, state=state,
        )  # fmt: skip


def answer(
    workspace: Workspace, message: Message, text: str, *, actor: Actor = ACTOR, hurried: bool = True, **more: Any
) -> Message:
    """A reply to a message; `hurried`: due at once."""
    with workspace_scope(workspace.id):
        made = reply(actor, message.conversation_id, text, **{"key": new_id(), "to": message.id, **more})
    if hurried:
        hurry(workspace)
    return made


def hurry(workspace: Workspace) -> None:
    """Whatever waits to be taken back goes out now."""
    with workspace_scope(workspace.id):
        moment = now() - timedelta(milliseconds=1)
        Delivery.objects.filter(state=State.SCHEDULED, source_kind="reply", due_at__gt=moment).update(
            due_at=moment, next_at=moment
        )
        notify_due()


def delivery_of(workspace: Workspace, source_id: UUID) -> Delivery:
    with workspace_scope(workspace.id):
        return Delivery.objects.select_related("channel").get(source_id=source_id)


def stored(workspace: Workspace, message: Message) -> Message:
    with workspace_scope(workspace.id):
        return Message.objects.get(id=message.id)


def wait_for(workspace: Workspace, source_id: UUID, state: State, seconds: float = 60.0) -> Delivery:
    wait_until(lambda: delivery_of(workspace, source_id).state == state, seconds=seconds)
    return delivery_of(workspace, source_id)
