"""An answer that was written here and what was read of it before anybody knew that it is the same."""

from collections.abc import Mapping
from typing import Any

from kaja.inbox.models import Message, MessageVersion

ANSWER = "answer"
"""In `Message.data` of what was written here: what is sent beside its words (`source.py`)."""
READ = (
    "remote_id", "kind", "parent_ref", "url", "language", "rating", "state", "at", "form_at", "gone_at", "deleted_at",
)  # fmt: skip


def is_written_here(row: Message) -> bool:
    """Whether its words are ours as we wrote them, and not as a network gives them back."""
    return row.delivery_id is not None and ANSWER in row.data


def join_echo(ours: Message, echo: Message, data: Mapping[str, Any]) -> None:
    """Make them the one that was written here. As if what was read had been read afterwards: our words stand, unless
    they were edited on the network. `data`: what later calls need. Both rows are locked."""
    versions = list(MessageVersion.objects.filter(message=echo))
    if is_written_here(ours) and echo.edited_at is not None:
        # The words that it had there before the edit are ours, in another shape.
        versions = [each for each in versions if each.at is None or each.at > echo.at]
        MessageVersion.objects.create(
            workspace_id=ours.workspace_id, message=ours, text=ours.text, media=ours.media, at=ours.arrived_at,
            until=echo.arrived_at,
        )  # fmt: skip
    if not is_written_here(ours) or echo.edited_at is not None:
        MessageVersion.objects.filter(id__in=[each.id for each in versions]).update(message=ours)
        for name in ("text", "media", "words_at", "edited_at"):
            setattr(ours, name, getattr(echo, name))
    echo.delete()
    for name in READ:
        setattr(ours, name, getattr(echo, name))
    ours.data = {**data, **echo.data, **ours.data}
    ours.save()
