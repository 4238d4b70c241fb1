"""snac2: a real Fediverse server with (most of) the Mastodon API, one C program, files on disk.

From Debian bookworm-backports, 2.75 at the time of writing. What it lacks against Mastodon (seen, November 2026):
status deletion, /api/v2/instance, Idempotency-Key, length limits, scheduled posts; it closes kept-alive connections
unannounced.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.ports import free_port
from tests.realnet.servers.debian import PrivateApt, library_path
from tests.realnet.servers.processes import running, wait_for_http


@dataclass(frozen=True)
class Snac:
    """A running server; `passwords` by user name."""

    url: str
    passwords: Mapping[str, str] = field(repr=False)


def find_program(cache: Path) -> Path | None:
    """The machine's own snac, else the unpacked one, else None."""
    if own := shutil.which("snac"):
        return Path(own)
    unpacked = cache / "snac" / "usr/bin/snac"
    return unpacked if unpacked.exists() else None


def install(cache: Path) -> None:
    """Fetch snac2 into `cache` unless it is there."""
    if find_program(cache):
        return
    apt = PrivateApt.native(cache / "apt-native")
    apt.update()
    partial = cache / "snac.partial"
    shutil.rmtree(partial, ignore_errors=True)
    apt.extract(apt.resolve(["snac2"]), partial)
    shutil.rmtree(cache / "snac", ignore_errors=True)
    partial.rename(cache / "snac")


@contextmanager
def serve(cache: Path, folder: Path, users: tuple[str, ...] = ("alice", "bob")) -> Iterator[Snac]:
    """A fresh server under `folder` on a free loopback port; gone when the block is left."""
    program = find_program(cache)
    if program is None:
        raise RuntimeError("snac2 is not there: run `python -m tests.realnet.setup`")
    environment = {"LD_LIBRARY_PATH": library_path(cache / "snac")}
    data, port = folder / "data", free_port()

    def call(*arguments: str, typed: str = "") -> str:
        command = [str(program), arguments[0], str(data), *arguments[1:]]
        done = subprocess.run(
            command, input=typed, capture_output=True, text=True, check=True, env={**os.environ, **environment}
        )
        return done.stdout

    # Asked one after the other: listening address, port, host name, path prefix, administrator's address.
    call("init", typed=f"127.0.0.1\n{port}\n127.0.0.1:{port}\n\n\n")
    settings = json.loads((data / "server.json").read_text())
    settings |= {"protocol": "http", "badlogin_retries": 1000, "queue_retry_minutes": 1}
    (data / "server.json").write_text(json.dumps(settings, indent=1))
    passwords = {}
    for user in users:
        answer = call("adduser", user)
        match = re.search(r"password is (\S+)", answer)
        if match is None:
            raise RuntimeError(f"snac adduser said nothing of a password: {answer!r}")
        passwords[user] = match[1]
    log = folder / "snac.log"
    with running([program, "httpd", data], log, environment) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for_http(f"{url}/api/v1/instance", process, log)
        yield Snac(url, passwords)
