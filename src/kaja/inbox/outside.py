"""What programs outside are told of conversations (`outgoing`): in the transaction in which it happens."""

from kaja.inbox.events import ConversationsChanged, MessagesCame
from kaja.inbox.models import Conversation, Message
from kaja.inbox.queries import describe_promises, list_promises
from kaja.outgoing.events import ConversationChanged, MessageReceived, Promised
from kaja.outgoing.telling import find_listeners, tell


def tell_of_messages(event: MessagesCame) -> None:
    """What was written since the channel is connected; its history is no news."""
    if not (listeners := find_listeners("message.received")):
        return
    rows = Message.objects.filter(id__in=event.message_ids).select_related("channel").order_by("at", "id")
    told = [
        MessageReceived(
            message=row.id,
            conversation=row.conversation_id,
            channel=row.channel_id,
            network=row.channel.network,
            kind=row.kind,
            at=row.at,
        )
        for row in rows
        if row.at >= row.channel.created_at
    ]
    tell("message.received", told, listeners)


def tell_of_conversations(event: ConversationsChanged) -> None:
    """How each stands now."""
    if listeners := find_listeners("conversation.changed"):
        rows = describe_promises(Conversation.objects.filter(id__in=event.conversation_ids)).order_by("id")
        tell("conversation.changed", [_told(row) for row in rows], listeners)


def _told(row: Conversation) -> ConversationChanged:
    plain = {name: getattr(row, name) for name in ("state", "priority", "version")}
    due = tuple(Promised(what=what, at=at) for what, at in list_promises(row))
    return ConversationChanged(
        **plain,
        conversation=row.id,
        channel=row.channel_id,
        assignee=row.assignee_id,
        due_at=due[0].at if due else None,
        due=due,
    )
