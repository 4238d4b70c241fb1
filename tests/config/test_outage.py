"""What is shown when the ground gives way: found right, said plainly, and gone when the ground is back."""

import errno
import json
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import RequestFactory
from psycopg_pool import PoolTimeout

from kaja.config.outage import Outage, find_outage, server_error
from kaja.kernel.postgres import Cluster, free_port
from tests.cli.conftest import Installation
from tests.waiting import wait_until


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
        (wrapped(psycopg.errors.ReadOnlySqlTransaction("cannot execute INSERT")), Outage.DATABASE),
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


def test_no_room_among_the_connections_is_told_from_a_lost_database(monkeypatch: pytest.MonkeyPatch) -> None:
    error = wrapped(PoolTimeout("couldn't get a connection after 5.00 sec"))
    assert find_outage(error) is Outage.BUSY
    monkeypatch.setitem(connection.settings_dict, "PORT", free_port())
    assert find_outage(error) is Outage.DATABASE


FORM: dict[str, object] = {"csrfmiddlewaretoken": "t" * 32, "name": 'Summer "25" <b>', "label": ["one", "two"]}


def refuse(form: dict[str, object], **more: str) -> str:
    """The page after a form was sent while the database was away."""
    try:
        raise wrapped(psycopg.OperationalError("connection refused"))
    except OperationalError:
        request = RequestFactory().post(
            "/w/acme/groups/campaigns/?from=list", urlencode(form, doseq=True), "application/x-www-form-urlencoded"
        )
        return server_error(request).content.decode()


def test_what_a_form_held_is_sent_again_by_a_button() -> None:
    page = refuse(FORM)
    assert '<form method="post" action="/w/acme/groups/campaigns/?from=list">' in page
    sent = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    assert [(name, unescape(value)) for name, value in sent] == [
        ("csrfmiddlewaretoken", "t" * 32), ("name", 'Summer "25" <b>'), ("label", "one"), ("label", "two"),
    ]  # fmt: skip
    assert "It is still here" in page


@pytest.mark.parametrize("name", ["password", "password1", "oldpassword", "app_password", "code", "client_secret"])
def test_no_page_repeats_a_secret(name: str) -> None:
    page = refuse({**FORM, name: "hunter2hunter2"})
    assert "hunter2hunter2" not in page
    assert "<form" not in page
    assert "back button" in page


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
def web(tmp_path: Path, cluster: Cluster, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """A web server on a PostgreSQL of its own, with a pool of two connections, or as many as are asked for."""
    installation = Installation(tmp_path / "home")
    installation.settings = {
        "DATABASE_URL": cluster.url(),
        "KAJA_OWNER_DATABASE_URL": cluster.url("kaja_owner"),
        "KAJA_DATABASE_POOL": str(getattr(request, "param", 2)),
    }
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
    process.wait(120)


@pytest.mark.alone
def test_database_goes_and_comes_back(web: Installation, cluster: Cluster) -> None:
    secret = cluster.passwords()["kaja_app"]
    assert web.get("/account/login/")[0] == 200
    assert_busy_is_said(web, cluster)
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


def assert_busy_is_said(web: Installation, cluster: Cluster) -> None:
    """Two people hold all connections there are, because somebody locked a table; the third is told so."""
    with ThreadPoolExecutor(2) as two, psycopg.connect(cluster.url("kaja_owner")) as somebody:
        somebody.execute("LOCK TABLE workspaces_user")
        waiting = [two.submit(post_sign_in, web) for _ in range(2)]
        web.wait_for(lambda: _count_waiting(cluster) == 2)
        code, page, headers = post_sign_in(web, language="ru")
        somebody.rollback()
        assert [each.result()[0] for each in waiting] == [200, 200]
    assert (code, headers["retry-after"]) == (503, "5")
    assert "Kaja сейчас перегружена" in page
    assert 'lang="ru"' in page


def _count_waiting(cluster: Cluster) -> int:
    with psycopg.connect(cluster.url("kaja_owner")) as own:
        row = own.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
        assert row is not None
        return int(row[0])


def web_log(web: Installation) -> str:
    return (web.home.parent / "up-0.log").read_text()


def post_sign_in(web: Installation, language: str = "en") -> tuple[int, str, dict[str, str]]:
    """Send the sign-in form as a browser does, with an account that is not there."""
    address = f"http://127.0.0.1:{web.port}/account/login/"
    request = urllib.request.Request(
        address,
        data=b"login=nobody@kaja.test&password=wrong&csrfmiddlewaretoken=" + b"a" * 32,
        headers={"Cookie": "csrftoken=" + "a" * 32, "Accept-Language": language},
    )
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
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


OURS = "FROM pg_stat_activity WHERE usename = 'kaja_app'"


def fill_pool(web: Installation, cluster: Cluster, wanted: int) -> None:
    """Ask so much at once that the web server keeps so many connections."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as own, ThreadPoolExecutor(4 * wanted) as many:

        def is_full() -> bool:
            list(many.map(lambda _: is_ready(web), range(8 * wanted)))
            return own.execute(f"SELECT count(*) {OURS}").fetchone() >= (wanted,)  # type: ignore[operator]

        wait_until(is_full)


def is_ready(web: Installation) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{web.port}/readyz", timeout=120) as answer:
            return bool(answer.status == 200)
    except urllib.error.HTTPError:
        return False


@pytest.mark.parametrize("web", [6], indirect=True)
def test_the_first_to_ask_after_a_restart_of_the_database_gets_an_answer(web: Installation, cluster: Cluster) -> None:
    """The pool rests ever longer between its dead connections: with five of them longer than anybody waits."""
    fill_pool(web, cluster, 5)
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as own:
        own.execute(f"SELECT pg_terminate_backend(pid) {OURS}")
    assert is_ready(web)
    # And a long outage: what the pool still rests from then keeps nobody waiting.
    fill_pool(web, cluster, 5)
    cluster.stop()
    for _ in range(4):
        assert not is_ready(web)
    cluster.start()
    assert is_ready(web)
