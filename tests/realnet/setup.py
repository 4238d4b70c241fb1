"""Fetches and prepares the real servers: `python -m tests.realnet.setup [NAME ...]`. Quick when they are there.

Everything goes into one folder, `KAJA_REALNETS` or `.cache/realnets` in the repository; the machine is not changed.
"""

import importlib
import os
import sys
import time
from pathlib import Path

# Modules of tests.realnet.servers, each with `install(cache)`.
SERVERS = ("bluesky", "bluesky_network", "snac", "swift", "wordpress")


def cache_folder() -> Path:
    """Where the servers' programs are kept."""
    folder = os.environ.get("KAJA_REALNETS") or Path(__file__).parents[2] / ".cache" / "realnets"
    path = Path(folder).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def install(*names: str) -> None:
    """Install the named servers, or all."""
    for name in names or SERVERS:
        start = time.monotonic()
        importlib.import_module(f"tests.realnet.servers.{name}").install(cache_folder())
        print(f"{name}: ready ({time.monotonic() - start:.1f} s)", flush=True)


if __name__ == "__main__":
    install(*sys.argv[1:])
