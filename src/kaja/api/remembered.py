"""Requests that were carried out, by the key that their program chose."""

import base64

from django.db import IntegrityError, transaction

from kaja.api.models import RememberedRequest, Token
from kaja.channels.vault import open_values, seal_values

KEY_LENGTH = 255
_SEALED = "sealed:"
"""What JSON never begins with."""


def find_remembered(token: Token, key: str) -> RememberedRequest | None:
    """What was asked with a key before."""
    return RememberedRequest.objects.filter(token=token, key=key).first()


def remember_key(token: Token, key: str, fingerprint: bytes) -> tuple[RememberedRequest, bool]:
    """The row of a key, and whether it is new. Waits for a request with the key that is under way."""
    try:
        with transaction.atomic():
            return RememberedRequest.objects.create(token=token, key=key, fingerprint=fingerprint), True
    except IntegrityError:
        return RememberedRequest.objects.get(token=token, key=key), False


def remember_answer(row: RememberedRequest, status: int, body: str, *, secret: bool = False) -> None:
    """Keep what was answered; a secret that was shown once is sealed."""
    if secret:
        body = _SEALED + base64.b64encode(seal_values({"body": body}, _bound_to(row))).decode()
    row.status, row.body = status, body
    row.save(update_fields=["status", "body"])


def read_answer(row: RememberedRequest) -> str:
    """What was answered. Raises VaultError."""
    if not row.body.startswith(_SEALED):
        return row.body
    return open_values(base64.b64decode(row.body.removeprefix(_SEALED)), _bound_to(row))["body"]


def _bound_to(row: RememberedRequest) -> str:
    return f"remembered:{row.id}:body"
