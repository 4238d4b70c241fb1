"""Which data about time zones count: the newest that are here. Laws change several times a year.

The system's database is as old as its last update; the package `tzdata` is as old as Kaja's. Python reads the system's
first, so a newer package would never be asked. An operator's own PYTHONTZPATH has the last word.
"""

import os
import zoneinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import tzdata  # type: ignore[import-untyped]

SYSTEM_PATHS = tuple(zoneinfo.TZPATH)


def find_system_version(paths: tuple[str, ...] = SYSTEM_PATHS) -> str:
    """The version of the system's data, such as 2025b; empty when there are none or they do not say."""
    for path in paths:
        listing = Path(path) / "tzdata.zi"
        try:
            with listing.open() as lines:
                first = lines.readline()
        except OSError:
            continue
        if first.startswith("# version "):
            return first.removeprefix("# version ").strip()
    return ""


def find_packaged_version() -> str:
    """The version of the data in the package."""
    return str(tzdata.IANA_VERSION)


def use_newest() -> str:
    """Read zones from the newest data from now on; gives their version. Called before any zone is made."""
    system, packaged = find_system_version(), find_packaged_version()
    if os.environ.get("PYTHONTZPATH"):
        return find_system_version(tuple(zoneinfo.TZPATH)) or packaged
    if packaged > system:
        zoneinfo.reset_tzpath(to=())
        ZoneInfo.clear_cache()
        return packaged
    return system


def open_system_zone(name: str) -> ZoneInfo | None:
    """A zone by the system's data, whatever counts now; None when the system has none."""
    for path in SYSTEM_PATHS:
        file = Path(path) / name
        if file.is_file() and file.resolve().is_relative_to(Path(path).resolve()):
            with file.open("rb") as stream:
                return ZoneInfo.from_file(stream, key=name)
    return None
