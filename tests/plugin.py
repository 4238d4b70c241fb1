"""Loaded before Django's settings: gives the tests a PostgreSQL of their own and a clean environment.

`KAJA_TEST_POSTGRES` (a superuser's address) selects a running server; without it one is started for the run.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from kaja.kernel.postgres import APP, OWNER, Cluster, ensure_roles
from kaja.kernel.vault import KeyRing

FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}


def _start() -> str:
    folder = Path(tempfile.mkdtemp(prefix="kaja-test-pg-"))
    cluster = Cluster(folder, FAST)
    cluster.start()

    def stop() -> None:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    return cluster.url("postgres", "postgres")


if "KAJA_TEST_POSTGRES" not in os.environ:
    os.environ["KAJA_TEST_POSTGRES"] = _start()
_server = urlsplit(os.environ["KAJA_TEST_POSTGRES"])
with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as _connection:
    ensure_roles(_connection, dict.fromkeys((OWNER, APP), _server.password or ""))

for _name in [
    n
    for n in os.environ
    if n.startswith("KAJA_") and n not in {"KAJA_TEST_POSTGRES", "KAJA_CONTRACTS", "KAJA_DATA", "KAJA_REALNETS"}
]:
    del os.environ[_name]
# Migrations run as the owner; conftest then hands the connection to the application's role.
os.environ["DATABASE_URL"] = (
    f"postgresql://kaja_owner:{_server.password}@{_server.hostname}:{_server.port}/kaja_{os.getpid()}"
)
os.environ["KAJA_HOME"] = tempfile.mkdtemp(prefix="kaja-test-home-")
(Path(os.environ["KAJA_HOME"]) / "static").mkdir()  # where collected files would be
(Path(os.environ["KAJA_HOME"]) / "incoming").mkdir()
os.environ["KAJA_SECRET_KEY"] = "only-for-tests"
os.environ["KAJA_KEYS"] = KeyRing.generate().render()
os.environ["KAJA_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1,localhost"
atexit.register(shutil.rmtree, os.environ["KAJA_HOME"], True)
