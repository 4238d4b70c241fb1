"""Taking hooks in, and working them off."""

import hashlib
import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F

from kaja.channels import practice
from kaja.channels.developer_apps import list_apps
from kaja.hooks.models import HookReceived, HookRefusal
from kaja.kernel.clock import now
from kaja.kernel.limits import Limit, take
from kaja.kernel.locks import lock
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.grants import App
from kaja.networks.kit.hooks import find_hooks
from kaja.networks.registry import CONNECTORS
from kaja.reading.actions import Wanted, request_looks
from kaja.reading.streams import topic_of

log = logging.getLogger(__name__)
AT_ONCE = 100
KEPT = timedelta(days=7)
"""How long a digest is remembered; networks send the same one again for a day or two. What nobody worked off by then is
worth nothing either: it was a hint to look, and since then was looked many times."""
REFUSALS_KEPT = timedelta(days=90)
BAD_SIGNATURES = Limit("hooks: bad signature", 60, 600)
"""Of one caller that are counted; more are turned away and leave no trace. Good ones of the same address still come in:
nobody can lock a network out by sending nonsense from beside it."""


def list_signers(connector: Connector) -> list[App]:
    """The developer apps for which a network may send hooks; the practice network also signs with the key that it
    shares with this Kaja."""
    apps = list_apps(connector.info.key)
    return [*apps, App(webhook_secret=practice.get_key())] if connector.info.practice else apps


def take_hook(network: str, body: bytes) -> bool:
    """Keep a verified body, once; False when it was worked off already, so that nothing is left to do."""
    digest = hashlib.sha256(body).digest()
    HookReceived.objects.bulk_create([HookReceived(network=network, digest=digest, body=body)], ignore_conflicts=True)
    return HookReceived.objects.filter(network=network, digest=digest, done_at=None).exists()


def work_off() -> int:
    """Wake what the open hooks speak of; gives their number. As many statements for a hundred as for one.

    One that is in no known form is marked and holds up no other. Nothing is read from them but where to look.
    """
    with transaction.atomic():
        rows = list(lock(HookReceived.objects.filter(done_at=None), skip_locked=True)[:AT_ONCE])
        wanted: set[Wanted] = set()
        for row in rows:
            found = _read(row)
            row.understood = found is not None
            wanted |= found or set()
            row.body, row.done_at = b"", now()
        HookReceived.objects.bulk_update(rows, ["understood", "body", "done_at"])
        request_looks(wanted)
    return len(rows)


def _read(row: HookReceived) -> set[Wanted] | None:
    """Where it says to look; None for what is in no known form."""
    hooks = find_hooks(CONNECTORS.get(row.network))
    if hooks is None:
        return None
    try:
        events = hooks.parse(bytes(row.body))
        return {Wanted(row.network, _storable(each.account_id), topic_of(_storable(each.stream))) for each in events}
    except (ValueError, KeyError, TypeError, RecursionError):
        log.warning("a hook of %s is in no known form", row.network)
        return None


def _storable(name: str) -> str:
    """A name that a database could be asked for. Raises ValueError."""
    name.encode()
    if "\0" in name:
        raise ValueError("no text holds this")
    return name


def refuse_hook(network: str, caller: str) -> float:
    """Count one without the network's signature. 0, or the seconds for which this caller is not even counted."""
    if wait := take((BAD_SIGNATURES, caller)):
        return wait
    moment = now()
    _, made = HookRefusal.objects.get_or_create(network=network, defaults={"count": 1, "last_at": moment})
    if not made:
        HookRefusal.objects.filter(network=network).update(count=F("count") + 1, last_at=moment)
    return 0.0


def forget_hooks() -> None:
    """What came in long ago, worked off or not, and what was refused long ago."""
    HookReceived.objects.filter(received_at__lt=now() - KEPT).delete()
    HookRefusal.objects.filter(last_at__lt=now() - REFUSALS_KEPT).delete()
