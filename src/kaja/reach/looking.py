"""A look at our own address from this machine: only when somebody asks for it, and at nobody else."""

import secrets
import socket
import ssl
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from kaja.kernel.clock import now
from kaja.kernel.outside import leave_database
from kaja.reach.judging import Seen, host_of, is_own_name
from kaja.reach.models import Look

SECONDS = 8.0


def prove(nonce: str) -> str:
    """What only this installation answers to a nonce."""
    return salted_hmac("kaja.reach", nonce, algorithm="sha256").hexdigest()


class _Stay(urllib.request.HTTPRedirectHandler):
    """What leads elsewhere is not our answer."""

    def redirect_request(self, *_: object) -> None:
        return None


def ask_ourselves() -> Seen:
    """Resolve the name and ask there who it is. Waits for what is outside."""
    leave_database()
    return _see(str(settings.BASE_URL))


def look() -> Seen:
    """The same, kept for the page that shows it."""
    address, seen = str(settings.BASE_URL), ask_ourselves()
    Look.objects.update_or_create(
        address=address,
        defaults={"found": list(seen.found), "answer": seen.answer, "error": seen.error, "looked_at": seen.at},
    )
    return seen


def resolve(host: str, port: int = 443) -> tuple[str, ...]:
    """Where a name leads from here; nothing when it leads nowhere."""
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return ()
    return tuple(dict.fromkeys(str(info[4][0]) for info in infos))


def _see(address: str) -> Seen:
    moment, host = now(), host_of(address)
    if not address.startswith("https://") or is_own_name(host):
        return Seen(moment)  # the name alone says enough
    found = resolve(host, urlsplit(address).port or 443)
    if not found:
        return Seen(moment)
    answer, error = _ask(address)
    return Seen(moment, found, answer, error)


def _ask(address: str) -> tuple[str, str]:
    nonce = secrets.token_hex(16)
    opener = urllib.request.build_opener(_Stay())
    try:
        with opener.open(f"{address}/reach/{nonce}", timeout=SECONDS) as response:
            said = response.read(200).decode("ascii", "replace")
    except urllib.error.HTTPError as error:
        return "other", f"HTTP {error.code}"
    except (urllib.error.URLError, ssl.SSLError, OSError, ValueError) as error:
        return "silent", str(getattr(error, "reason", error))[:200]
    return ("ours", "") if constant_time_compare(said.strip(), prove(nonce)) else ("other", "")
