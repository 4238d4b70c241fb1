"""The key pair that push services know this installation by (VAPID, RFC 8292): made when it is first needed, and sealed
in the database with the key ring, like the credentials of channels; so a backup has it, and every host the same one."""

import time
from email.utils import parseaddr
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings
from django.db import transaction
from py_vapid import Vapid02
from py_vapid.utils import b64urlencode

from kaja.channels.vault import get_vault
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.vault import VaultError
from kaja.push.models import Device, ServerKey

BOUND_TO = "push:server-key"
LASTS = 12 * 3600
"""Seconds for which a signature holds; 24 hours are the most (RFC 8292, section 2)."""


def ensure_server_key() -> str:
    """The public half, for browsers. A pair that the key ring does not open is replaced; the devices that subscribed
    with it go, for push services accept no other key for them."""
    row = ServerKey.objects.filter(id=1).first()
    if row is not None and _open(row) is not None:
        return row.public
    with transaction.atomic():
        made = Vapid02()
        made.generate_keys()
        public = b64urlencode(made.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
        sealed = get_vault().seal(made.private_pem(), bound_to=BOUND_TO)
        ServerKey.objects.bulk_create(
            [ServerKey(id=1, public=public, sealed=sealed, made_at=now())], ignore_conflicts=True
        )
        row = lock(ServerKey.objects.filter(id=1)).get()
        if row.public != public and _open(row) is None:
            ServerKey.objects.filter(id=1).update(public=public, sealed=sealed, made_at=now())
            Device.objects.all().delete()
            row.public = public
    return row.public


def _open(row: ServerKey) -> bytes | None:
    try:
        return get_vault().open(bytes(row.sealed), bound_to=BOUND_TO)
    except VaultError:
        return None


def load_signer() -> Vapid02 | None:
    """What signs; None where there is no key that opens, and so no device that could be reached."""
    row = ServerKey.objects.filter(id=1).first()
    pem = _open(row) if row is not None else None
    return Vapid02.from_pem(pem) if pem else None


def sign(signer: Vapid02, endpoint: str) -> str:
    """The `Authorization` for the push service of an endpoint."""
    parts = urlsplit(endpoint)
    usual = {"https": 443, "http": 80}[parts.scheme]
    port = f":{parts.port}" if parts.port not in (None, usual) else ""  # an origin, as RFC 6454 writes it
    claims = {"aud": f"{parts.scheme}://{parts.hostname}{port}", "sub": name_contact(), "exp": int(time.time()) + LASTS}
    return str(signer.sign(claims)["Authorization"])


def name_contact() -> str:
    """Whom a push service may write to: the address that mails come from, or one at our own host."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    if not address or address.endswith("@localhost"):
        address = f"kaja@{urlsplit(settings.BASE_URL).hostname or 'localhost'}"
    return f"mailto:{address}"
