"""Secrets at rest: AES-256-GCM, a key ring with key ids, every ciphertext bound to its row.

The key ring is a JSON object of key id to base64 key, newest last; the newest seals, all open. It stands in
`KAJA_KEYS` or in the file `keys.json` of the data folder (mode 0600).
"""

import base64
import json
import os
import secrets
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = 1
_NONCE_BYTES = 12


class VaultError(Exception):
    """A sealed value cannot be opened: wrong row, wrong key ring, or damaged. Never carries the value."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by id, newest last."""

    keys: dict[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "KeyRing":
        """Read a JSON key ring. Raises VaultError naming the key that is not 32 bytes."""
        try:
            raw = json.loads(text)
            keys = {str(key_id): base64.b64decode(value, validate=True) for key_id, value in raw.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise VaultError("the key ring is not a JSON object of key id to base64 key") from error
        for key_id, key in keys.items():
            if len(key) != 32:
                raise VaultError(f"key {key_id!r} has {len(key)} bytes; 32 are needed")
        if not keys:
            raise VaultError("the key ring is empty")
        return cls(keys)

    @classmethod
    def generate(cls, key_id: str = "k1") -> "KeyRing":
        return cls({key_id: secrets.token_bytes(32)})

    def render(self) -> str:
        return json.dumps({key_id: base64.b64encode(key).decode() for key_id, key in self.keys.items()})


def _derive(key: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"kaja.{purpose}".encode()).derive(key)


class Vault:
    """Seals and opens values. `bound_to` names the row and field; a value moved elsewhere does not open."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}

    def seal(self, plaintext: bytes, *, bound_to: str) -> bytes:
        key_id = list(self._ring.keys)[-1]
        header = bytes([_VERSION, len(key_id)]) + key_id.encode()
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[key_id].encrypt(nonce, plaintext, header + bound_to.encode())
        return header + nonce + sealed

    def open(self, blob: bytes, *, bound_to: str) -> bytes:
        blob = bytes(blob)
        if len(blob) < 2 or blob[0] != _VERSION:
            raise VaultError("this is not a sealed value")
        header, rest = blob[: 2 + blob[1]], blob[2 + blob[1] :]
        cipher = self._ciphers.get(header[2:].decode(errors="replace"))
        if cipher is None:
            raise VaultError(f"the key ring lacks key {header[2:].decode(errors='replace')!r}")
        try:
            return cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + bound_to.encode())
        except InvalidTag:
            raise VaultError("the sealed value does not belong here, or is damaged") from None

    def derive(self, purpose: str) -> "Vault":
        """A vault with keys of its own that follow from these, under the same ids: what is sealed with them, and shown
        to strangers, says nothing of what these seal."""
        return Vault(KeyRing({key_id: _derive(key, purpose) for key_id, key in self._ring.keys.items()}))
