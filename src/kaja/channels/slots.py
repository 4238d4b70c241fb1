"""The weekly slots of a channel's queue."""

from collections.abc import Collection
from datetime import time
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from kaja.channels.models import Channel, Slot
from kaja.channels.queries import channel_order
from kaja.kernel.compiled import CompiledQuery, columns_of, make_row
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor

SLOTS_MAX = 500

WeekTime = tuple[int, time]
"""A weekday (Monday is 0) and a wall-clock time in the workspace's zone."""


def list_slots(channel_id: UUID) -> list[Slot]:
    """A channel's slots, by weekday and time."""
    return list(Slot.objects.filter(channel_id=channel_id).order_by("weekday", "time"))


def has_slots() -> bool:
    """Whether any channel of the workspace has weekly times."""
    return Slot.objects.exists()


_connected = CompiledQuery()  # asked by every calendar


def list_connected_slots() -> list[Slot]:
    """The slots of all connected channels, by weekday, time and channel."""

    def slots() -> QuerySet[Slot, Any]:
        connected = Slot.objects.filter(channel__disconnected_at__isnull=True)
        rows = connected.order_by("weekday", "time", *channel_order("channel__"))
        return rows.values_list(*columns_of(Slot))

    return [make_row(Slot, row) for row in _connected.fetch(slots)]


@transaction.atomic
def set_slots(actor: Actor, channel_id: UUID, wanted: Collection[WeekTime]) -> list[Slot]:
    """Make a channel's slots exactly these. Posts that are scheduled already keep their times."""
    policy.require(actor, policy.Permission.CHANNELS)
    channel = lock(Channel.objects.filter(id=channel_id, disconnected_at__isnull=True)).first()
    if channel is None:
        raise NotFound(
            Problem(
                code="channel_not_found",
                message=gettext_noop("This channel is not connected to the workspace."),
                field="channel",
                fix=gettext_noop("Connect it again, or choose another channel."),
            )
        )
    times = {(weekday, at.replace(second=0, microsecond=0)) for weekday, at in wanted}
    if any(not 0 <= weekday <= 6 for weekday, _ in times) or len(times) > SLOTS_MAX:
        raise Refused(
            Problem(
                code="slots_invalid",
                message=gettext_noop("A week has seven days and a queue at most %(limit)s slots."),
                field="slots",
                fix=gettext_noop("Count weekdays from Monday, 0, to Sunday, 6."),
                params={"limit": SLOTS_MAX},
            )
        )
    before = {(slot.weekday, slot.time): slot for slot in list_slots(channel_id)}
    for gone in before.keys() - times:
        before[gone].delete()
    Slot.objects.bulk_create(
        Slot(workspace_id=channel.workspace_id, channel=channel, weekday=weekday, time=at)
        for weekday, at in sorted(times - before.keys())
    )
    if before.keys() != times:
        audit.record(
            actor,
            "channel.slots",
            channel,
            {"slots": [_shown(key) for key in sorted(before)]},
            {"slots": [_shown(key) for key in sorted(times)]},
        )
        notify_live(channel.workspace_id, "channel", channel.id)
    return list_slots(channel_id)


def _shown(key: WeekTime) -> str:
    return f"{key[0]} {key[1]:%H:%M}"
