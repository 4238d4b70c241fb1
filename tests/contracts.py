"""Where the networks' own documents are: contracts that judge what the connectors send.

They are not ours to publish. `KAJA_CONTRACTS` names their folder; without it the folder beside the repository counts,
and then `.cache/contracts`, into which `make contracts` fetches those of tools/contracts.toml. What packages that the
set-up installs anyway bring along (Bluesky's lexicons, WordPress' own index) is taken from there instead.
"""

import json
import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
USED = ("mastodon/dist/schema.json", "bluesky/lexicons", "wordpress/wp-json-index-6.1.9.json")
"""What tests ask for; a test holds this list against the calls."""
FETCHED = ROOT / ".cache" / "contracts"


def folders() -> list[Path]:
    """The folders that may hold contracts, the first to be asked first."""
    named = os.environ.get("KAJA_CONTRACTS")
    return [Path(named).absolute()] if named else [ROOT.parent / "shared" / "contracts", FETCHED]


def missing(names: Iterable[str] = USED) -> list[str]:
    """Those of the names (paths below a folder of contracts) that no folder has."""
    return [name for name in names if not any((folder / name).exists() for folder in folders())]


def say_missing() -> str:
    """One line for the end of a run: what was not judged, and how to change that. Empty when nothing is missing."""
    names = missing()
    if not names:
        return ""
    return f"Not judged, because the networks' contracts are not here: {', '.join(names)}. `make contracts` gets some."


def find_folder(name: str) -> Path:
    """The path of a contract; the test is skipped where it is not at hand."""
    if missing([name]):
        assert not folders()[0].is_dir(), f"{folders()[0]} lacks {name}"
        pytest.skip(f"needs the networks' contracts: {name} (`make contracts` fetches what can be fetched)")
    return next(folder / name for folder in folders() if (folder / name).exists())


def open_contract(name: str) -> Any:
    """A contract's JSON; the test is skipped where it is not at hand."""
    return _load(find_folder(name))


@cache
def _load(path: Path) -> Any:
    return json.loads(path.read_text())
