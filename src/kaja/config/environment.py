"""What the operator sets, read in one place. Every name is documented in docs/operations.md."""

import os
from ipaddress import ip_network
from pathlib import Path
from typing import Literal, cast
from urllib.parse import parse_qsl, unquote, urlsplit

PRACTICE_MOODS = ("off", "calm", "launch", "storm")


class Misconfigured(Exception):
    """A setting is missing or unusable; the message says which and how to fix it."""


def get_home() -> Path:
    """The data folder: `KAJA_HOME`, or `kaja` in the user's data directory."""
    if value := os.environ.get("KAJA_HOME"):
        return Path(value).expanduser().absolute()
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "kaja"


def get_secret_key() -> str:
    """`KAJA_SECRET_KEY`, or what stands in the data folder."""
    if value := os.environ.get("KAJA_SECRET_KEY"):
        return value
    file = get_home() / "secret-key"
    # Commands that sign nothing (makemessages, checks) run without a data folder.
    return file.read_text().strip() if file.exists() else "not-set-up"


def _port(name: str, default: int) -> int:
    value = os.environ.get(name, "") or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise Misconfigured(f"{name} must be a port number from 1 to 65535 (it is {value!r})")
    return int(value)


def get_port() -> int:
    """The port of the web server."""
    return _port("KAJA_PORT", 8000)


def get_practice_port() -> int:
    """The port of the practice network."""
    return _port("KAJA_PRACTICE_PORT", min(get_port() + 1, 65535))


def get_practice_mood() -> str:
    """How the audience of the practice network is, until somebody says otherwise on its page."""
    mood = os.environ.get("KAJA_PRACTICE_MOOD") or "calm"
    if mood not in PRACTICE_MOODS:
        raise Misconfigured(f"KAJA_PRACTICE_MOOD must be one of {', '.join(PRACTICE_MOODS)} (it is {mood!r})")
    return mood


def listen() -> str:
    """The address of this machine that the web server listens on."""
    return os.environ.get("KAJA_LISTEN") or "127.0.0.1"


def get_address() -> str:
    """The address that people type, without a slash at its end.

    By name, not by number: browsers make passkeys for names only (WebAuthn, section 5.1.3: the effective domain).
    """
    return (os.environ.get("KAJA_BASE_URL") or f"http://localhost:{get_port()}").rstrip("/")


def hosts() -> list[str]:
    """Host names that requests may carry: `KAJA_HOSTS`, or this machine and the host of the address."""
    named = [name for name in os.environ.get("KAJA_HOSTS", "").replace(" ", "").split(",") if name]
    own = urlsplit(get_address()).hostname
    return named or list(dict.fromkeys(["127.0.0.1", "localhost", "[::1]", *([own] if own else [])]))


def list_trusted_proxies() -> list[str]:
    """Addresses and networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: `KAJA_TRUSTED_PROXIES`.

    Unset, it is this machine when that can only be a proxy: people come by https, and Kaja listens to nobody else.
    """
    value = os.environ.get("KAJA_TRUSTED_PROXIES")
    if value is None:
        behind = get_address().startswith("https://") and listen() in {"127.0.0.1", "::1", "localhost"}
        return ["127.0.0.1", "::1"] if behind else []
    named = [each for each in value.replace(" ", "").split(",") if each]
    for each in named:
        try:
            ip_network(each)
        except ValueError as error:
            raise Misconfigured(
                f"KAJA_TRUSTED_PROXIES must list addresses or networks such as 10.0.0.0/8 ({error})"
            ) from None
    return named


def _choice(name: str, choices: tuple[str, ...]) -> str:
    value = os.environ.get(name) or choices[0]
    if value not in choices:
        raise Misconfigured(f"{name} must be one of {', '.join(choices)} (it is {value!r})")
    return value


def sign_up() -> str:
    """Who may make an account after the first: people with an `invitation`, or everybody (`open`)."""
    return _choice("KAJA_SIGN_UP", ("invitation", "open"))


def workspace_makers() -> str:
    """Who may make workspaces in the browser: `curators` and the first account, `everybody`, or `nobody`."""
    return _choice("KAJA_WORKSPACE_MAKERS", ("curators", "everybody", "nobody"))


def second_factor() -> str:
    """Whether everybody must set up a second factor before they work: `optional` or `required`."""
    return _choice("KAJA_SECOND_FACTOR", ("optional", "required"))


def get_media_store() -> str:
    """Where files are: in a `folder` of the data folder, or in a bucket of `s3`."""
    return _choice("KAJA_MEDIA_STORE", ("folder", "s3"))


def get_bucket() -> dict[str, object]:
    """The bucket that `KAJA_S3_BUCKET` and its companions name. Raises Misconfigured when something is missing."""
    wanted = {name: os.environ.get(name, "") for name in ("KAJA_S3_BUCKET", "KAJA_S3_ACCESS_KEY", "KAJA_S3_SECRET_KEY")}
    if missing := [name for name, value in wanted.items() if not value]:
        raise Misconfigured(f"files in S3 need {', '.join(missing)} (docs/operations.md, “Files in S3”)")
    endpoint = os.environ.get("KAJA_S3_ENDPOINT", "").rstrip("/")
    if endpoint and urlsplit(endpoint).scheme not in {"http", "https"}:
        raise Misconfigured(f"KAJA_S3_ENDPOINT must begin with https:// (it is {endpoint!r})")
    return {
        "bucket": wanted["KAJA_S3_BUCKET"],
        "access_key": wanted["KAJA_S3_ACCESS_KEY"],
        "secret_key": wanted["KAJA_S3_SECRET_KEY"],
        "endpoint": endpoint,
        "region": os.environ.get("KAJA_S3_REGION") or "us-east-1",
        "path_style": _choice("KAJA_S3_PATH_STYLE", ("1", "0")) == "1",
        "prefix": os.environ.get("KAJA_S3_PREFIX", ""),
        "public": _choice("KAJA_S3_PUBLIC", ("auto", "yes", "no")),
    }


def store_of(area: str) -> dict[str, object]:
    """A Django storage entry for `media` or `renditions`."""
    if get_media_store() == "s3":
        return {"BACKEND": "kaja.media.store.bucket.Bucket", "OPTIONS": {**get_bucket(), "area": area}}
    return {"BACKEND": "kaja.media.store.folder.Folder", "OPTIONS": {"location": get_home() / area}}


def get_reachable() -> Literal["auto", "yes", "no"]:
    """Whether networks can reach the address from outside: the operator's word, or what Kaja sees (`auto`)."""
    return cast('Literal["auto", "yes", "no"]', _choice("KAJA_REACHABLE", ("auto", "yes", "no")))


def api_calls_per_minute() -> int:
    """Calls that one token may make in a minute; a person's tokens together twice as many."""
    value = os.environ.get("KAJA_API_CALLS_PER_MINUTE") or "600"
    if not value.isdigit() or not 1 <= int(value) <= 1_000_000:
        raise Misconfigured(f"KAJA_API_CALLS_PER_MINUTE must be a number from 1 to 1000000 (it is {value!r})")
    return int(value)


def get_pool_size() -> int:
    """Connections that this process keeps open to the database; 0 opens one per use. `kaja web` sets it."""
    value = os.environ.get("KAJA_DATABASE_POOL") or "0"
    if not value.isdigit():
        raise Misconfigured(f"KAJA_DATABASE_POOL must be a number (it is {value!r})")
    return int(value)


def network_timeout() -> float:
    """Seconds after which a network's answer counts as lost."""
    value = os.environ.get("KAJA_NETWORK_TIMEOUT") or "30"
    if not value.isdigit() or not 1 <= int(value) <= 300:
        raise Misconfigured(f"KAJA_NETWORK_TIMEOUT must be a number of seconds from 1 to 300 (it is {value!r})")
    return float(value)


def is_update_backup_wanted() -> bool:
    """Whether a backup is made before an update changes the database; `KAJA_UPDATE_BACKUP=0` turns it off."""
    value = os.environ.get("KAJA_UPDATE_BACKUP") or "1"
    if value not in {"0", "1"}:
        raise Misconfigured(f"KAJA_UPDATE_BACKUP must be 1 or 0 (it is {value!r})")
    return value == "1"


def has_external_database() -> bool:
    return bool(os.environ.get("DATABASE_URL"))


def get_database_url() -> str:
    """`DATABASE_URL`, or the address that the embedded PostgreSQL left in the data folder."""
    if url := os.environ.get("DATABASE_URL"):
        return url
    file = get_home() / "postgres-url"
    if file.exists():
        return file.read_text().strip()
    # Nothing runs yet; commands that need the database start it or say so.
    return "postgresql://kaja_app@127.0.0.1:1/kaja"


def get_owner_database_url() -> str:
    """The address with which migrations run: the owner of the tables."""
    if url := os.environ.get("KAJA_OWNER_DATABASE_URL"):
        return url
    if not has_external_database() and (file := get_home() / "postgres-owner-url").exists():
        return file.read_text().strip()
    return get_database_url()


def parse_database_url(url: str, pool: int = 0) -> dict[str, object]:
    """A Django database entry from `postgresql://user:password@host:port/name?option=value`.

    `pool` connections are kept and shared by the threads of the process; 0 opens one per thread.
    """
    try:
        parts = urlsplit(url)
        number = parts.port
    except ValueError as error:
        raise Misconfigured(f"DATABASE_URL is not an address: {error}") from None
    if parts.scheme not in {"postgres", "postgresql"}:
        raise Misconfigured(f"DATABASE_URL must start with postgresql:// (it starts with {parts.scheme!r})")
    if not parts.path.lstrip("/"):
        raise Misconfigured("DATABASE_URL must end with the name of a database: postgresql://user:password@host/name")
    query: dict[str, object] = dict(parse_qsl(parts.query))
    host = str(query.pop("host", "")) or unquote(parts.hostname or "")
    asked_port = str(number or query.pop("port", ""))
    options: dict[str, object] = {"connect_timeout": 5, **query}
    if pool:
        # A connection that cannot be made is given up soon, and the next request tries again. By default the pool
        # tries for 300 s, each time after twice the pause, and so comes back long after the database.
        options["pool"] = {"min_size": 1, "max_size": pool, "timeout": 5, "max_idle": 120, "reconnect_timeout": 2}
    return {
        "ENGINE": "kaja.kernel.database",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": asked_port,
        "OPTIONS": options,
        # A pool gives connections back after every request; Django refuses both at once.
        "CONN_MAX_AGE": 0 if pool else 60,
        # Those of a pool are looked at where they are taken (`kernel/database`).
        "CONN_HEALTH_CHECKS": not pool,
    }
