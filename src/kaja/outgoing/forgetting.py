"""What was told long ago is forgotten."""

from datetime import timedelta

from kaja.kernel.clock import now
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.outgoing.models import OutgoingEvent, Sending, SendingState

KEPT_FOR = timedelta(days=30)


def forget_told() -> None:
    """Events of a month ago with their log; what waits at an endpoint that is switched off, too."""
    before = now() - KEPT_FOR
    with system_scope(SystemPurpose.MAINTENANCE):
        waiting = Sending.objects.filter(state=SendingState.WAITING, endpoint__off_at=None).values("event_id")
        OutgoingEvent.objects.filter(at__lt=before).exclude(id__in=waiting).delete()
