"""Keeping who came in from outside."""

import logging
import socket
from datetime import timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest

from kaja.kernel.clock import now
from kaja.kernel.outside import leave_database
from kaja.networks.kit.egress import is_public
from kaja.reach.judging import host_of
from kaja.reach.looking import resolve
from kaja.reach.models import Arrival

log = logging.getLogger(__name__)
KEPT_EVERY = timedelta(minutes=10)


def note_arrival(request: HttpRequest, by: str) -> None:
    """Somebody called who could only have it from us: a signature, or a link that we made. Counts when the call came to
    our own address from a public one that is neither this machine's nor the one that our name leads to: a router that
    leads a call from inside back in shows one of those. To be called outside of a transaction."""
    caller = str(request.META.get("REMOTE_ADDR") or "")
    address = str(settings.BASE_URL)
    if not is_public(caller) or not request.is_secure() or _host_asked(request) != host_of(address):
        return
    moment = now()
    if Arrival.objects.filter(address=address, by=by, at__gt=moment - KEPT_EVERY).exists():
        return
    leave_database()
    if is_of_this_machine(caller) or caller in resolve(host_of(address), urlsplit(address).port or 443):
        return
    Arrival.objects.update_or_create(address=address, by=by, defaults={"at": moment})
    log.info("somebody came in from outside: %s", by)


def _host_asked(request: HttpRequest) -> str:
    return host_of(f"https://{request.get_host()}")


def is_of_this_machine(address: str) -> bool:
    """Whether an address belongs to one of this machine's interfaces: only those can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
