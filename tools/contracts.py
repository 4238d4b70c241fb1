"""Fetch the networks' contracts that no package brings along into `.cache/contracts`: `make contracts`.

For machines that reach the internet; tests that need a contract are skipped, with its name, where it is not at hand.
Nothing is believed but the checksum: the versions of the file around the day in contracts.toml are fetched until one
fits, and a file that fits none is not kept.
"""

import hashlib
import json
import sys
import tomllib
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "tools" / "contracts.toml"
FOLDER = ROOT / ".cache" / "contracts"
API = "https://api.github.com"
RAW = "https://raw.githubusercontent.com"
LARGEST = 20_000_000
VERSIONS = 30
"""How many versions around the day are tried; the file changes about once a day."""


def read_list(file: Path = LIST) -> list[dict[str, Any]]:
    """The contracts that can be fetched."""
    return list(tomllib.loads(file.read_text())["contract"])


def read_address(address: str) -> bytes:
    request = urllib.request.Request(address, headers={"User-Agent": "kaja-contracts"})  # noqa: S310 - ours, https
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        body: bytes = answer.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise ValueError(f"{address} is larger than {LARGEST} bytes")
    return body


def list_commits(contract: dict[str, Any], api: str) -> Iterator[str]:
    """The commits that changed the file, newest first, from a week after its day on."""
    day: date = contract["until"]
    query = {"path": contract["path"], "until": f"{day + timedelta(days=7)}T00:00:00Z", "per_page": str(VERSIONS)}
    found = read_address(f"{api}/repos/{contract['repository']}/commits?{urllib.parse.urlencode(query)}")
    yield from (entry["sha"] for entry in json.loads(found))


def fetch(contract: dict[str, Any], folder: Path, api: str = API, raw: str = RAW) -> str:
    """Put one contract into the folder; gives the commit it came from. Raises ValueError when no version fits."""
    for commit in list_commits(contract, api):
        body = read_address(f"{raw}/{contract['repository']}/{commit}/{urllib.parse.quote(contract['path'])}")
        if hashlib.sha256(body).hexdigest() == contract["sha256"]:
            target = folder / contract["name"]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(body)
            return commit
    raise ValueError(f"none of the last {VERSIONS} versions of {contract['repository']} has the checksum that was read")


def is_there(contract: dict[str, Any], folder: Path) -> bool:
    file = folder / contract["name"]
    return file.is_file() and hashlib.sha256(file.read_bytes()).hexdigest() == str(contract["sha256"])


def main(folder: Path = FOLDER, api: str = API, raw: str = RAW) -> int:
    failed = 0
    for contract in read_list():
        if is_there(contract, folder):
            sys.stdout.write(f"{contract['name']}: there\n")
            continue
        try:
            commit = fetch(contract, folder, api, raw)
            sys.stdout.write(f"{contract['name']}: fetched, {contract['repository']} at {commit[:7]}\n")
        except (OSError, ValueError) as error:
            failed += 1
            sys.stdout.write(f"{contract['name']}: could not be fetched: {error}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
