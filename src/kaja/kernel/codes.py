"""Codes that every process of the installation can work out, and nobody else: nothing has to be stored."""

import hmac

# Base 32 without letters that look like figures or like each other (as Crockford's).
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 12


def make_code(secret: str, purpose: str) -> str:
    """Sixty bits of a keyed hash, in groups of four that can be typed."""
    number = int.from_bytes(hmac.new(secret.encode(), f"kaja.code.{purpose}".encode(), "sha256").digest()[:8])
    letters = "".join(LETTERS[number >> 5 * place & 31] for place in range(LENGTH))
    return "-".join(letters[at : at + 4] for at in range(0, LENGTH, 4))


def is_same_code(typed: str, code: str) -> bool:
    """Whether somebody typed the code: spaces, small letters and the usual mistakes do not matter."""
    read = "".join(typed.upper().split()).replace("-", "").replace("O", "0").replace("I", "1").replace("L", "1")
    return hmac.compare_digest(read.encode(), code.replace("-", "").encode())


FIRST_ACCOUNT = "first account"
