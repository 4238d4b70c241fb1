"""Words that their author deleted on a network are kept as long as the workspace says, and then forgotten: here, of
what was read, and of what is searched."""

from datetime import timedelta
from uuid import UUID

from django.db.models import DateTimeField, ExpressionWrapper, F, Q, QuerySet, Value
from django.db.models.functions import Now

from kaja.inbox.forms import FINAL
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import Message, MessageState, MessageVersion
from kaja.kernel.locks import lock
from kaja.kernel.tenancy import SystemPurpose, run_in_workspace, system_scope
from kaja.reading.forgetting import forget_words

AT_ONCE = 500


def forget_deleted() -> int:
    """In every workspace; gives the number of messages. Outside any scope."""
    with system_scope(SystemPurpose.JOB_DISPATCH):
        workspaces = list(_due().order_by().values_list("workspace_id", flat=True).distinct())
    count = 0
    for workspace_id in workspaces:
        while found := run_in_workspace(workspace_id, _forget_some):
            count += found
    return count


def _due() -> QuerySet[Message]:
    """Deleted longer ago than the workspace keeps that, and not forgotten yet (`FINAL`, see `forms.py`)."""
    kept = ExpressionWrapper(
        Now() - F("workspace__keep_deleted_days") * Value(timedelta(days=1)), output_field=DateTimeField()
    )
    known = Q(form_at=None) | Q(form_at__lt=FINAL)
    return Message.objects.filter(known, state=MessageState.DELETED, deleted_at__isnull=False, deleted_at__lte=kept)


def _forget_some() -> int:
    ids: list[UUID] = list(_due().order_by("id").values_list("id", flat=True)[:AT_ONCE])
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
