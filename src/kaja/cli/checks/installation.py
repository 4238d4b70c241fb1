"""How Kaja was installed: clone or package, service, proxy; and the way back from the last update."""

import os
import shlex
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from kaja.cli import updating
from kaja.cli.checks.findings import Finding, Level
from kaja.cli.systemd import NAME, Place, own_place, system_place
from kaja.config import environment

# Written by the container file; nothing else sets it.
CONTAINER = "KAJA_CONTAINER"


def check_installation() -> Iterator[Finding]:
    source = Path(__file__).parents[4]
    if os.environ.get(CONTAINER):
        how = "in a container"
    elif (source / "pyproject.toml").exists():
        how = f"from the clone in {source}"
    else:
        how = f"as a package in {Path(__file__).parents[3]}"
    yield Finding("installation", Level.OK, how)


def check_service() -> Iterator[Finding]:
    """A unit that starts a Kaja which is gone fails at the next start of the machine, not now."""
    for place in (own_place(), system_place(NAME)):
        if place.unit.exists():
            yield _examine_unit(place)


def _examine_unit(place: Place) -> Finding:
    again = f"Run kaja service install{' --system' if place.account else ''} again with the Kaja that should run."
    try:
        lines = place.unit.read_text().splitlines()
    except OSError as error:
        return Finding("service", Level.WARNING, f"{place.unit} cannot be read ({error.strerror})", again)
    command = next((line.partition("=")[2] for line in lines if line.startswith("ExecStart=")), "")
    program = (shlex.split(command.replace("%%", "%").replace("$$", "$")) or [""])[0]
    if not os.access(program, os.X_OK):
        return Finding(
            "service", Level.BROKEN, f"{place.unit} starts {program or 'nothing'}, which is not there", again
        )
    return Finding("service", Level.OK, f"{place.unit} starts {program}")


def check_proxy() -> Iterator[Finding]:
    """Behind an https address stands a proxy: it must reach this Kaja."""
    base = environment.get_address()
    if not base.startswith("https://"):
        return
    fix = "Look at the proxy and at KAJA_BASE_URL; docs/operations.md (“Behind a proxy”) has examples."
    try:
        with urllib.request.urlopen(f"{base}/healthz", timeout=5) as answer:  # noqa: S310 - https, see above
            answer.read(100)
    except urllib.error.HTTPError as error:
        yield Finding("proxy", Level.BROKEN, f"{base} answers {error.code}", fix)
        return
    except (urllib.error.URLError, ssl.SSLError, OSError) as error:
        reason = getattr(error, "reason", error)
        # From inside, a name may lead nowhere that works from outside.
        yield Finding("proxy", Level.WARNING, f"{base} cannot be reached from this machine ({reason})", fix)
        return
    yield Finding("proxy", Level.OK, f"{base} leads here")


def check_way_back() -> Iterator[Finding]:
    backups = updating.list_backups()
    if not backups:
        return
    newest = backups[-1]
    days = (datetime.now(UTC) - datetime.fromtimestamp(newest.stat().st_mtime, UTC)).days
    yield Finding("way back", Level.OK, f"{newest}, made {days} days ago before an update")
