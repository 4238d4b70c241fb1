"""A whole Bluesky network (npm @atproto/dev-env): directory, PDS and the AppView that makes threads and notifications.

One Node process; it needs PostgreSQL, for which the tests' own server serves, and Redis (the machine's, or Debian's
package, unpacked). The AppView follows the PDS by itself, a moment later.
"""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from tests.ports import free_port
from tests.realnet.servers import bluesky
from tests.realnet.servers.bluesky import Bluesky
from tests.realnet.servers.debian import PrivateApt, library_path
from tests.realnet.servers.processes import running
from tests.suite.database import SERVER
from tests.waiting import wait_until

SOURCE = bluesky.SOURCE.with_name("bluesky-network")


def find_redis(cache: Path) -> Path | None:
    """The machine's own, else the unpacked one."""
    for name in ("redis-server", "valkey-server"):
        if own := shutil.which(name):
            return Path(own)
    unpacked = cache / "redis" / "usr/bin/redis-server"
    return unpacked if unpacked.exists() else None


def install(cache: Path) -> None:
    """Fetch the packages, and Redis where the machine has none."""
    bluesky.install_packages(cache, SOURCE)
    if find_redis(cache):
        return
    apt = PrivateApt.native(cache / "apt-native")
    apt.update()
    partial = cache / "redis.partial"
    shutil.rmtree(partial, ignore_errors=True)
    apt.extract(apt.resolve(["redis-server"]), partial)
    shutil.rmtree(cache / "redis", ignore_errors=True)
    partial.rename(cache / "redis")


@contextmanager
def _redis(cache: Path, folder: Path) -> Iterator[str]:
    program = find_redis(cache)
    if program is None:
        raise RuntimeError("Redis is not there: run `python -m tests.realnet.setup bluesky_network`")
    port, log = free_port(), folder / "redis.log"
    command = [program, "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", folder]
    with running(command, log, {"LD_LIBRARY_PATH": library_path(cache / "redis")}) as process:
        wait_until(lambda: process.poll() is not None or "eady to accept" in log.read_text(errors="replace"))
        yield f"127.0.0.1:{port}"


@contextmanager
def _database() -> Iterator[str]:
    """A database of its own on the tests' server."""
    server, name = os.environ[SERVER], f"bluesky_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as own:
        own.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
    finally:
        with psycopg.connect(server, autocommit=True) as own:
            own.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def serve(cache: Path, folder: Path) -> Iterator[Bluesky]:
    """A fresh network on free loopback ports; gone when the block is left."""
    programs = cache / SOURCE.name
    if not bluesky.node(cache).exists() or not (programs / "installed").exists():
        raise RuntimeError("Bluesky is not there: run `python -m tests.realnet.setup bluesky_network`")
    shutil.copy(SOURCE / "server.mjs", programs / "server.mjs")
    shutil.copy(bluesky.SOURCE / "loopback.cjs", programs / "loopback.cjs")
    log = folder / "network.log"
    with _database() as database, _redis(cache, folder) as redis:
        environment = {
            "DB_POSTGRES_URL": database,
            "REDIS_HOST": redis,
            # Of letters only: it stands unquoted in statements.
            "SCHEMA": "net" + "".join("abcdefghij"[int(digit)] for digit in str(os.getpid())),
            "PORTS": ",".join(str(free_port()) for _ in range(5)),
            "LOG_ENABLED": "0",
            "NODE_ENV": "test",
        }
        command = [str(bluesky.node(cache)), "-r", str(programs / "loopback.cjs"), str(programs / "server.mjs")]
        with running(command, log, environment, cwd=programs) as process:
            ready = bluesky.wait_until_ready(process, log)
            yield Bluesky(ready["pds"], ready["plc"], "")


__all__ = ["Bluesky", "install", "serve"]
