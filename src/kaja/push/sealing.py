"""RFC 8291 (message encryption for Web Push) with `aes128gcm` of RFC 8188, in one record; both read 2026-11-30.

Written here because the reference package comes as sources only, which a set-up from pinned wheels cannot build, and
the others either make the request themselves or sign for an origin without its port. RFC 8291's own example is a test.
"""

import os
import struct

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

RECORD = 4096
"""Bytes that every push service takes (RFC 8030, section 7.2)."""
LARGEST = RECORD - 86 - 17
"""Bytes of a message: the header, the tag and the mark of the last record go off (RFC 8291, section 4)."""


def _hkdf(salt: bytes, key: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(key)


def seal_message(
    message: bytes,
    receiver: bytes,
    secret: bytes,
    *,
    sender: EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """The body of a push: only the browser with the key `receiver` (p256dh) and the `secret` (auth) can open it.

    `sender` and `salt` are new for each message; only the example of the RFC gives them. Raises ValueError for a
    message that is too long, and for a key that is no point of P-256.
    """
    if len(message) > LARGEST:
        raise ValueError(f"{len(message)} bytes; {LARGEST} fit")
    sender, salt = sender or generate_private_key(SECP256R1()), salt or os.urandom(16)
    point = sender.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    shared = sender.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), receiver))
    material = _hkdf(secret, shared, b"WebPush: info\0" + receiver + point, 32)
    key = _hkdf(salt, material, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _hkdf(salt, material, b"Content-Encoding: nonce\0", 12)
    sealed = AESGCM(key).encrypt(nonce, message + b"\x02", None)
    return salt + struct.pack("!LB", RECORD, len(point)) + point + sealed
