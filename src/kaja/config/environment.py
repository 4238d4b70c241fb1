"""What the operator sets, read in one place. Every name is documented in docs/operations.md."""

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit


class Misconfigured(Exception):
    """A setting is missing or unusable; the message says which and how to mend it."""


def home() -> Path:
    """The data folder: `KAJA_HOME`, or `kaja` in the user's data directory."""
    if value := os.environ.get("KAJA_HOME"):
        return Path(value).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "kaja"


def port() -> int:
    return int(os.environ.get("KAJA_PORT", "8000"))


def database_url() -> str:
    """`DATABASE_URL`, or the address that the embedded PostgreSQL left in the data folder."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    address = home() / "postgres-url"
    if address.exists():
        return address.read_text().strip()
    # Nothing runs yet; commands that need the database start it or say so.
    return "postgresql://kaja_app@127.0.0.1:1/kaja"


def parse_database_url(url: str) -> dict[str, object]:
    """A Django database entry from `postgresql://user:password@host:port/name?option=value`."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise Misconfigured(f"DATABASE_URL must start with postgresql:// (it starts with {parts.scheme!r})")
    query = dict(parse_qsl(parts.query))
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": {**query},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
