"""The installation's key ring, and how a channel's credentials are sealed with it."""

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
    return _vault(os.environ.get("KAJA_KEYS", ""), Path(settings.HOME) / "keys.json")


@lru_cache(maxsize=4)
def _vault(text: str, file: Path) -> Vault:
    if not text:
        try:
            text = file.read_text()
        except FileNotFoundError:
            raise VaultError(f"there is no key ring: set KAJA_KEYS or restore {file.name}") from None
    return Vault(KeyRing.parse(text))


def bound_to(channel_id: UUID) -> str:
    """What a channel's sealed credentials are tied to."""
    return f"channel:{channel_id}:credentials"


def seal_credentials(channel_id: UUID, credentials: Mapping[str, str]) -> bytes:
    return get_vault().seal(json.dumps(dict(credentials)).encode(), bound_to=bound_to(channel_id))


def open_credentials(channel_id: UUID, sealed: bytes) -> dict[str, str]:
    """The credentials in the clear; raises VaultError. A channel without any (practice) gives an empty dict."""
    if not sealed:
        return {}
    opened: dict[str, str] = json.loads(get_vault().open(bytes(sealed), bound_to=bound_to(channel_id)))
    return opened
