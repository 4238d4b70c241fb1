"""What the engine does beside deliveries: telling what happened, waking what a fixed channel held back."""

import logging
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q

from kaja.channels.models import Health
from kaja.delivery.events import BY_NAME, DeliveryEvent
from kaja.delivery.models import OPEN_STATES, Delivery, UntoldEvent
from kaja.delivery.sources import SOURCES
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.loops import describe_error, is_lost_database
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.networks.kit.outcome import TROUBLE

log = logging.getLogger(__name__)
EVERY = 1.0
WAKE_EVERY = 15.0
AT_ONCE = 500
TELL_TRIES = 6
"""After so many errors an event is set aside, until another worker starts or somebody fixes what is wrong."""
FIRST_PAUSE = 5.0
HELD_CODES = ("channel_reconnect", "channel_disconnected", "credentials_locked", "needs_reconnect", *TROUBLE)


_TOLD = (
    "id", "announce", "source_kind", "source_id", "channel_id", "problem", "untold__event", "untold__tries"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Untold:
    """A row whose event is to be told; `tried`: the event that was put off before, if one was."""

    id: UUID
    announce: str
    source_kind: str
    source_id: UUID
    channel_id: UUID
    problem: dict[str, object] | None
    tried: str | None
    tries: int | None

    def make_event(self) -> DeliveryEvent:
        return BY_NAME[self.announce](self.id, self.source_kind, self.source_id, self.channel_id, self.problem)


def tell_events() -> bool:
    """Publish the events that deliveries still have to tell, each exactly once; True when there may be more.

    The mark stands in the row and is taken off in the transaction in which the event's handlers write. An event whose
    handler breaks keeps its mark and holds up no other.
    """
    with system_scope(SystemPurpose.CLAIM):
        put_off = UntoldEvent.objects.filter(delivery_id=OuterRef("id"), event=OuterRef("announce")).filter(
            Q(next_at=None) | Q(next_at__gt=now())
        )
        waiting = Delivery.objects.exclude(announce="").exclude(Exists(put_off))
        found = list(waiting.values_list("workspace_id", "id")[:AT_ONCE])
    by_workspace: dict[UUID, list[UUID]] = {}
    for workspace_id, delivery_id in found:
        by_workspace.setdefault(workspace_id, []).append(delivery_id)
    for workspace_id, ids in by_workspace.items():
        with workspace_scope(workspace_id):
            _tell_of_workspace(ids)
    return len(found) == AT_ONCE


def _tell_of_workspace(ids: list[UUID]) -> None:
    waiting = Delivery.objects.filter(id__in=ids).exclude(announce="")
    rows = [_Untold(*values) for values in lock(waiting, skip_locked=True).values_list(*_TOLD)]
    # By channel: who hears of it locks what belongs to the channel, and two workers that tell meet in one order.
    rows.sort(key=lambda row: (row.channel_id, row.id))
    # Together, because thousands may have gone out at once; if that breaks, it is found out whose it was.
    told = rows if _is_told_of(rows) else [row for row in rows if _is_told_of([row], put_off=True)]
    Delivery.objects.filter(id__in=[row.id for row in told]).update(announce="")
    if before := [row.id for row in told if row.tried is not None]:
        UntoldEvent.objects.filter(delivery_id__in=before).delete()


def _is_told_of(rows: Sequence[_Untold], *, put_off: bool = False) -> bool:
    """Publish their events; False when a handler breaks, and nothing of it is written then."""
    try:
        with transaction.atomic():
            events.publish_many([row.make_event() for row in rows])
    except Exception as error:
        if is_lost_database(error) and _is_gone():
            raise
        if put_off:
            _put_off(rows[0], error)
        return False
    return True


def _is_gone() -> bool:
    return connection.connection is None or connection.connection.closed


def _put_off(row: _Untold, error: Exception) -> None:
    """Other events go on; this one comes again, and is set aside when that does not help."""
    tries = (row.tries or 0) + 1 if row.tried == row.announce else 1
    next_at = now() + timedelta(seconds=FIRST_PAUSE * 2.0 ** (tries - 1)) if tries < TELL_TRIES else None
    what = "comes again" if next_at else "is set aside"
    places = "".join(traceback.format_tb(error.__traceback__)[-6:])
    log.error("event %s of delivery %s %s: %s at\n%s", row.announce, row.id, what, type(error).__name__, places)
    UntoldEvent.objects.update_or_create(
        delivery_id=row.id,
        defaults={
            "event": row.announce,
            "tries": tries,
            "next_at": next_at,
            "error": describe_error(error),
            "failed_at": now(),
        },
    )


def take_up_set_aside() -> int:
    """A worker starts, perhaps in a version that can tell what its forerunner could not; gives the number."""
    with system_scope(SystemPurpose.CLAIM):
        return UntoldEvent.objects.filter(next_at=None).update(next_at=now(), tries=0)


def wake_reconnected() -> bool:
    """Wake deliveries that waited for a channel which works again; True when there were any.

    What somebody changes in this moment is left to the next time: nobody is waited for with rows in hand.
    """
    with system_scope(SystemPurpose.CLAIM):
        waiting = Delivery.objects.filter(
            state__in=OPEN_STATES,
            next_at__isnull=True,
            needs_person=True,
            problem__code__in=HELD_CODES,
            channel__health=Health.OK,
            channel__disconnected_at__isnull=True,
        )
        ids = list(lock(waiting, skip_locked=True).values_list("id", flat=True))
        return bool(ids) and Delivery.objects.filter(id__in=ids).update(next_at=now()) > 0


def bring_up_to_date(workspace_id: UUID, source_kind: str, source_id: UUID) -> None:
    """Make the deliveries of a source as its last saved change wants them."""
    with workspace_scope(workspace_id):
        SOURCES[source_kind].follow(source_id)
