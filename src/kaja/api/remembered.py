"""Requests that were carried out, by the key that their program chose."""

from django.db import IntegrityError, transaction

from kaja.api.models import RememberedRequest, Token

KEY_LENGTH = 255


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


def remember_answer(row: RememberedRequest, status: int, body: str) -> None:
    """Keep what was answered."""
    row.status, row.body = status, body
    row.save(update_fields=["status", "body"])
