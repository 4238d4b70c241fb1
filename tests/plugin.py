"""Loaded before Django's settings: gives the tests a PostgreSQL of their own and a clean environment.

`KAJA_TEST_POSTGRES` (a superuser's address) selects a running server; without it one is started for the run.
"""

import atexit
import gc
import os
import shutil
import tempfile
from pathlib import Path

from kaja.kernel.collector import settle_collector
from kaja.kernel.postgres import OWNER
from kaja.kernel.vault import KeyRing
from tests.suite import database
from tests.thorough import THOROUGH

if database.SERVER not in os.environ:
    atexit.register(database.start_server())
database.prepare_roles()

for _name in [
    n
    for n in os.environ
    if n.startswith("KAJA_")
    and n
    not in {
        database.SERVER,
        "KAJA_CONTRACTS",
        "KAJA_DATA",
        "KAJA_REALNETS",
        "KAJA_TEST_LANE",
        "KAJA_ONLY",
        "KAJA_REPLAY",
        THOROUGH,
    }
]:
    del os.environ[_name]
# Migrations run as the owner; conftest then hands the connection to the application's role.
os.environ["DATABASE_URL"] = database.address(OWNER, f"kaja_{os.getpid()}")
os.environ["KAJA_HOME"] = tempfile.mkdtemp(prefix="kaja-test-home-")
(Path(os.environ["KAJA_HOME"]) / "static").mkdir()  # where collected files would be
(Path(os.environ["KAJA_HOME"]) / "incoming").mkdir()
os.environ["KAJA_SECRET_KEY"] = "only-for-tests"
os.environ["KAJA_KEYS"] = KeyRing.generate().render()
os.environ["KAJA_ALLOW_PRIVATE_HOSTS"] = "127.0.0.1,localhost"
atexit.register(shutil.rmtree, os.environ["KAJA_HOME"], True)

# As `kaja web` does it: the collector does not look through modules again and again while they are loaded.
gc.disable()


def pytest_collection_finish() -> None:
    """Everything is imported."""
    settle_collector()
