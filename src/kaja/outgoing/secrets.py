"""The secret that an endpoint shares with us, and what it signs (Standard Webhooks, https://www.standardwebhooks.com)."""

import base64
import secrets
from datetime import datetime
from uuid import UUID

from standardwebhooks.webhooks import Webhook

from kaja.channels.vault import open_values, seal_values
from kaja.outgoing.models import Endpoint

PREFIX = "whsec_"
BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(BYTES)).decode()


def seal_secret(endpoint_id: UUID, secret: str) -> bytes:
    return seal_values({"secret": secret}, _bound_to(endpoint_id))


def sign(endpoint: Endpoint, message_id: str, moment: datetime, body: str) -> str:
    """The header's value: a signature of each secret that counts now. Raises VaultError."""
    sealed = [endpoint.secret]
    if endpoint.old_until is not None and endpoint.old_until > moment:
        sealed.append(endpoint.old_secret)
    opened = [open_values(bytes(each), _bound_to(endpoint.id))["secret"] for each in sealed]
    return " ".join(Webhook(secret).sign(message_id, moment, body) for secret in opened)


def _bound_to(endpoint_id: UUID) -> str:
    return f"endpoint:{endpoint_id}:secret"
