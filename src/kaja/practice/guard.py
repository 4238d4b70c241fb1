"""Who may ask what here: this machine's names only, no page of another site, and Kaja's key for what is not public.

Whatever listens on this machine can be reached by every page that a person here opens: by a name that suddenly leads to
127.0.0.1, or by a form that is sent there. So the Host has to be one of ours, and what changes something has to come
from one of our pages or from a program, which sends no Origin.
"""

import ipaddress
import os
import secrets
from collections.abc import Iterable
from hmac import compare_digest
from pathlib import Path
from urllib.parse import urlsplit

from kaja.practice.http import Refusal, Request, gettext_noop

KEY_FILE = "key"


def open_key(folder: Path) -> str:
    """The key between Kaja and this practice network: as set, as it stands in the folder, or a new one."""
    if given := os.environ.get("KAJA_PRACTICE_KEY"):
        return given
    path = folder / KEY_FILE
    fresh = folder / f"{KEY_FILE}.{os.getpid()}"
    if not path.exists():
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(32))
        try:
            os.link(fresh, path)  # whoever is first; never half a key
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text().strip()


class Guard:
    """Raises Refusal for a request that may not be made."""

    def __init__(self, key: str, hosts: Iterable[str] = (), public_url: str = "") -> None:
        self.key = key
        self._key = key.encode()
        self._hosts = {"localhost", *(host.lower() for host in hosts if host)}
        self._public = public_url.rstrip("/").lower()
        if name := urlsplit(public_url).hostname:
            self._hosts.add(name)

    def check(self, request: Request) -> None:
        """Host and Origin of every request."""
        if not self._is_ours(request.header(b"host")):
            raise Refusal(421, "wrong_host", gettext_noop("This is not an address of the practice network."))
        if request.method in ("GET", "HEAD"):
            return
        # A page's form or script; programs send neither of the two.
        site = request.headers.get(b"sec-fetch-site", b"none")
        origin = request.header(b"origin").lower()
        if site not in (b"same-origin", b"none") or origin not in ("", request.origin().lower(), self._public):
            raise Refusal(403, "cross_site", gettext_noop("This form was sent from another site."))

    def require_key(self, request: Request) -> None:
        """For the administration, and for accounts."""
        given = request.header(b"x-practice-key").encode("latin-1")
        if not compare_digest(given, self._key):
            raise Refusal(401, "bad_key", "This needs the key of the practice network.")

    def _is_ours(self, host: str) -> bool:
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        if name in self._hosts:
            return True
        try:
            # No name, so nobody could make it lead here.
            return bool(ipaddress.ip_address(name.partition("%")[0]))
        except ValueError:
            return False
