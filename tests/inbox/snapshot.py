"""Everything that the inbox made of what was read, without ids and moments of arrival: to compare two orders."""

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, ConversationEvent, Handle, Message, MessageVersion, Person

ARRIVAL = {"id", "workspace_id", "created_at", "arrived_at", "until"}


class _Enough(Exception):
    pass


def snapshot(noticed: bool = True) -> dict[str, list[Any]]:
    """Inside the scope. `noticed`: with the moments of edits, which are of arrival where a network says none."""
    channels = dict(Channel.objects.values_list("id", "account_id"))
    handles = {row.id: row.remote_id for row in Handle.objects.all()}
    threads = {row.id: (channels[row.channel_id], row.thread) for row in Conversation.objects.all()}
    messages = {
        row.id: (channels[row.channel_id], row.remote_id or str(row.delivery_id)) for row in Message.objects.all()
    }
    names: dict[str, dict[Any, Any]] = {
        "handle_id": handles,
        "conversation_id": threads,
        "message_id": messages,
        "channel_id": channels,
    }

    def rows(model: Any, leave: set[str]) -> list[Any]:
        found = []
        for row in model.objects.values():
            row["deleted_at"] = bool(row.get("deleted_at"))
            for name, known in names.items():
                if row.get(name):
                    row[name] = known[row[name]]
            found.append(sorted((k, str(v)) for k, v in row.items() if k not in ARRIVAL | leave))
        return sorted(found)

    return {
        "handles": rows(Handle, {"person_id"}),
        "persons": [Person.objects.count()],
        "conversations": rows(Conversation, set()),
        "messages": rows(Message, set() if noticed else {"edited_at"}),
        "versions": rows(MessageVersion, set()),
        "events": [ConversationEvent.objects.count()],
    }


def try_out(work: Callable[[], None], noticed: bool = True) -> dict[str, list[Any]]:
    """What the work would leave behind; nothing of it stays."""
    found: dict[str, list[Any]] = {}
    try:
        with transaction.atomic():
            work()
            found = snapshot(noticed)
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # what a commit would find
            raise _Enough
    except _Enough:
        return found
