"""Whether a backup is the one that this installation made: its manifest, checksums and all, is signed.

The key is in no backup: whoever can write into the folder of backups has those, keys of channels included, and could
sign what they like with anything that is in there.
"""

import hmac
import os
import secrets
from pathlib import Path

from kaja.cli.failures import BadSetting
from kaja.kernel.postgres import write_private

FILE = "backup-key"
SETTING = "KAJA_BACKUP_KEY"
LEAST_LENGTH = 32


def find_backup_key(home: Path) -> bytes | None:
    """`KAJA_BACKUP_KEY`, or what stands in the data folder; None where neither is."""
    text = os.environ.get(SETTING) or ((home / FILE).read_text() if (home / FILE).exists() else "")
    if not text:
        return None
    if len(text.strip()) < LEAST_LENGTH:
        raise BadSetting(
            f"{SETTING} must have at least {LEAST_LENGTH} characters; take the file {FILE} of the old host."
        )
    return text.strip().encode()


def get_backup_key(home: Path) -> bytes:
    """The same; made at the first backup."""
    if (key := find_backup_key(home)) is None:
        write_private(home / FILE, secrets.token_urlsafe(32))
        key = find_backup_key(home)
        assert key is not None
    return key


def sign(key: bytes, manifest: bytes) -> str:
    return hmac.new(key, b"kaja.backup\n" + manifest, "sha256").hexdigest()


def is_signed(key: bytes, manifest: bytes, signature: str) -> bool:
    return hmac.compare_digest(sign(key, manifest).encode(), signature.encode())
