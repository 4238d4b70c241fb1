"""`kaja up` with real processes: first start, crashes, Ctrl-C, an orphan, a second start."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.cli.conftest import Installation

pytestmark = pytest.mark.alone

PARTS = {"postgres", "practice", "web", "worker"}


def kill_and_wait(installation: Installation, part: str) -> None:
    before = installation.children()[part]
    os.kill(before, signal.SIGKILL)
    installation.wait_for(lambda: installation.children().get(part, before) != before)
    installation.wait_for(installation.answers)


def test_starts_survives_crashes_and_ends_without_leftovers(installation: Installation) -> None:
    process = installation.up()
    installation.wait_for(lambda: installation.children().keys() >= PARTS)
    assert installation.get("/account/login/")[0] == 200
    # The printed address works: a sign-in from it is no foreign origin.
    named = f"http://localhost:{installation.port}"
    with httpx2.Client(base_url=named, headers={"Origin": named}, timeout=120) as browser:
        browser.get("/account/login/")
        form = {"login": "a@b.test", "password": "x", "csrfmiddlewaretoken": browser.cookies["csrftoken"]}
        assert browser.post("/account/login/", data=form).status_code == 200
    installation.wait_for(lambda: f"Kaja is ready:  http://localhost:{installation.port}" in installation.said())

    for part in ("web", "worker", "practice", "postgres"):
        kill_and_wait(installation, part)
    assert "web was killed (SIGKILL); starting it again" in installation.said()
    assert "the database was killed (SIGKILL); starting it again" in installation.said()

    second = installation.kaja("up")
    assert second.returncode == 3
    assert f"process {process.pid}" in second.stderr

    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert installation.said().rstrip().endswith("kaja: stopped.")
    assert installation.leftovers() == []


def kill_database(installation: Installation) -> None:
    """SIGKILL to the server and to every process of it at once, as a power cut would."""
    postmaster = installation.children()["postgres"]
    below = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == postmaster:
                below.append(int(folder.name))
        except (OSError, IndexError):
            continue
    assert len(below) > 3
    for pid in (postmaster, *below):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.usefixtures("installed")
def test_what_was_accepted_survives_a_killed_database_and_is_sent_once(installation: Installation) -> None:
    installation.settings["KAJA_PACE_LEASE"] = "10"
    installation.up()
    installation.wait_for(lambda: installation.children().keys() >= PARTS)
    practice = f"http://127.0.0.1:{installation.environment()['KAJA_PRACTICE_PORT']}"
    for words, given in (
        (("user", "create", "--email", "a@kaja.test", "--password-stdin"), "correct horse battery\n"),
        (("workspace", "create", "--name", "Kohvik", "--owner", "a@kaja.test"), ""),
        (("channel", "connect", "-w", "kohvik", "--network", "practice", "--field", "name=cafe"), ""),
        (("token", "create", "-w", "kohvik", "--name", "script"), ""),
    ):  # fmt: skip
        done = installation.kaja(*words, given=given)
        assert done.returncode == 0, done.stderr
    base = f"http://127.0.0.1:{installation.port}/api/v1"
    with httpx2.Client(base_url=base, headers={"Authorization": f"Bearer {done.stdout.strip()}"}, timeout=60) as api:
        [channel] = api.get("/channels").json()["items"]
        made = [
            api.post("/posts", json={"text": text, "channels": [channel["id"]]}).json()["id"]
            for text in ("At once", "A little later")
        ]
        due = (datetime.now(UTC) + timedelta(seconds=3)).isoformat()
        accepted = [
            api.post(f"/posts/{made[0]}/publish", json={}),
            api.post(f"/posts/{made[1]}/schedule", json={"due_at": due}),
        ]
        kill_database(installation)
        assert [answer.status_code for answer in accepted] == [200, 200]
        installation.wait_for(installation.answers)

        def states() -> list[str]:
            shown = [api.get(f"/posts/{post}") for post in made]
            return [answer.json()["deliveries"][0]["state"] if answer.is_success else "" for answer in shown]

        installation.wait_for(lambda: states() == ["sent", "sent"], seconds=120)
    key = (installation.home / "practice" / "key").read_text()
    objects = httpx2.get(f"{practice}/admin/truth", headers={"X-Practice-Key": key}, timeout=60).json()["objects"]
    assert sorted(each["text"] for each in objects) == ["A little later", "At once"]
    assert "the database was killed (SIGKILL); starting it again" in installation.said()


@pytest.mark.usefixtures("installed")
def test_next_start_takes_over_after_a_killed_supervisor(installation: Installation) -> None:
    process = installation.up()
    installation.wait_for(lambda: installation.children().keys() >= PARTS)
    process.kill()
    process.wait()
    # The parts end with their supervisor; none is left that could hold the port or the database.
    installation.wait_for(lambda: installation.leftovers() == [])

    again = installation.up()
    assert "preparing the database" not in installation.said()
    again.send_signal(signal.SIGINT)
    assert again.wait(60) == 0


def press_ctrl_c(installation: Installation, when: Callable[[str], bool]) -> tuple[int, str]:
    """Start in a terminal's way and interrupt the whole group of processes; gives the exit code and what was said."""
    log = installation.home.parent / f"up-{len(installation.running)}.log"
    with log.open("w") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "kaja", "up"], stdout=said, stderr=said, text=True, start_new_session=True,
            env=installation.environment(),
            # A shell starts background jobs deaf to it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
    installation.running.append(process)
    installation.wait_for(lambda: when(log.read_text()))
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(60), log.read_text()


def test_ctrl_c_while_the_database_is_made_is_no_error(installation: Installation) -> None:
    made = installation.home / "postgres" / "data"
    for when in (lambda _: made.exists(), lambda said: "preparing the database" in said):
        code, said = press_ctrl_c(installation, when)
        assert code == 0, said
        assert "Error" not in said
        assert "Traceback" not in said
        assert said.rstrip().endswith("kaja: stopped.")
        assert installation.leftovers() == []
    installation.up()
    assert installation.get("/account/login/")[0] in {200, 302}


def test_files_with_secrets_are_private(installation: Installation) -> None:
    installation.up()
    home = installation.home
    assert home.stat().st_mode & 0o066 == 0
    for name in ("keys.json", "secret-key", "postgres-url", "postgres-owner-url", "postgres/passwords.json"):
        assert (home / name).stat().st_mode & 0o077 == 0, name


@pytest.mark.usefixtures("installed")
def test_application_cannot_do_what_only_the_owner_may(installation: Installation) -> None:
    installation.up()
    with psycopg.connect((installation.home / "postgres-url").read_text(), autocommit=True) as connection:
        role = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        assert role == (False, False, False)
        assert connection.execute("SELECT count(*) FROM workspaces_user").fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("ALTER TABLE workspaces_member DISABLE ROW LEVEL SECURITY")


def test_taken_port_is_said_before_anything_starts(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", installation.port))
        other.listen()
        done = installation.kaja("up")
    assert done.returncode == 4
    assert f"Port {installation.port} is taken" in done.stderr
    assert "KAJA_PORT=" in done.stderr
    assert not (installation.home / "postgres").exists()


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("mysql://user:hunter2hunter2@127.0.0.1/kaja", 2, "must start with postgresql://"),
        ("postgresql://user:hunter2hunter2@127.0.0.1:1/kaja", 6, "Nobody listens at 127.0.0.1:1"),
        ("postgresql://user:hunter2hunter2@127.0.0.1:1", 2, "must end with the name of a database"),
    ],
)
def test_wrong_database_address(installation: Installation, url: str, code: int, words: str) -> None:
    installation.settings["DATABASE_URL"] = url
    done = installation.kaja("up")
    assert done.returncode == code
    assert words in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert installation.leftovers() == []


def test_unusable_data_folder(installation: Installation, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    done = installation.kaja("up")
    assert done.returncode == 5
    assert "KAJA_HOME" in done.stderr


def test_damaged_keys_are_not_replaced(installation: Installation) -> None:
    installation.home.mkdir(mode=0o700)
    (installation.home / "keys.json").write_text('{"k1": "c2hvcnQ="}')
    done = installation.kaja("up")
    assert done.returncode == 5
    assert "from a backup" in done.stderr
    assert (installation.home / "keys.json").read_text() == '{"k1": "c2hvcnQ="}'
