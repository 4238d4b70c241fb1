"""OpenStack Swift with its own S3 API (`s3api`), which clouds sell as S3: proxy, account, container and object server
on loopback, one copy of everything, one key pair. It checks signatures, also of addresses, and knows parts and ranges.

Swift comes from PyPI, wheels only, by `realnets/swift/requirements.txt`; its files need extended attributes.
"""

import getpass
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import obstore
from obstore.store import S3Store

from tests.ports import free_port
from tests.realnet.servers.processes import running, wait_for_http

SOURCE = Path(__file__).parents[3] / "realnets" / "swift"
FETCHED_UV = Path(__file__).parents[3] / ".cache/uv/bin/uv"  # by tools/bootstrap.sh, on a machine that has none
KINDS = ("account", "container", "object")
_COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
user = {user}
swift_dir = {folder}
workers = 0
devices = {folder}/devices
mount_check = false
log_udp_host =
log_level = WARNING
fallocate_reserve = 0
disable_fallocate = true
"""
_PROXY = """
[pipeline:main]
pipeline = catch_errors cache s3api tempauth bulk slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
min_segment_size = 5242880
[filter:bulk]
use = egg:swift#bulk
[filter:tempauth]
use = egg:swift#tempauth
user_kaja_media = {secret} .admin
user_kaja_reader = {secret}
[filter:slo]
use = egg:swift#slo
"""
_STORAGE = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""


@dataclass(frozen=True)
class Swift:
    """A running Swift. The second key may not do anything yet: nobody gave it a right."""

    endpoint: str
    access_key: str
    other_key: str
    secret_key: str = field(repr=False)

    def make_bucket(self) -> str:
        """A new bucket; gives its name."""
        name = f"kaja-{secrets.token_hex(6)}"
        owner = S3Store(
            name, endpoint=self.endpoint, region="us-east-1", access_key_id=self.access_key,
            secret_access_key=self.secret_key, client_options={"allow_http": True},
        )  # fmt: skip
        address = obstore.sign(owner, "PUT", "", timedelta(minutes=5))
        with urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=60) as answer:
            assert answer.status == 200
        return name


def install(cache: Path) -> None:
    """Fetch the packages into `cache` unless the very same are there."""
    wanted = hashlib.sha256((SOURCE / "requirements.txt").read_bytes()).hexdigest()
    folder = cache / "swift"
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    partial = cache / "swift.partial"
    for old in (partial, folder):
        shutil.rmtree(old, ignore_errors=True)
    uv = shutil.which("uv") or (str(FETCHED_UV) if FETCHED_UV.exists() else None)
    installer = [uv, "pip", "install", "--python", sys.executable] if uv else [sys.executable, "-m", "pip", "install"]
    wanted_files = ["--only-binary", ":all:", "--requirement", str(SOURCE / "requirements.txt")]
    done = subprocess.run(
        [*installer, "--quiet", "--target", str(partial), *wanted_files], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"Swift could not be fetched:\n{done.stderr[-2000:]}")
    (partial / "installed").write_text(wanted)
    partial.rename(folder)


@contextmanager
def serve(cache: Path, folder: Path) -> Iterator[Swift]:
    """A fresh Swift under `folder` on free loopback ports; gone when the block is left."""
    programs = cache / "swift"
    if not (programs / "installed").exists():
        raise RuntimeError("Swift is not there: run `python -m tests.realnet.setup swift`")
    environment = {"PYTHONPATH": str(programs), "PYTHONWARNINGS": "ignore", "EVENTLET_NO_GREENDNS": "yes"}
    (folder / "devices" / "d1").mkdir(parents=True)
    secret = "a-secret-of-swift"  # of this server alone, which listens on loopback
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_suffix = kaja\n[storage-policy:0]\nname = one\ndefault = yes\naliases = one\n"
    )
    ports = {kind: free_port() for kind in ("proxy", *KINDS)}
    for kind, port in ports.items():
        common = _COMMON.format(port=port, user=getpass.getuser(), folder=folder)
        rest = _PROXY.format(secret=secret) if kind == "proxy" else _STORAGE.format(kind=kind)
        (folder / f"{kind}.conf").write_text(common + rest)
    for kind in KINDS:
        _build_ring(programs, folder, kind, ports[kind], environment)
    endpoint = f"http://127.0.0.1:{ports['proxy']}"
    with ExitStack() as stack:
        for kind in (*KINDS, "proxy"):
            command = [sys.executable, SOURCE / "part.py", kind, folder / f"{kind}.conf"]
            log = folder / f"{kind}.log"
            process = stack.enter_context(running(command, log, environment))
            wait_for_http(
                f"http://127.0.0.1:{ports[kind]}/{'info' if kind == 'proxy' else 'recon/version'}", process, log
            )
        yield Swift(endpoint, "kaja:media", "kaja:reader", secret)


def _build_ring(programs: Path, folder: Path, kind: str, port: int, environment: dict[str, str]) -> None:
    """Where everything of a kind stands: on the one device."""
    builder = str(folder / f"{kind}.builder")
    tool = [sys.executable, str(programs / "bin" / "swift-ring-builder"), builder]
    for words in (["create", "4", "1", "0"], ["add", f"r1z1-127.0.0.1:{port}/d1", "1"], ["rebalance"]):
        done = subprocess.run(
            [*tool, *words], env={**os.environ, **environment}, capture_output=True, text=True, check=False
        )
        if done.returncode > 1:  # 1 says that something could be better
            raise RuntimeError(f"a ring of Swift could not be built: {done.stdout[-1000:]}{done.stderr[-1000:]}")
