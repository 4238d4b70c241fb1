"""Devices that are told, and those that are told no more. Whose they are is who is signed in there."""

import json
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from django.conf import settings
from django.db import transaction

from kaja.channels.vault import get_vault
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem, Refused, fill_params, gettext_noop
from kaja.networks.kit.egress import Egress, HostRefused
from kaja.push.kinds import KINDS
from kaja.push.models import Device
from kaja.push.queries import get_device
from kaja.workspaces.models import User

MOST = 20
"""Devices of one person; with one more the one that was added first goes."""
LONGEST_ADDRESS = 2000


UNREADABLE = Problem(
    code="subscription_unreadable",
    message=gettext_noop("What this browser gave for notices cannot be used (%(detail)s)."),
    fix=gettext_noop("Switch notices off and on again; if that does not help, use another browser."),
)


def decode(text: str) -> bytes:
    """base64url without its padding, as browsers write it. Raises ValueError."""
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except NotBase64 as error:
        raise ValueError(str(error)) from error


def _read(given: Mapping[str, Any]) -> tuple[str, str, dict[str, str]]:
    """Address, host and keys of a subscription (Push API, `PushSubscription.toJSON`). Raises Refused."""
    endpoint, keys = given.get("endpoint"), given.get("keys")
    if not isinstance(endpoint, str) or len(endpoint) > LONGEST_ADDRESS or not endpoint.isascii():
        raise Refused(fill_params(UNREADABLE, detail="endpoint"))
    try:  # the spelling alone; where the name leads is looked at whenever something is sent
        host, _port = Egress(settings.PRIVATE_HOSTS_ALLOWED).check_url(endpoint)
    except HostRefused as refused:
        raise Refused(refused.problem) from None
    if ":" in host:  # no push service has an address of IPv6 in its name, and a signature cannot name it
        raise Refused(fill_params(UNREADABLE, detail="endpoint"))
    receiver, secret = (keys.get(name) if isinstance(keys, Mapping) else None for name in ("p256dh", "auth"))
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decode(str(receiver)))
        if len(decode(str(secret))) != 16:
            raise ValueError("auth")
    except ValueError:
        raise Refused(fill_params(UNREADABLE, detail="keys")) from None
    return endpoint, host, {"endpoint": endpoint, "p256dh": str(receiver), "auth": str(secret)}


def _hash(endpoint: str) -> bytes:
    return sha256(endpoint.encode()).digest()


def _bound_to(endpoint_hash: bytes) -> str:
    """Not to the row's id: two of one browser's requests at once would seal for different ids."""
    return f"device:{endpoint_hash.hex()}"


def open_subscription(device: Device) -> dict[str, str]:
    """`endpoint`, `p256dh` and `auth`; raises VaultError."""
    bound_to = _bound_to(bytes(device.endpoint_hash))
    opened: dict[str, str] = json.loads(get_vault().open(bytes(device.sealed), bound_to=bound_to))
    return opened


@transaction.atomic
def add_device(user: User, session: str, agent: str, given: Mapping[str, Any]) -> Device:
    """Tell this browser from now on, of everything; the same one again is the same device. Raises Refused.

    `session` is the name of the session in which the person is signed in there. A browser that was somebody else's is
    theirs no more.
    """
    endpoint, host, subscription = _read(given)
    endpoint_hash = _hash(endpoint)
    Device.objects.filter(endpoint_hash=endpoint_hash).exclude(user=user).delete()
    sealed = get_vault().seal(json.dumps(subscription).encode(), bound_to=_bound_to(endpoint_hash))
    about = {"session": session, "agent": agent[:300], "sealed": sealed, "host": host[:255]}
    device, _made = Device.objects.update_or_create(
        endpoint_hash=endpoint_hash,
        user=user,
        defaults=about,
        create_defaults={**about, "kinds": list(KINDS), "created_at": now()},
    )
    kept = Device.objects.filter(user=user).order_by("-created_at", "-id").values_list("id", flat=True)[:MOST]
    Device.objects.filter(user=user).exclude(id__in=list(kept)).delete()
    return device


def keep_device(user: User, session: str, endpoint: str) -> bool:
    """The person is signed in there again, in another session; False for a browser that is none of their devices."""
    return bool(Device.objects.filter(user=user, endpoint_hash=_hash(endpoint)).update(session=session))


def choose_kinds(user: User, device_id: UUID, kinds: Collection[str]) -> Device:
    """What this device is told."""
    device = get_device(user, device_id)
    device.kinds = [kind for kind in KINDS if kind in kinds]
    device.save(update_fields=["kinds"])
    return device


def remove_device(user: User, device_id: UUID) -> Device:
    """Tell it no more."""
    device = get_device(user, device_id)
    Device.objects.filter(id=device.id).delete()
    return device


def remove_signed_out(user: User, session: str) -> None:
    """The person signed out there."""
    Device.objects.filter(user=user, session=session).delete()
