"""What is written down about an exchange: enough to understand it, never a secret."""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

TRIM = 500
MARK = "[hidden]"
_WINDOW = 20_000
_SHORTEST_SECRET = 6
MANY = 2000
"""Addresses of which it is kept how they read without user name and fragment."""
_KEPT_HEADERS = re.compile(r"^(content-type|date|location|retry-after|server|x-request-id|(x-)?ratelimit-[a-z-]+)$")
_HIDDEN_NAMES = r"[\w.-]*(?:token|jwt|passw|secret|authorization|credential|api_?key|signature|verifier)[\w.-]*"
_SECRET_JSON = re.compile(rf'("(?:{_HIDDEN_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"?', re.IGNORECASE)
_SECRET_FORM = re.compile(rf"((?:^|[?&\s])(?:{_HIDDEN_NAMES}|code)=)[^&\s\"]*", re.IGNORECASE)
_TELLING = (
    "token", "jwt", "passw", "secret", "authorization", "credential", "apikey", "api_key", "signature", "verifier",
    "code=",
)  # fmt: skip
"""Without any of these, case folded, the two patterns above find nothing; most texts have none."""
_BEARER = re.compile(r"\b(Bearer|Basic|DPoP)\s+[\w.~+/=-]{8,}", re.IGNORECASE)


_MARKED = (*_TELLING, "bearer", "basic", "dpop")


_SPELLED_ALIKE = re.compile(r"[A-Za-z0-9_.~-]+")
"""What reads the same in an address, a form and JSON; most tokens do."""


class Redactor:
    """Knows every credential of a session and hides them, in every encoding that requests use."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: tuple[str, ...] = ()
        self._known: set[str] = set()
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            if len(secret) < _SHORTEST_SECRET or secret in self._known:
                continue
            self._known.add(secret)
            encoded = base64.b64encode(secret.encode()).decode()
            if _SPELLED_ALIKE.fullmatch(secret):
                self._hide_too(secret, encoded)
                continue
            escaped = secret.replace("\\", "\\\\").replace('"', '\\"')
            self._hide_too(secret, quote(secret, safe=""), quote_plus(secret), encoded, escaped)

    def add_basic(self, user: str, password: str) -> None:
        self._hide_too(base64.b64encode(f"{user}:{password}".encode()).decode())

    def _hide_too(self, *spellings: str) -> None:
        # The longest first: a secret that contains another must not leave its ends behind.
        self._spellings = tuple(sorted({*self._spellings, *spellings}, key=len, reverse=True))

    def _hides_nothing(self, text: str) -> bool:
        """Whether `hide` would leave it, and each of its lines by itself, as it is: nothing of what it looks for is
        there. One look at many texts costs less than one at each."""
        if any(map(text.__contains__, self._spellings)):
            return False
        return not any(map(text.casefold().__contains__, _MARKED))

    def hide(self, text: str) -> str:
        if self._hides_nothing(text):
            return text
        for spelling in self._spellings:
            text = text.replace(spelling, MARK)
        lowered = text.casefold()
        telling = any(map(lowered.__contains__, _TELLING))
        if telling and '"' in text:
            text = _SECRET_JSON.sub(rf'\1"{MARK}"', text)
        if telling and "=" in text:
            text = _SECRET_FORM.sub(rf"\1{MARK}", text)
        if "bearer" in lowered or "basic" in lowered or "dpop" in lowered:
            text = _BEARER.sub(rf"\1 {MARK}", text)
        return text

    def trim(self, body: bytes | str) -> str:
        """The beginning of a body, with secrets hidden before it is cut."""
        text = body[:_WINDOW].decode("utf-8", "replace") if isinstance(body, bytes) else body[:_WINDOW]
        text = self.hide(text).replace("\x00", "")
        return text if len(text) <= TRIM else text[:TRIM] + "…"

    def url(self, url: str) -> str:
        """A URL without user name, fragment and secret query values."""
        return self.hide(_strip_url(url))[:TRIM]

    def headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in headers.items() if _is_kept(name)}
        if self._hides_nothing("\n".join(kept.values())):
            return {name: value[:200] for name, value in kept.items()}
        return {name: self.hide(value)[:200] for name, value in kept.items()}

    def again(self, exchange: Mapping[str, Any]) -> dict[str, Any]:
        """An earlier exchange, with secrets that became known since."""
        return {
            name: self.hide(value)
            if isinstance(value, str)
            else {key: self.hide(str(inner)) for key, inner in value.items()}
            if isinstance(value, Mapping)
            else value
            for name, value in exchange.items()
        }


@lru_cache(maxsize=1024)
def _is_kept(name: str) -> bool:
    return _KEPT_HEADERS.match(name) is not None


@lru_cache(maxsize=MANY)
def _strip_url(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rsplit("@", 1)[-1], fragment="").geturl()
