"""The machine: Python, settings, the data folder, its disk, the keys."""

import os
import platform
import shutil
import sys
from collections.abc import Iterator

from kaja.cli.checks.findings import Finding, Level
from kaja.config import environment
from kaja.kernel.vault import KeyRing, VaultError
from kaja.kernel.zones import find_packaged_version, find_system_version

LITTLE_SPACE = 2_000_000_000
TOO_LITTLE_SPACE = 200_000_000
READ = (
    environment.get_port,
    environment.get_practice_port,
    environment.get_pool_size,
    environment.is_update_backup_wanted,
    environment.get_reachable,
    environment.get_media_store,
)


def check_python() -> Iterator[Finding]:
    good = sys.version_info >= (3, 11)
    yield Finding(
        "python",
        Level.OK if good else Level.BROKEN,
        f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "" if good else "Install Python 3.11 or newer.",
    )


def check_zones() -> Iterator[Finding]:
    """A law that is newer than the data moves planned posts by an hour."""
    system, packaged = find_system_version(), find_packaged_version()
    counts, other = ("package", "system") if packaged > system else ("system", "package")
    told = {"package": f"{packaged} (Kaja's package)", "system": f"{system or 'none'} (the system's)"}
    own = ", but PYTHONTZPATH is set and has the last word" if os.environ.get("PYTHONTZPATH") else ""
    yield Finding("time zones", Level.OK, f"{told[counts]} count; {told[other]} are older or the same{own}")


def check_settings() -> Iterator[Finding]:
    problems = []
    for read in READ:
        try:
            read()
        except environment.Misconfigured as error:
            problems.append(str(error))
    try:
        environment.parse_database_url(environment.get_database_url())
    except environment.Misconfigured as error:
        problems.append(str(error))
    for problem in problems:
        yield Finding("settings", Level.BROKEN, problem, "docs/operations.md lists every setting.")
    if problems:
        return
    base = environment.get_address()
    yield Finding("settings", Level.OK, f"address {base}")
    if environment.listen() not in {"127.0.0.1", "::1", "localhost"} and not base.startswith("https://"):
        yield Finding(
            "settings",
            Level.WARNING,
            f"the web server listens on {environment.listen()} and the address is not https",
            "Put a TLS proxy before it and set KAJA_BASE_URL to the https address: passwords travel in the clear now.",
        )


def check_home() -> Iterator[Finding]:
    home = environment.get_home()
    if not home.is_dir():
        yield Finding("data folder", Level.BROKEN, f"{home} does not exist", "Start Kaja once: `kaja up` makes it.")
        return
    about = home.stat()
    # Root's embedded PostgreSQL runs as another user that must pass through, but not list, the folder.
    allowed = 0o711 if os.geteuid() == 0 else 0o700
    if about.st_mode & 0o777 & ~allowed:
        yield Finding(
            "data folder",
            Level.BROKEN,
            f"{home} can be read by other users (mode {about.st_mode & 0o777:o})",
            f"chmod {allowed:o} {home}",
        )
    elif not os.access(home, os.W_OK | os.X_OK):
        yield Finding("data folder", Level.BROKEN, f"{home} cannot be written", f"chown -R $(id -un) {home}")
    else:
        yield Finding("data folder", Level.OK, str(home))
    for name in ("keys.json", "secret-key", "postgres-url", "postgres-owner-url"):
        file = home / name
        if file.exists() and file.stat().st_mode & 0o077:
            yield Finding("data folder", Level.BROKEN, f"{name} can be read by other users", f"chmod 600 {file}")


def check_disk() -> Iterator[Finding]:
    home = environment.get_home()
    if not home.is_dir():
        return
    free = shutil.disk_usage(home).free
    level = Level.OK if free > LITTLE_SPACE else Level.WARNING if free > TOO_LITTLE_SPACE else Level.BROKEN
    fix = "" if level == Level.OK else f"Free some space on the disk of {home}, or move the folder to a larger one."
    yield Finding("disk", level, f"{free / 1e9:.1f} GB free", fix)


def check_keys() -> Iterator[Finding]:
    text, source = os.environ.get("KAJA_KEYS", ""), "KAJA_KEYS"
    if not text:
        file = environment.get_home() / "keys.json"
        source = str(file)
        if not file.exists():
            yield Finding(
                "keys",
                Level.BROKEN,
                f"{file} is missing",
                "Put it back from a backup. Without it no channel's credentials can be opened.",
            )
            return
        text = file.read_text()
    try:
        ring = KeyRing.parse(text)
    except VaultError as error:
        yield Finding("keys", Level.BROKEN, f"{source}: {error}", "Put the key ring back from a backup.")
        return
    yield Finding("keys", Level.OK, f"{len(ring.keys)} in {source}; {list(ring.keys)[-1]!r} seals")
