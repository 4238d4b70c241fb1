"""Logs to standard error, in plain lines, without secrets."""

import base64
import contextlib
import logging
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from kaja.networks.folders import list_token_shapes

HIDDEN = "[hidden]"
_NAMES = (
    r"(?:access_?token|refresh_?token|accessjwt|refreshjwt|id_token|client_secret|app_?password|password\d?|passwd|"
    r"secret|api_?key|authorization|cookie|set-cookie|csrfmiddlewaretoken|code_verifier|x-api-key|token)"
)
_PATTERNS = [
    # Authorization: Bearer ..., Basic ...; anywhere, also inside a header dictionary
    (re.compile(r"\b(Bearer|Basic|DPoP)\s+[A-Za-z0-9._~+/=-]{8,}", re.I), rf"\1 {HIDDEN}"),
    # postgresql://user:password@host, https://user:password@host
    (re.compile(r"(\w+://[^\s:/@]+:)[^\s@]+(@)"), rf"\1{HIDDEN}\2"),
    # a JSON web token
    (re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.?[A-Za-z0-9_-]*"), HIDDEN),
    # what the networks give out
    *((re.compile(shape), HIDDEN) for shape in list_token_shapes()),
    # name=value and "name": "value"
    (re.compile(rf"""({_NAMES}["']?\s*[=:]\s*["']?)(?!\[hidden\])[^\s"'&,;}}]+""", re.I), rf"\1{HIDDEN}"),
]


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """Hide everything that looks like a credential, and the literal `secrets`."""
    for secret in secrets:
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def known_secrets() -> tuple[str, ...]:
    """This installation's own secrets, as literal text; short ones would hide innocent words."""
    from django.conf import settings

    mail = settings.EMAIL_HOST_PASSWORD
    found = {settings.SECRET_KEY, mail, str(settings.DATABASES["default"]["PASSWORD"]), settings.PRACTICE_KEY}
    with contextlib.suppress(OSError):
        found.add(Path(settings.PRACTICE_KEY_FILE).read_text().strip())
    if mail:
        # As SMTP sends it (RFC 4616, RFC 4954); a server that refuses may quote the line.
        for spelled in (mail, f"\0{settings.EMAIL_HOST_USER}\0{mail}"):
            found.add(base64.b64encode(spelled.encode()).decode())
    for key in re.findall(r"[A-Za-z0-9+/]{43}=", _key_ring(Path(settings.HOME))):
        raw = base64.b64decode(key)
        # Also as Python and PostgreSQL write bytes.
        found |= {key, repr(raw)[2:-1], raw.hex()}
    if url := os.environ.get("KAJA_OWNER_DATABASE_URL"):
        found.add(unquote(urlsplit(url).password or ""))
    return tuple(secret for secret in found if len(secret) >= 8)


def _key_ring(home: Path) -> str:
    """The key ring's text, wherever it stands; empty before the first start."""
    try:
        return os.environ.get("KAJA_KEYS") or (home / "keys.json").read_text()
    except OSError:
        return ""


class RedactingFormatter(logging.Formatter):
    """Formats a record, its traceback included, and hides secrets in the whole."""

    _secrets: tuple[str, ...] | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self._secrets is None:
            self._secrets = known_secrets()
        return redact(super().format(record), self._secrets)


def logging_config(level: str) -> dict[str, Any]:
    """What `settings.LOGGING` is set to."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {
                "()": "kaja.config.logs.RedactingFormatter",
                "format": "{asctime} {levelname} {name}: {message}",
                "style": "{",
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers (mail to admins, console in debug) are replaced by ours.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {"handlers": [], "propagate": True},
            # One line per request would carry addresses with tokens in them.
            "uvicorn.access": {"level": "WARNING"},
            "httpx2": {"level": "WARNING"},
            "httpcore2": {"level": "WARNING"},
            "procrastinate": {"level": "WARNING"},
        },
    }
