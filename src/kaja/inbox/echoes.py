"""What went out and what was read back are one message, whichever was written down first."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery, Publication
from kaja.inbox.joining import join_echo
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import Conversation, Direction, Message
from kaja.inbox.standing import save_up_to_date
from kaja.inbox.taking import OURS
from kaja.kernel.locks import lock, lock_inbox, lock_inboxes


def note_sent(delivery: Delivery) -> None:
    """A delivery stands on its network: its message gets the network's name for it, and is joined with what may have
    been read of it already. Repeating it changes nothing. Inside the workspace's scope."""
    lock_inbox(delivery.channel_id)
    publication = Publication.objects.filter(delivery_id=delivery.id).first()
    if publication is None:
        return
    under = Conversation.objects.filter(
        channel_id=delivery.channel_id, post_ref=publication.remote_id, publication=None
    )
    under.update(publication=publication)
    here = Message.objects.filter(
        Q(delivery_id=delivery.id) | Q(channel_id=delivery.channel_id, remote_id=publication.remote_id)
    )
    found = list(here.values_list("id", "conversation_id", "delivery_id", "remote_id"))
    if not found or (len(found) == 1 and found[0][2:] == (delivery.id, publication.remote_id)):
        return
    rows = {row.id: row for row in lock(Conversation.objects.filter(id__in={each[1] for each in found}))}
    messages = list(lock(here))
    ours = next((row for row in messages if row.delivery_id == delivery.id), None)
    echo = next((row for row in messages if row.delivery_id is None), None)
    if delivery.kind not in OURS:
        # A post of ours, read back before it was known as that: what it is about stands under it, it is no answer.
        if echo is not None:
            echo.delete()
    elif ours is not None and echo is not None:
        join_echo(ours, echo, publication.data)
    elif ours is not None:
        _name(ours, delivery, publication, rows[ours.conversation_id].last_in_at)
    elif echo is not None:
        echo.delivery_id = delivery.id
        echo.save(update_fields=["delivery_id"])
    connected_at = Channel.objects.values_list("created_at", flat=True).get(id=delivery.channel_id)
    save_up_to_date(rows.values(), connected_at)
    empty = [row.id for row in rows.values() if not row.messages_count]
    Conversation.objects.filter(id__in=empty, messages=None, events=None, conversation_labels=None).delete()
    tell_conversations(rows)


# Looked up row by row, by the index on channel and name; of conversations only those that lack the publication.
_TOUCHED = """
SELECT p.delivery_id FROM publishing_publication p
WHERE p.delivery_id = ANY(%(ids)s::uuid[]) AND (
    EXISTS (SELECT 1 FROM inbox_conversation c
        WHERE c.channel_id = p.channel_id AND c.post_ref = p.remote_id AND c.post_ref <> ''
          AND c.publication_id IS NULL)
    OR EXISTS (SELECT 1 FROM inbox_message m
        WHERE m.channel_id = p.channel_id AND m.remote_id = p.remote_id AND m.remote_id <> '')
    OR EXISTS (SELECT 1 FROM inbox_message m WHERE m.delivery_id = p.delivery_id))
"""


def note_all_sent(channel_ids: Collection[UUID], delivery_ids: Collection[UUID]) -> None:
    """The same for many that went out together, each on one of these channels: of most nothing was read yet, and that
    is found out for all of them at once. Inside the workspace's scope."""
    lock_inboxes(channel_ids)
    with connection.cursor() as cursor:
        cursor.execute(_TOUCHED, {"ids": list(delivery_ids)})
        touched = [row[0] for row in cursor.fetchall()]
    if touched:
        for delivery in Delivery.objects.filter(id__in=touched).order_by("channel_id", "id"):
            note_sent(delivery)


def _name(ours: Message, delivery: Delivery, publication: Publication, last_in_at: datetime | None) -> None:
    ours.remote_id, ours.url = publication.remote_id, publication.remote_url
    ours.at = delivery.sent_at or ours.at
    if last_in_at is not None and last_in_at >= ours.at:
        # Their network's clock may be ahead of ours: what was here when we wrote is answered all the same. What is read
        # back has the network's own time.
        theirs = Message.objects.filter(
            conversation_id=ours.conversation_id, direction=Direction.IN, arrived_at__lte=ours.arrived_at
        )
        known = theirs.aggregate(known=Max("at"))["known"]
        ours.at = max(ours.at, known + timedelta(microseconds=1)) if known else ours.at
    ours.data = {**publication.data, **ours.data}
    ours.save()
