"""Files of the working tree, chosen by git's own patterns, and what stands in them as one digest."""

import hashlib
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class NothingFound(Exception):
    """A pattern matches no file: what it named was moved, and whoever counted on it would quietly cover less."""


def list_files(*patterns: str, but: Iterable[str] = ()) -> list[str]:
    """What git keeps or would keep (new files too), without what is ignored or deleted; `*` stops at a folder's end,
    `**` does not. Raises NothingFound for a pattern that matches nothing."""
    for pattern in (*patterns, *but):
        _check(pattern)
    return _ask_git(*(f":(glob){each}" for each in patterns), *(f":(exclude,glob){each}" for each in but))


@cache
def _check(pattern: str) -> None:
    if not _ask_git(f":(glob){pattern}"):
        raise NothingFound(f"{pattern} matches no file: was its folder moved? Say so in tests/suite/lanes.py.")


def _ask_git(*pathspecs: str) -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *pathspecs],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sorted(name for name in done.stdout.split("\0") if name and (ROOT / name).is_file())


def digest_of(files: Iterable[str]) -> str:
    """Changes with any name and any byte."""
    whole = hashlib.sha256()
    for name in files:
        whole.update(f"{name}\0{hashlib.sha256((ROOT / name).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()[:32]
