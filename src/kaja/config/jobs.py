"""Once a night, what nobody needs any longer is removed."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.sessions.models import Session

from kaja.api.models import RememberedRequest
from kaja.channels.models import PendingConnection
from kaja.kernel import limits
from kaja.kernel.clock import now
from kaja.kernel.jobs import job
from kaja.kernel.loops import forget_loops
from kaja.kernel.tenancy import SystemPurpose, system_scope

KEYS_LAST = timedelta(days=7)
"""How long the API remembers an Idempotency-Key."""
UPLOADS_LAST = timedelta(days=2)
"""No file comes in for longer (see `config/bodies/reading.py`)."""


@job("config.sweep", every="23 3 * * *")
def sweep(timestamp: int) -> None:
    """Forget old keys of the API, round trips to a network that nobody came back from, sessions that are over, full
    buckets of limits, and files that never came in whole."""
    moment = now()
    with system_scope(SystemPurpose.MAINTENANCE):
        RememberedRequest.objects.filter(created_at__lt=moment - KEYS_LAST).delete()
        PendingConnection.objects.filter(expires_at__lt=moment).delete()
    forget_loops()
    Session.objects.filter(expire_date__lt=moment).delete()
    limits.sweep()
    for left in Path(settings.FILE_UPLOAD_TEMP_DIR).glob("*.upload*"):
        with suppress(FileNotFoundError):  # it came in whole in this moment, and was moved
            if left.stat().st_mtime < (moment - UPLOADS_LAST).timestamp():
                left.unlink()  # of a process that was killed
