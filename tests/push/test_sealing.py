"""What is sent is what the RFC says, byte for byte."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

from kaja.push.sealing import LARGEST, seal_message
from tests.push.receiving import BrowserKeys, decode, encode

# RFC 8291, section 5 and appendix A.
PLAIN = b"When I grow up, I want to be a watermelon"
SENDER = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
RECEIVER = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SECRET, SALT = "BTBZMqHH6r4Tts7J_aSIgg", "DGv6ra1nlYgDCS1FRnbzlw"
SEALED = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_y"
    "l95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def test_the_example_of_the_rfc() -> None:
    sender = derive_private_key(int.from_bytes(decode(SENDER), "big"), SECP256R1())
    sealed = seal_message(PLAIN, decode(RECEIVER), decode(SECRET), sender=sender, salt=decode(SALT))
    assert encode(sealed) == SEALED


def test_each_message_has_keys_of_its_own_and_only_its_browser_opens_it() -> None:
    keys, other = BrowserKeys(), BrowserKeys()
    first, second = (seal_message(b"x" * LARGEST, keys.public, keys.secret) for _ in range(2))
    assert first[:86] != second[:86]
    assert len(first) == 4096
    assert keys.open(first) == keys.open(second) == b"x" * LARGEST
    with pytest.raises(Exception, match=""):
        other.open(first)


def test_what_is_too_long_or_no_key_is_refused() -> None:
    keys = BrowserKeys()
    with pytest.raises(ValueError, match="fit"):
        seal_message(b"x" * (LARGEST + 1), keys.public, keys.secret)
    with pytest.raises(ValueError):
        seal_message(b"x", b"\x04" + b"\x01" * 64, keys.secret)
