"""The container files: read by linters everywhere, built where a container tool can run; the roles made for real."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml

from kaja.kernel.postgres import Cluster, find_programs
from tests.cli.conftest import Installation

pytestmark = pytest.mark.alone

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "container"
BIN = Path(sys.executable).parent


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True, text=True, check=False, cwd=ROOT, env={**os.environ, **environment}, timeout=900,
    )  # fmt: skip


def read_compose() -> dict[str, dict[str, dict[str, object]]]:
    return dict(yaml.safe_load((FOLDER / "compose.yaml").read_text()))


def test_the_container_file_is_read_by_its_linter(tmp_path: Path) -> None:
    done = run(BIN / "hadolint", FOLDER / "Containerfile")
    assert done.returncode == 0, done.stdout
    worse = tmp_path / "Containerfile"
    worse.write_text((FOLDER / "Containerfile").read_text().replace("USER 10001:10001", "USER root"))
    assert run(BIN / "hadolint", worse).returncode != 0, "the linter does refuse"


def test_compose_follows_its_specification(tmp_path: Path) -> None:
    judge = (BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec")
    done = run(*judge, FOLDER / "compose.yaml")
    assert done.returncode == 0, done.stdout
    worse = tmp_path / "compose.yaml"
    worse.write_text((FOLDER / "compose.yaml").read_text().replace("restart:", "restarts:", 1))
    assert run(*judge, worse).returncode != 0, "the schema does refuse"


def test_containers_say_only_what_kaja_reads_and_open_nothing_to_the_world() -> None:
    documented = set(re.findall(r"`(KAJA_[A-Z_]+|DATABASE_URL)`", (ROOT / "docs/operations.md").read_text()))
    services = read_compose()["services"]
    given = {name for name in services["kaja"]["environment"] if name.startswith(("KAJA_", "DATABASE"))}  # type: ignore[attr-defined]
    image = set(re.findall(r"\b(KAJA_[A-Z_]+)=", (FOLDER / "Containerfile").read_text()))
    assert given | image <= documented
    assert all(str(port).startswith("127.0.0.1:") for port in services["kaja"]["ports"])  # type: ignore[attr-defined]
    assert "ports" not in services["database"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "pg", {"fsync": "off"})
    made.start()
    yield made
    made.stop()


def test_the_roles_of_the_database_are_those_that_kaja_needs(server: Cluster, installation: Installation) -> None:
    """roles.sh as the image of PostgreSQL runs it, on a real server; then Kaja on it, as compose.yaml starts it."""
    passwords = {"owner": "own'er $1 \\x", "app": 'ap"p'}
    address = psycopg.conninfo.conninfo_to_dict(server.url("postgres", "postgres"))
    done = run(
        FOLDER / "roles.sh",
        PATH=f"{find_programs()}:{os.environ['PATH']}",
        PGHOST=str(address["host"]), PGPORT=str(address["port"]), PGPASSWORD=str(address["password"]),
        KAJA_OWNER_PASSWORD=passwords["owner"], KAJA_APP_PASSWORD=passwords["app"],
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for role, password in passwords.items():
        with psycopg.connect(
            host=address["host"], port=address["port"], user=f"kaja_{role}", password=password, dbname="kaja"
        ) as connection:
            row = connection.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
            assert row.fetchone() == (False,)
    with psycopg.connect(server.url("postgres", "postgres"), autocommit=True) as connection:
        for role in passwords:
            connection.execute(f"ALTER ROLE kaja_{role} PASSWORD 'plain'")
    where = f"plain@{address['host']}:{address['port']}/kaja"
    installation.settings["DATABASE_URL"] = f"postgresql://kaja_app:{where}"
    installation.settings["KAJA_OWNER_DATABASE_URL"] = f"postgresql://kaja_owner:{where}"
    installation.up()
    doctor = installation.kaja("doctor").stdout
    assert "BROKEN roles" not in doctor
    assert re.search(r"ok +roles", doctor), doctor
    assert re.search(r"ok +search", doctor), doctor


def find_builder() -> str:
    """A container tool that can run here and has, or may fetch, the image that ours is built on."""
    base = re.search(r"^FROM (\S+)", (FOLDER / "Containerfile").read_text(), re.MULTILINE)
    assert base
    for tool in ("podman", "docker"):
        if shutil.which(tool) and run(tool, "info").returncode == 0 and run(tool, "pull", base[1]).returncode == 0:
            return tool
    # Not everywhere may a container be started, and the image is on no package registry.
    pytest.skip("needs a container tool that runs here and reaches its images")


def test_the_image_is_built_and_starts() -> None:
    tool = find_builder()
    built = run(tool, "build", "-f", "container/Containerfile", "-t", "kaja-test", ".")
    assert built.returncode == 0, built.stderr[-3000:]
    started = run(
        tool, "run", "--rm", "--read-only", "--tmpfs", "/tmp", "--tmpfs", "/data:uid=10001", "kaja-test", "doctor"
    )
    assert "in a container" in started.stdout, started.stdout + started.stderr
