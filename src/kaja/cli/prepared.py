"""What an earlier start has prepared already, so that the next one takes seconds and does not load Django for it."""

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

import psycopg

import kaja
from kaja.config import environment
from kaja.kernel.walls import ENTER, IS_BUILT, make_scope_key

SOURCE = Path(kaja.__file__).parent
# Their migrations and static files count too.
PACKAGES = ("django", "django-allauth", "procrastinate", "django-ninja", "whitenoise")


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for name in PACKAGES:
        digest.update(f"{name} {version(name)}\n".encode())
    for path in sorted(paths):
        about = path.stat()
        digest.update(f"{path} {about.st_size} {about.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def migrations_code() -> str:
    """A fingerprint of every migration that this installation knows."""
    return _hash(list(SOURCE.glob("*/migrations/*.py")))


def static_code() -> str:
    """A fingerprint of every static file."""
    return _hash([path for path in (SOURCE / "static").rglob("*") if path.is_file()])


def _file() -> Path:
    return environment.get_home() / "prepared.json"


def read() -> dict[str, object]:
    try:
        return dict(json.loads(_file().read_text()))
    except (OSError, ValueError):
        return {}


def remember(**facts: object) -> None:
    """Add facts to what is known to be prepared."""
    _file().write_text(json.dumps({**read(), **facts}))


def migrations_are_applied(url: str) -> bool:
    """Whether the database has every migration of this code; False also when that is not known without Django."""
    known = read()
    expected = known.get("migrations")
    if known.get("migrations_code") != migrations_code() or not isinstance(expected, list):
        return False
    with psycopg.connect(url, connect_timeout=5) as connection:
        row = connection.execute("SELECT to_regclass('public.django_migrations')").fetchone()
        if row is None or row[0] is None:
            return False
        applied = set(connection.execute("SELECT app, name FROM django_migrations").fetchall())
        if not _key_fits(connection):
            return False
    return {tuple(pair) for pair in expected} <= applied


def _key_fits(connection: psycopg.Connection) -> bool:
    """Whether this installation's secret key opens the database's scopes."""
    built = connection.execute(IS_BUILT).fetchone()
    if built is None or not built[0]:
        return False
    try:
        connection.execute(ENTER, ["", "check", make_scope_key(environment.get_secret_key())])
    except psycopg.Error:
        return False
    return True


def is_likely() -> bool:
    """Whether an earlier start has prepared this code; the database has the last word."""
    return read().get("migrations_code") == migrations_code() and static_is_collected()


def static_is_collected() -> bool:
    return (
        read().get("static_code") == static_code() and (environment.get_home() / "static" / "staticfiles.json").exists()
    )
