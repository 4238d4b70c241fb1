"""Endpoints: made, changed, switched; their secrets, and sending once more."""

import asyncio
import ipaddress
from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import transaction

from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, gettext_noop
from kaja.networks.kit.egress import Egress, HostRefused
from kaja.outgoing.events import EVENTS, TEST, Test
from kaja.outgoing.jobs import wake
from kaja.outgoing.models import Endpoint, Off, Sending, SendingState
from kaja.outgoing.secrets import new_secret, seal_secret
from kaja.outgoing.telling import tell
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.once import ID_TAKEN, find_made

MOST = 20
BOTH_COUNT = timedelta(hours=24)
"""How long it is signed with the secret before, too, after a new one."""
GONE = Problem(
    code="webhook_not_found",
    message=gettext_noop("There is no such webhook in this workspace."),
    fix=gettext_noop("Look at the list of webhooks in the settings."),
)
SENDING_GONE = Problem(
    code="sending_not_found",
    message=gettext_noop("This line is not in the log any more."),
    fix=gettext_noop("Load the page again."),
)
NEEDS_NAME = Problem(
    code="webhook_needs_name",
    message=gettext_noop("The webhook has no name, or one longer than %(limit)s characters."),
    field="name",
    fix=gettext_noop("Name it after the program that is told."),
    params={"limit": 80},
)
NAME_TAKEN = Problem(
    code="webhook_name_taken",
    message=gettext_noop("Another webhook of this workspace has this name."),
    field="name",
    fix=gettext_noop("Choose another name."),
)
NEEDS_EVENTS = Problem(
    code="webhook_needs_events",
    message=gettext_noop("Nothing is chosen that should be told."),
    field="kinds",
    fix=gettext_noop("Choose one or more events."),
)
TOO_LONG = Problem(
    code="webhook_address_long",
    message=gettext_noop("The address has more than %(limit)s characters."),
    field="address",
    fix=gettext_noop("Use a shorter one."),
    params={"limit": 1000},
)
TOO_MANY = Problem(
    code="webhooks_too_many",
    message=gettext_noop("A workspace has at most %(limit)s webhooks."),
    fix=gettext_noop("Delete one that nobody needs."),
    params={"limit": MOST},
)
IS_OFF = Problem(
    code="webhook_off",
    message=gettext_noop("The webhook is switched off, so nothing is sent to it."),
    fix=gettext_noop("Switch it on first."),
)


@transaction.atomic
def create_endpoint(
    actor: Actor, name: str, address: str, kinds: Collection[str], endpoint_id: UUID | None = None
) -> tuple[Endpoint, str]:
    """A new endpoint, switched on, and its secret, which is shown no more.

    A second call with the same `endpoint_id` means that nobody saw the first's answer: it is the same endpoint, and
    gets a new secret as long as nothing was told to it.
    """
    policy.require(actor, policy.Permission.MANAGE)
    row = Endpoint(id=endpoint_id or new_id(), created_by_id=actor.user_id)
    _require_fit(row, name, address, kinds)
    secret = new_secret()
    if (made := find_made(Endpoint, endpoint_id)) is not None:
        return _give_secret(made, row, secret), secret
    if Endpoint.objects.count() >= MOST:
        raise Refused(TOO_MANY)
    row.secret = seal_secret(row.id, secret)
    row.save(force_insert=True)
    audit.record(actor, "webhook.create", row, {}, _shown(row))
    return row, secret


def _give_secret(made: Endpoint, wanted: Endpoint, secret: str) -> Endpoint:
    row = _get(made.id)
    if _shown(row) != _shown(wanted) or Sending.objects.filter(endpoint=row).exists():
        raise Conflict(ID_TAKEN)
    row.secret = seal_secret(row.id, secret)
    row.save(update_fields=["secret"])
    return row


@transaction.atomic
def update_endpoint(actor: Actor, endpoint_id: UUID, name: str, address: str, kinds: Collection[str]) -> Endpoint:
    """What is told from now on, and where; what waits goes to the new address, too."""
    policy.require(actor, policy.Permission.MANAGE)
    row = _get(endpoint_id)
    before = _shown(row)
    _require_fit(row, name, address, kinds)
    row.save(update_fields=["name", "address", "kinds"])
    audit.record(actor, "webhook.change", row, before, _shown(row))
    return row


@transaction.atomic
def switch_endpoint(actor: Actor, endpoint_id: UUID, on: bool) -> Endpoint:
    """Tell it again, or no more. What waits goes out when it is switched on; what happens meanwhile is not kept."""
    policy.require(actor, policy.Permission.MANAGE)
    row = _get(endpoint_id)
    if on == (row.off_at is None):
        return row
    before = {"on": row.off_at is None}
    row.off_at, row.off_why = (None, "") if on else (now(), Off.PERSON)
    row.failing_since = None
    row.save(update_fields=["off_at", "off_why", "failing_since"])
    audit.record(actor, "webhook.switch", row, before, {"on": on})
    if on:
        transaction.on_commit(wake)
    return row


@transaction.atomic
def renew_secret(actor: Actor, endpoint_id: UUID) -> str:
    """A new secret, which is shown no more. For a day it is signed with the one before, too."""
    policy.require(actor, policy.Permission.MANAGE)
    row = _get(endpoint_id)
    secret = new_secret()
    row.old_secret, row.old_until = bytes(row.secret), now() + BOTH_COUNT
    row.secret = seal_secret(row.id, secret)
    row.save(update_fields=["secret", "old_secret", "old_until"])
    audit.record(actor, "webhook.secret", row, {}, {"name": row.name})
    return secret


@transaction.atomic
def delete_endpoint(actor: Actor, endpoint_id: UUID) -> None:
    """Tell it no more, and forget its log."""
    policy.require(actor, policy.Permission.MANAGE)
    row = _get(endpoint_id)
    audit.record(actor, "webhook.delete", row, _shown(row), {})
    row.delete()


@transaction.atomic
def send_test(actor: Actor, endpoint_id: UUID) -> None:
    """Send an event that says nothing, to see whether it arrives."""
    policy.require(actor, policy.Permission.MANAGE)
    row = _get(endpoint_id)
    if row.off_at is not None:
        raise Refused(IS_OFF)
    tell(TEST, [Test(endpoint=row.id)], [row])


@transaction.atomic
def send_again(actor: Actor, sending_id: UUID) -> Sending:
    """Send the same once more, with the same `webhook-id`: who has taken it already sees that. It is tried as a new
    one."""
    policy.require(actor, policy.Permission.MANAGE)
    row = lock(Sending.objects.filter(id=sending_id)).select_related("endpoint").first()
    if row is None:
        raise NotFound(SENDING_GONE)
    if row.endpoint.off_at is not None:
        raise Refused(IS_OFF)
    row.state, row.tries, row.next_at = SendingState.WAITING, 0, now()
    row.save(update_fields=["state", "tries", "next_at"])
    audit.record(actor, "webhook.resend", row.endpoint, {}, {"event": str(row.event_id)})
    transaction.on_commit(wake)
    return row


def _get(endpoint_id: UUID) -> Endpoint:
    row = lock(Endpoint.objects.filter(id=endpoint_id)).first()
    if row is None:
        raise NotFound(GONE)
    return row


def _shown(row: Endpoint) -> dict[str, object]:
    return {"name": row.name, "address": row.address, "events": ", ".join(row.kinds)}


def _require_fit(row: Endpoint, name: str, address: str, kinds: Collection[str]) -> None:
    row.name, row.address = name.strip(), address.strip()
    row.kinds = [kind for kind in EVENTS if kind in set(kinds)]
    problems = []
    if not row.name or len(row.name) > 80:
        problems.append(NEEDS_NAME)
    elif Endpoint.objects.filter(name=row.name).exclude(id=row.id).exists():
        problems.append(NAME_TAKEN)
    if len(row.address) > 1000:
        problems.append(TOO_LONG)
    elif (problem := check_address(row.address)) is not None:
        problems.append(replace(problem, field="address"))
    if not row.kinds:
        problems.append(NEEDS_EVENTS)
    if problems:
        raise Refused(*problems)


def check_address(address: str) -> Problem | None:
    """What may not be called, as far as its spelling says. Where a name leads is looked at by each request anew."""
    egress = Egress(settings.PRIVATE_HOSTS_ALLOWED)
    try:
        host, port = egress.check_url(address)
        try:
            ipaddress.ip_address(host)
        except ValueError:
            if urlsplit(address).hostname != "localhost":
                return None
        asyncio.run(egress.addresses(host, port))
    except HostRefused as refused:
        return refused.problem
    except OSError:
        return None
    return None
