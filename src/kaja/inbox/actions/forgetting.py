"""Words that their author deleted on a network are kept as long as the workspace says, and then forgotten: here, of
what was read, and of what is searched."""

from datetime import datetime
from uuid import UUID

from kaja.inbox.forms import FINAL
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import Message, MessageVersion
from kaja.inbox.retention.terms import find_deleted
from kaja.kernel.locks import lock
from kaja.reading.forgetting import forget_words

AT_ONCE = 500


def forget_deleted_in(before: datetime) -> int:
    """Some of what was deleted before a moment; gives the number of messages. Inside the workspace's scope."""
    ids: list[UUID] = list(find_deleted(before).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    rows = list(lock(Message.objects.filter(id__in=ids)))
    MessageVersion.objects.filter(message_id__in=ids).delete()
    refs: dict[UUID, list[str]] = {}
    for row in rows:
        row.text, row.media, row.data, row.form_at, row.words_at = "", [], {}, FINAL, None
        refs.setdefault(row.channel_id, []).append(row.remote_id)
    Message.objects.bulk_update(rows, ["text", "media", "data", "form_at", "words_at"])
    for channel_id, remote_ids in refs.items():
        forget_words(channel_id, remote_ids)
    tell_conversations({row.conversation_id for row in rows})
    return len(rows)
