"""The installation's key ring, and how credentials are sealed with it: those of a consent, and a channel's own."""

import json
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from django.conf import settings

from kaja.kernel.vault import KeyRing, Vault, VaultError


def get_vault() -> Vault:
    """The vault of this installation: keys from `KAJA_KEYS`, else from `keys.json` in the data folder.

    Raises VaultError when there is no usable key ring.
    """
    return _vault(os.environ.get("KAJA_KEYS", ""), settings.HOME)


@lru_cache(maxsize=4)
def _vault(text: str, home: Path) -> Vault:
    if not text:
        file = home / "keys.json"
        try:
            text = file.read_text()
        except FileNotFoundError:
            raise VaultError(f"there is no key ring: set KAJA_KEYS or restore {file.name}") from None
    return Vault(KeyRing.parse(text))


def bound_to(grant_id: UUID) -> str:
    """What a consent's sealed credentials are tied to. It is named after the channel whose id it may have."""
    return f"channel:{grant_id}:credentials"


def seal_values(values: Mapping[str, str], bound: str) -> bytes:
    """Nothing stays nothing."""
    return get_vault().seal(json.dumps(dict(values)).encode(), bound_to=bound) if values else b""


def open_values(sealed: bytes, bound: str) -> dict[str, str]:
    """The values in the clear; raises VaultError. Nothing gives an empty dict."""
    if not sealed:
        return {}
    opened: dict[str, str] = json.loads(get_vault().open(bytes(sealed), bound_to=bound))
    return opened


def seal_credentials(grant_id: UUID, credentials: Mapping[str, str]) -> bytes:
    return seal_values(credentials, bound_to(grant_id))


def seal_own(channel_id: UUID, credentials: Mapping[str, str]) -> bytes:
    return seal_values(credentials, f"channel:{channel_id}:own")


def open_own(channel_id: UUID, sealed: bytes) -> dict[str, str]:
    """What only this channel has; raises VaultError."""
    return open_values(sealed, f"channel:{channel_id}:own")


def open_credentials(grant_id: UUID | None, sealed: bytes | None, channel_id: UUID, own: bytes) -> dict[str, str]:
    """What a channel signs in with: its consent's credentials and its own; raises VaultError. They share no name."""
    shared = open_values(sealed or b"", bound_to(grant_id)) if grant_id else {}
    return {**shared, **open_own(channel_id, own)}
