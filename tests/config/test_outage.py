"""What is shown when the ground gives way: found right, said plainly, and gone when the ground is back."""

import errno
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from django.db import OperationalError
from django.test import RequestFactory

from kaja.config.outage import Outage, find_outage, server_error
from kaja.kernel.postgres import Cluster, free_port
from tests.cli.conftest import Installation


def wrapped(cause: psycopg.Error) -> OperationalError:
    """As Django raises it."""
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "outage"),
    [
        (wrapped(psycopg.OperationalError("connection refused")), Outage.DATABASE),
        (wrapped(psycopg.errors.AdminShutdown("terminating")), Outage.DATABASE),
        (wrapped(psycopg.errors.TooManyConnections("sorry")), Outage.DATABASE),
        (wrapped(psycopg.errors.DiskFull("no space")), Outage.DISK),
        (wrapped(psycopg.errors.DeadlockDetected("deadlock")), Outage.UNKNOWN),
        (OSError(errno.ENOSPC, "No space left on device"), Outage.DISK),
        (FileNotFoundError(errno.ENOENT, "no such file"), Outage.UNKNOWN),
        (ValueError("a mistake of ours"), Outage.UNKNOWN),
        (None, Outage.UNKNOWN),
    ],
)
def test_outage_is_found(error: BaseException | None, outage: Outage) -> None:
    assert find_outage(error) is outage


def test_connection_that_is_really_refused() -> None:
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(f"postgresql://kaja@127.0.0.1:{free_port()}/kaja", connect_timeout=2)
    assert find_outage(caught.value) is Outage.DATABASE


def test_full_disk_is_said_and_sending_is_never_repeated_by_itself() -> None:
    try:
        raise OSError(errno.ENOSPC, "No space left on device")
    except OSError:
        shown = server_error(RequestFactory().post("/w/acme/posts/new", {"text": "long work"}))
    page = shown.content.decode()
    assert shown.status_code == 503
    assert "The disk is full" in page
    assert "your text is still in the form" in page
    assert 'http-equiv="refresh"' not in page


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path / "pg", {"fsync": "off"})
    made.start()
    made.ensure_roles()
    yield made
    made.stop()


@pytest.fixture
def web(tmp_path: Path, cluster: Cluster) -> Iterator[Installation]:
    """A web server on a PostgreSQL of its own."""
    installation = Installation(tmp_path / "home")
    installation.settings = {"DATABASE_URL": cluster.url(), "KAJA_OWNER_DATABASE_URL": cluster.url("kaja_owner")}
    installation.home.mkdir(mode=0o700)
    made = installation.kaja("migrate", "--quiet")
    assert made.returncode == 0, made.stderr
    with (tmp_path / "up-0.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "kaja", "web"], env=installation.environment(), stdout=log, stderr=log, text=True
        )
    installation.wait_for(installation.answers)
    yield installation
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.mark.alone
def test_database_goes_and_comes_back(web: Installation, cluster: Cluster) -> None:
    secret = cluster.passwords()["kaja_app"]
    assert web.get("/account/login/")[0] == 200
    cluster.stop()
    assert web.get("/healthz")[0] == 200
    assert web.get("/readyz")[0] == 503

    # A page that needs the database: signing in.
    code, page, headers = post_sign_in(web)
    assert code == 503
    assert "The database does not answer" in page
    assert "Nothing that was accepted before is lost" in page
    assert headers["retry-after"] == "5"
    assert 'http-equiv="refresh"' not in page
    assert secret not in web_log(web)

    cluster.start()
    web.wait_for(web.answers)
    assert post_sign_in(web)[0] == 200


def web_log(web: Installation) -> str:
    return (web.home.parent / "up-0.log").read_text()


def post_sign_in(web: Installation) -> tuple[int, str, dict[str, str]]:
    """Send the sign-in form as a browser does, with an account that is not there."""
    address = f"http://127.0.0.1:{web.port}/account/login/"
    request = urllib.request.Request(
        address,
        data=b"login=nobody@kaja.test&password=wrong&csrfmiddlewaretoken=" + b"a" * 32,
        headers={"Cookie": "csrftoken=" + "a" * 32},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


def test_program_gets_a_problem_document() -> None:
    try:
        raise wrapped(psycopg.OperationalError("connection refused"))
    except OperationalError:
        shown = server_error(RequestFactory().get("/api/v1/posts"))
    body = json.loads(shown.content)
    assert shown.headers["Content-Type"] == "application/problem+json"
    assert shown.headers["Retry-After"] == "5"
    assert (body["status"], body["title"]) == (503, "The database does not answer")


def test_page_that_was_only_looked_at_tries_again() -> None:
    try:
        raise wrapped(psycopg.OperationalError("connection refused"))
    except OperationalError:
        shown = server_error(RequestFactory().get("/w/acme/calendar"))
        swapped = server_error(RequestFactory().get("/w/acme/calendar", headers={"HX-Request": "true"}))
    assert '<meta http-equiv="refresh" content="5">' in shown.content.decode()
    assert "refresh" not in swapped.content.decode()
