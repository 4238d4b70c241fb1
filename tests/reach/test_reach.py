"""Whether this Kaja can be reached: what is said, and what alone proves it."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.test import Client, RequestFactory

from kaja.config import environment
from kaja.kernel.clock import now
from kaja.reach import looking
from kaja.reach.actions import is_of_this_machine, note_arrival
from kaja.reach.judging import Proof, Seen, State, judge
from kaja.reach.looking import look, prove
from kaja.reach.models import Arrival, Look
from kaja.reach.queries import get_reach
from kaja.workspaces.models import Workspace
from tests.people import add_member, browser

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HOME = "https://kaja.bakery.ee"
STRANGER = "93.184.215.14"  # a public address that is neither ours nor this machine's
PUBLIC, INSIDE = ("194.106.110.1",), ("10.1.2.3",)


@pytest.mark.parametrize(
    ("address", "stated", "seen", "proofs", "state", "code"),
    [
        ("http://localhost:8000", "auto", None, [], State.NO, "reach_not_https"),
        ("https://localhost", "auto", None, [], State.NO, "reach_own_name"),
        ("https://kaja.lan", "auto", None, [], State.NO, "reach_own_name"),
        ("https://intranet", "auto", None, [], State.NO, "reach_own_name"),
        ("https://10.1.2.3", "auto", None, [], State.NO, "reach_own_name"),
        ("https://[fd00::1]", "auto", None, [], State.NO, "reach_own_name"),
        (HOME, "no", None, [Proof("file", NOW)], State.NO, "reach_stated"),
        ("http://localhost:8000", "yes", None, [], State.YES, "reach_stated"),
        (HOME, "auto", None, [], State.UNKNOWN, "reach_not_looked"),
        (HOME, "auto", Seen(NOW), [], State.UNKNOWN, "reach_no_name"),
        (HOME, "auto", Seen(NOW, INSIDE, "ours"), [], State.NO, "reach_private"),
        (HOME, "auto", Seen(NOW, PUBLIC, "ours"), [], State.UNKNOWN, "reach_answers"),
        (HOME, "auto", Seen(NOW, PUBLIC, "silent"), [], State.UNKNOWN, "reach_silent"),
        (HOME, "auto", Seen(NOW, PUBLIC, "other"), [], State.UNKNOWN, "reach_other"),
        # Whoever came in from outside outweighs what is seen from here: names may lead elsewhere inside.
        (HOME, "auto", Seen(NOW, INSIDE, "other"), [Proof("hook:x", NOW)], State.YES, "reach_proved"),
        (HOME, "auto", Seen(NOW, PUBLIC), [Proof("file", NOW - timedelta(days=31))], State.UNKNOWN, "reach_silent"),
        ("http://kaja.bakery.ee", "auto", None, [Proof("file", NOW)], State.NO, "reach_not_https"),
    ],
)
def test_what_is_said(
    address: str, stated: Any, seen: Seen | None, proofs: list[Proof], state: State, code: str
) -> None:
    reach = judge(address, stated, seen, proofs, NOW)
    assert (reach.state, reach.why.code) == (state, code)
    assert state == State.YES or code == "reach_answers" or reach.why.fix, "whoever is told so hears what to do"
    assert "%(" not in reach.why.text()


def call(address: str, host: str = "kaja.bakery.ee", *, secure: bool = True) -> Any:
    return RequestFactory().get("/files/x", REMOTE_ADDR=address, HTTP_HOST=host, secure=secure)


@pytest.fixture
def at_home(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with an address of its own, to which its name leads."""
    settings.BASE_URL, settings.ALLOWED_HOSTS, settings.REACHABLE = HOME, ["*"], "auto"
    lead(monkeypatch, PUBLIC[0])


def lead(monkeypatch: pytest.MonkeyPatch, address: str) -> list[str]:
    """Have the system's resolver lead our name to an address; gives the names that are asked for."""
    asked, real = [], socket.getaddrinfo

    def resolve(host: Any, *more: Any, **options: Any) -> Any:
        asked.append(host)
        return real(address if host == "kaja.bakery.ee" else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.mark.usefixtures("at_home")
def test_only_who_comes_from_outside_to_our_own_address_proves_anything() -> None:
    for nobody in (
        call("127.0.0.1"),
        call("10.9.8.7"),
        call("fd00::9"),
        call(STRANGER, "other.bakery.ee"),  # another name that leads here
        call(STRANGER, secure=False),
        call(PUBLIC[0]),  # a router leads a call from inside back in
        call("not an address"),
    ):
        note_arrival(nobody, "file")
    assert (Arrival.objects.count(), get_reach().state) == (0, State.UNKNOWN)
    note_arrival(call(STRANGER), "hook:practice")
    reach = get_reach()
    assert (reach.state, reach.proof and reach.proof.by) == (State.YES, "hook:practice")


@pytest.mark.usefixtures("at_home")
def test_one_that_comes_often_is_written_down_now_and_then(django_assert_num_queries: Any) -> None:
    note_arrival(call(STRANGER), "file")
    first = Arrival.objects.get().at
    with django_assert_num_queries(1):
        note_arrival(call(STRANGER), "file")
    Arrival.objects.update(at=first - timedelta(hours=1))
    note_arrival(call(STRANGER), "file")
    assert Arrival.objects.get().at >= first


@pytest.mark.usefixtures("at_home")
def test_another_address_begins_without_proof(settings: Any) -> None:
    note_arrival(call(STRANGER), "file")
    settings.BASE_URL = "https://moved.bakery.ee"
    assert get_reach().state == State.UNKNOWN


def test_what_this_machine_has_is_its_own() -> None:
    assert is_of_this_machine("127.0.0.1")
    assert not is_of_this_machine(STRANGER)


def test_the_installation_knows_its_own_answer(db: None, django_assert_num_queries: Any) -> None:
    nonce = "0123456789abcdef" * 2
    with django_assert_num_queries(0):
        answer = Client().get(f"/reach/{nonce}")
    assert (answer.status_code, answer.content.decode()) == (200, prove(nonce))
    assert not answer.cookies
    assert Client().get("/reach/short").status_code == 404
    assert Client().post(f"/reach/{nonce}").status_code == 405


class _Says(BaseHTTPRequestHandler):
    """Whoever stands at the address."""

    said = "ours"

    def do_GET(self) -> None:
        nonce = self.path.rpartition("/")[2]
        if self.said == "elsewhere":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:1/{nonce}")
            self.end_headers()
            return
        self.send_response(404 if self.said == "nothing" else 200)
        self.end_headers()
        self.wfile.write((prove(nonce) if self.said == "ours" else "welcome to my router").encode())

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def standing(said: str) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), type("_Here", (_Says,), {"said": said}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    ("said", "answer"), [("ours", "ours"), ("router", "other"), ("nothing", "other"), ("elsewhere", "other")]
)
def test_a_look_tells_ours_from_others(said: str, answer: str) -> None:
    with standing(said) as address:
        assert looking._ask(address)[0] == answer
    assert looking._ask(address)[0] == "silent"


def test_a_look_is_kept_and_asks_nobody_where_the_name_says_enough(
    db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = lead(monkeypatch, "127.0.0.1")
    settings.REACHABLE = "auto"
    for address in ("http://localhost:8000", "https://kaja.lan"):
        settings.BASE_URL = address
        assert look().answer == ""
    assert asked == []
    with standing("ours") as here:  # which speaks no TLS
        settings.BASE_URL = f"{HOME}:{here.rpartition(':')[2]}"
        look()
        look()
    row = Look.objects.get(address=settings.BASE_URL)
    assert (row.found, row.answer) == (["127.0.0.1"], "silent")
    assert "SSL" in row.error
    assert get_reach().why.code == "reach_private"


def test_the_page_of_what_runs_says_it_and_looks_when_asked(workspace: Workspace, settings: Any) -> None:
    settings.BASE_URL, settings.REACHABLE = HOME, "auto"
    client, page = browser(workspace), "/w/acme/settings/running/"
    html = client.get(page).content.decode()
    assert "Nobody has come in from outside yet, and nobody has looked." in html
    assert Look.objects.count() == 0, "a page that is only read asks nobody"
    Arrival.objects.create(address=HOME, by="hook:practice", at=now())
    html = client.get(page).content.decode()
    assert "It can be reached" in html
    assert "Practice told something" in html
    settings.BASE_URL = "http://localhost:8000"
    assert client.post(f"{page}look/").status_code == 302
    assert Look.objects.get().address == "http://localhost:8000"
    assert "It cannot be reached" in client.get(page).content.decode()
    add_member(workspace, "content@acme.test")
    assert browser(workspace, "content@acme.test").post(f"{page}look/").status_code == 403


def test_the_operator_may_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.get_reachable() == "auto"
    monkeypatch.setenv("KAJA_REACHABLE", "yes")
    assert environment.get_reachable() == "yes"
    monkeypatch.setenv("KAJA_REACHABLE", "perhaps")
    with pytest.raises(environment.Misconfigured, match="KAJA_REACHABLE"):
        environment.get_reachable()
