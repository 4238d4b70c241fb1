"""An update backs up what an older version left, before it changes anything, and says the way back."""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from tests.cli.conftest import Installation
from tests.cli.test_backup import EXPECTED, fill, read

pytestmark = [pytest.mark.alone, pytest.mark.usefixtures("installed")]

# The last migration of a package is taken back: what is left then, is what an older version left.
OLDER = """
import psycopg
from kaja.config import environment
with psycopg.connect(environment.get_owner_database_url()) as connection:
    connection.execute("DELETE FROM django_migrations WHERE app = 'account' AND name LIKE '0009%'")
    connection.execute("DROP INDEX {index}")
"""
INDEX = "unique_primary_email"
APPLIED = """
import psycopg
from kaja.config import environment
with psycopg.connect(environment.get_owner_database_url()) as connection:
    print(connection.execute("SELECT count(*) FROM django_migrations WHERE app = 'account'").fetchone()[0])
"""


def run_beside(installation: Installation, code: str) -> str:
    """Run code while the database runs, without bringing it to this version first."""
    body = "".join(f"    {line}\n" for line in code.strip().splitlines())
    whole = f"from kaja.cli.database import running_database\nwith running_database():\n{body}"
    done = subprocess.run(
        [sys.executable, "-c", whole], capture_output=True, text=True, env=installation.environment(), timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def make_older(installation: Installation) -> None:
    run_beside(installation, OLDER.format(index=INDEX))


def backups(installation: Installation) -> list[Path]:
    return sorted((installation.home / "backups").glob("*.tar"))


def test_an_update_makes_a_backup_that_restores(installation: Installation, tmp_path: Path) -> None:
    fill(installation)
    first = installation.kaja("migrate")
    assert first.returncode == 0, first.stderr
    assert not (installation.home / "backups").exists(), "nothing was updated"

    # Two are kept, the newest ones.
    (installation.home / "backups").mkdir()
    for number in (1, 2):
        (installation.home / f"backups/before-0.0.{number}-20200101T000000Z.tar").write_text("")
        os.utime(installation.home / f"backups/before-0.0.{number}-20200101T000000Z.tar", (number, number))
    make_older(installation)
    done = installation.kaja("migrate")
    assert done.returncode == 0, done.stderr
    older, made = backups(installation)
    assert older.name.startswith("before-0.0.2-")
    assert made.stat().st_mode & 0o077 == 0, "it holds the keys"
    assert f"kaja restore --replace {made}" in done.stderr
    # It is for the older version: nothing is in its manifest that the first version would not know.
    with tarfile.open(made) as tar:
        about = json.load(tar.extractfile("manifest.json"))  # type: ignore[arg-type]  # it is a file
    assert about["format"] == 1
    assert about.keys() == {"kaja", "postgres", "created_at", "with_keys", "migrations", "files", "format"}
    assert read(installation) == EXPECTED

    other = Installation(tmp_path / "other")
    assert other.kaja("restore", str(made)).returncode == 0
    assert read(other) == EXPECTED
    assert backups(other) == [], "what is restored is in its file already"

    finding = installation.kaja("doctor").stdout
    assert made.name in finding


def test_without_a_backup_nothing_is_changed(installation: Installation) -> None:
    fill(installation)
    make_older(installation)
    (installation.home / "backups").write_text("a file where the folder should be")
    refused = installation.kaja("migrate")
    assert refused.returncode == 5
    assert "nothing was changed" in refused.stderr
    assert "KAJA_UPDATE_BACKUP=0" in refused.stderr
    assert run_beside(installation, APPLIED) == "8"

    installation.settings["KAJA_UPDATE_BACKUP"] = "0"
    assert installation.kaja("migrate").returncode == 0
    installation.settings["KAJA_UPDATE_BACKUP"] = "perhaps"
    assert installation.kaja("migrate").returncode == 2


def test_a_failed_update_names_the_way_back(installation: Installation, tmp_path: Path) -> None:
    fill(installation)
    # What the update wants to make is there already: it fails, and is rolled back.
    run_beside(installation, OLDER.format(index=f"IF EXISTS no_{INDEX}"))
    failed = installation.kaja("migrate", "--quiet")
    assert failed.returncode != 0
    [made] = backups(installation)
    assert "the update failed" in failed.stderr
    assert f"To go back: start the older version with `kaja restore --replace {made}`" in failed.stderr
    other = Installation(tmp_path / "other")
    older = other.kaja("restore", str(made))
    assert older.returncode != 0, "this version fails on it as well"
    assert run_beside(installation, APPLIED) == "8", "the data were not touched"


# An ordinary transaction holds the table that the update wants to change; others go on writing to it meanwhile.
BUSY = """
import psycopg, subprocess, sys, time
from kaja.config import environment
url = environment.get_owner_database_url()
with psycopg.connect(url) as holder, psycopg.connect(url, autocommit=True) as watcher, psycopg.connect(url) as writer:
    holder.execute("LOCK TABLE account_emailaddress IN ROW EXCLUSIVE MODE")
    update = subprocess.Popen([sys.executable, "-m", "kaja", "migrate", "--quiet"])
    while update.poll() is None and not watcher.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
        time.sleep(0.02)
    assert update.poll() is None, "it has to wait"
    writer.execute("SET lock_timeout = '60s'")
    writer.execute("LOCK TABLE account_emailaddress IN ROW EXCLUSIVE MODE")
    writer.rollback()
    assert update.poll() is None, "nor has it given up"
    holder.rollback()
    assert update.wait(100) == 0
"""


def test_an_update_that_waits_for_a_table_stops_nobody_who_uses_it(installation: Installation) -> None:
    """Whoever asks for a table stands behind everybody who waits for all of it."""
    assert installation.kaja("migrate").returncode == 0
    make_older(installation)
    installation.settings["KAJA_UPDATE_BACKUP"] = "0"
    run_beside(installation, BUSY)
    assert run_beside(installation, APPLIED) == "9"
