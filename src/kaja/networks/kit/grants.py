"""What a consent gives, and the developer apps in whose name it is asked for."""

import base64
import binascii
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hmac import new as new_hmac
from typing import Any

EARLY = 60.0
"""Seconds before its end from which on an access token is not used any more."""


@dataclass(frozen=True)
class Tokens:
    """What one consent gave: shared by all channels that were chosen from it, and renewed for all of them at once."""

    credentials: Mapping[str, str] = field(repr=False)
    expires_at: datetime | None = None
    """When it ends unless it is renewed; None: not by itself."""
    renew_at: datetime | None = None
    """When it is to be renewed, well before; None where only a person can give a new one."""
    subject: str = ""
    """Who consented, as the network names them: a second consent of theirs takes the first one's place. Empty where
    the account itself consents, so that a consent has one channel."""


@dataclass(frozen=True)
class App:
    """The operator's own developer app at a network. Its secrets leave Kaja only towards that network."""

    client_id: str = ""
    secret: str = field(default="", repr=False)
    webhook_secret: str = field(default="", repr=False)

    @property
    def verify_token(self) -> str:
        """What the network is told to show before it sends webhooks. It opens nothing, and says nothing of the secret;
        empty without one."""
        secret = self.webhook_secret or self.secret
        return new_hmac(secret.encode(), b"kaja: handshake of webhooks", "sha256").hexdigest()[:32] if secret else ""


@dataclass(frozen=True)
class AppSlot:
    """A developer app that a network asks for. Most need one; some want one of its own for a product."""

    key: str
    label: str
    """What it is for."""
    steps: tuple[str, ...] = ()
    """What to apply for there and where, step by step; message ids."""
    webhook: bool = False
    """Whether the network signs what it sends by itself with a secret of its own."""


def is_over(credentials: Mapping[str, str]) -> bool:
    """Whether an access token (`ends`, seconds since 1970) has ended, or will within a minute."""
    ends = credentials.get("ends", "")
    return bool(ends) and float(ends) - time.time() < EARLY


def read_claims(token: str) -> Mapping[str, Any]:
    """What a token says of itself; empty when it is not a JWT. Not a check of its signature."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def is_expired(token: str) -> bool:
    """Whether a JWT has ended, or will within a minute; one that does not say lasts."""
    expiry = read_claims(token).get("exp")
    return isinstance(expiry, int | float) and expiry - time.time() < EARLY
