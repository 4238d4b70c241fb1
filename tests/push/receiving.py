"""A browser and its push service on loopback: it opens what it is sent by RFC 8291 and checks the signature by
RFC 8292, with nothing of ours."""

import json
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDH,
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kaja.kernel.clock import now
from kaja.push.models import Device
from kaja.workspaces.models import Workspace
from tests.people import member_of


def encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _hmac(key: bytes, *parts: bytes) -> bytes:
    digest = HMAC(key, SHA256())
    for part in parts:
        digest.update(part)
    return digest.finalize()


@dataclass
class BrowserKeys:
    """What a browser makes for one subscription."""

    private: EllipticCurvePrivateKey = field(default_factory=lambda: generate_private_key(SECP256R1()))
    secret: bytes = b"sixteen bytes of"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def open(self, body: bytes) -> bytes:
        """RFC 8291, section 3.4, step by step, and RFC 8188, section 2.1."""
        salt, length = body[:16], body[20]
        sender = body[21 : 21 + length]
        shared = self.private.exchange(ECDH(), EllipticCurvePublicKey.from_encoded_point(SECP256R1(), sender))
        material = _hmac(_hmac(self.secret, shared), b"WebPush: info\0", self.public, sender, b"\x01")
        pseudorandom = _hmac(salt, material)
        key = _hmac(pseudorandom, b"Content-Encoding: aes128gcm\0\x01")[:16]
        nonce = _hmac(pseudorandom, b"Content-Encoding: nonce\0\x01")[:12]
        padded = AESGCM(key).decrypt(nonce, body[21 + length :], None).rstrip(b"\0")
        assert padded[-1] == 2, "the last record"
        return padded[:-1]


def read_signature(authorization: str) -> tuple[dict[str, Any], bytes]:
    """The claims of a signature that holds, and the key that made it (RFC 8292, section 3)."""
    scheme, _, rest = authorization.partition(" ")
    assert scheme == "vapid"
    given = dict(part.strip().split("=", 1) for part in rest.split(","))
    head, claims, signature = given["t"].split(".")
    assert json.loads(decode(head))["alg"] == "ES256"
    raw = decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), decode(given["k"]))
    key.verify(der, f"{head}.{claims}".encode(), ECDSA(SHA256()))
    return dict(json.loads(decode(claims))), decode(given["k"])


@dataclass(frozen=True)
class Received:
    """One message as the service got it."""

    path: str
    headers: dict[str, str]
    body: bytes


class PushService:
    """`answers` gives the next status codes; afterwards everything is taken."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answers: list[int] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.received.append(
                    Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
                )
                status = service.answers.pop(0) if service.answers else 201
                self.send_response(status)
                if status == 429:
                    self.send_header("Retry-After", "120")
                if status == 302:
                    self.send_header("Location", f"{service.url}/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def subscription(self, keys: BrowserKeys, path: str = "/device") -> dict[str, Any]:
        """As a browser gives it to the page."""
        return {
            "endpoint": f"{self.url}{path}",
            "expirationTime": None,
            "keys": {"p256dh": encode(keys.public), "auth": encode(keys.secret)},
        }


def fill_devices(workspace: Workspace, count: int) -> None:
    """So many of the curator's."""
    user, moment = member_of(workspace).user, now()
    Device.objects.bulk_create(
        Device(user=user, session=f"s{n}", agent="Firefox", endpoint_hash=str(n).encode(), host="push.test",
               sealed=b"x", created_at=moment - timedelta(minutes=n % 7))
        for n in range(count)
    )  # fmt: skip
