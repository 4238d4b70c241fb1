"""What the engine does beside deliveries: telling what happened, waking what a mended channel held back."""

from uuid import UUID

from kaja.channels.models import Health
from kaja.kernel import events
from kaja.kernel.clock import now
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.publishing.events import BY_NAME
from kaja.publishing.models import OPEN_STATES, Delivery
from kaja.publishing.sync import sync_deliveries

EVERY = 1.0
ROUNDS_UNTIL_WAKING = 15
AT_ONCE = 500
HELD_CODES = ("channel_reconnect", "channel_disconnected", "credentials_locked", "needs_reconnect")


def tell_events() -> bool:
    """Publish the events that deliveries still have to tell, each exactly once; True when there may be more.

    The mark stands in the row and is taken off in the transaction in which the event's handlers write.
    """
    with system_scope(SystemPurpose.CLAIM):
        found = list(Delivery.objects.exclude(announce="").values_list("workspace_id", "id")[:AT_ONCE])
    by_workspace: dict[UUID, list[UUID]] = {}
    for workspace_id, delivery_id in found:
        by_workspace.setdefault(workspace_id, []).append(delivery_id)
    for workspace_id, ids in by_workspace.items():
        with workspace_scope(workspace_id):
            rows = list(
                Delivery.objects.select_for_update(skip_locked=True, of=("self",))
                .select_related("variant")
                .filter(id__in=ids)
                .exclude(announce="")
            )
            for row in rows:
                event = BY_NAME[row.announce]
                events.publish(event(row.id, row.variant.post_id, row.channel_id, row.problem))
            Delivery.objects.filter(id__in=[row.id for row in rows]).update(announce="")
    return len(found) == AT_ONCE


def wake_reconnected() -> bool:
    """Wake deliveries that waited for a channel which works again; True when there were any."""
    with system_scope(SystemPurpose.CLAIM):
        woken = Delivery.objects.filter(
            state__in=OPEN_STATES,
            next_at__isnull=True,
            needs_person=True,
            problem__code__in=HELD_CODES,
            channel__health=Health.OK,
            channel__disconnected_at__isnull=True,
        ).update(next_at=now())
    return woken > 0


def bring_up_to_date(workspace_id: UUID, post_id: UUID) -> None:
    """Make the deliveries of a post as its last saved change wants them."""
    with workspace_scope(workspace_id):
        sync_deliveries(post_id)
