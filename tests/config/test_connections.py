"""What stays open for long holds none of the few connections to the database: more of each than there are connections,
through the server that really runs."""

import io
import json
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client

from kaja.api.tokens import create_token
from kaja.kernel import outside
from kaja.kernel.connections import release_connections
from kaja.kernel.sessions import name_of
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import workspace_scope
from kaja.media.upload import upload_asset
from kaja.workspaces.actions.members import remove_member
from kaja.workspaces.models import User, Workspace
from kaja.workspaces.outside import PER_PERSON
from tests.conftest import make_workspace
from tests.media.test_upload import film
from tests.people import actor, add_member, browser, member_of
from tests.serving import Served, read_until, serve, status_of
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
POOL = 2
LIVE = "/w/acme/live?since=0"


@pytest.fixture
def acme() -> Workspace:
    return make_workspace("acme", "owner@acme.test")[0]


@pytest.fixture
def served(acme: Workspace) -> Iterator[Served]:
    with serve(POOL) as server:
        yield server


def signed_in(workspace: Workspace, email: str = "") -> Client:
    client = browser(workspace, email)
    release_connections()  # the test is a thread like any other
    return client


def test_open_pages_cost_no_connection(acme: Workspace, served: Served) -> None:
    client = signed_in(acme)
    with ExitStack() as open_lines:
        for _ in range(3 * POOL):
            line = open_lines.enter_context(served.open(client, "/w/acme/live"))
            assert status_of(read_until(line, b"retry: ")) == 200
        assert served.ask(client, "/w/acme/channels/")[0] == 200
        assert served.ask(None, "/readyz")[0] == 200


def test_slow_readers_cost_no_connection(acme: Workspace, served: Served) -> None:
    client = signed_in(acme)
    whole = film() + struct.pack(">I4s", 24_000_008, b"free") + bytes(24_000_000)
    asset = upload_asset(actor(acme), acme.id, io.BytesIO(whole), "film.mp4", len(whole))
    release_connections()
    address = f"/w/acme/media/{asset.id}"
    with ExitStack() as open_lines:
        for headers in ("", "Range: bytes=100-\r\n", "Range: bytes=1000-20000000\r\n") * POOL:
            line = open_lines.enter_context(served.open(client, address, headers=headers))
            assert status_of(line.recv(100)) == (206 if headers else 200)
        assert served.ask(client, "/w/acme/channels/")[0] == 200
        assert served.ask(None, "/readyz")[0] == 200


@pytest.mark.parametrize("how", ["signs out", "is removed", "is inactive", "session is ended", "password is changed"])
def test_a_stream_ends_with_what_let_it_in(acme: Workspace, served: Served, how: str) -> None:
    person = add_member(acme, "one@acme.test")
    client, other = signed_in(acme, "one@acme.test"), signed_in(acme)
    with served.open(client, LIVE) as line, served.open(other, LIVE) as stays:
        for each in (line, stays):
            read_until(each, b'"*"')  # from now on it hears what happens
        if how == "signs out":
            client.post("/account/logout/")
        elif how == "is removed":
            with workspace_scope(acme.id):
                remove_member(actor(acme), member_of(acme, "one@acme.test").id)
        elif how == "is inactive":
            User.objects.filter(id=person.id).update(is_active=False)
        elif how == "session is ended":
            Session.objects.get(session_key=name_of(str(client.session.session_key))).delete()
        else:
            person.set_password("another correct horse")
            person.save()
        assert read_until(line, b"0\r\n\r\n")  # the end of a chunked answer
        assert served.ask(client, "/w/acme/live")[0] in (401, 404)
        with workspace_scope(acme.id):
            notify_live(acme.id, "post")
        read_until(stays, b'"post"')


class Silent:
    """A server that takes calls and says nothing, until it ends."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._taken: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self) -> None:
        with suppress(OSError):
            while True:
                self._taken.append(self._listener.accept()[0])

    def end(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for line in (self._listener, *self._taken):
            line.close()


def test_silent_networks_cost_no_connection(acme: Workspace, served: Served) -> None:
    silent = Silent()
    with workspace_scope(acme.id):
        secret = create_token(actor(acme), "test", scopes=["view", "channels"])[1]
    client = signed_in(acme)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    form = {"site": silent.url, "username": "a", "password": "abcd efgh"}
    told = json.dumps({"network": "wordpress", "form": form}).encode()
    by_api = ("/api/v1/channels", f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n", told)
    page = f"X-CSRFToken: {'a' * 32}\r\nOrigin: http://127.0.0.1\r\n"
    kind = "Content-Type: application/x-www-form-urlencoded\r\n"
    by_form = ("/w/acme/channels/connect/wordpress/", page + kind, urlencode(form).encode())
    card = json.dumps({"url": silent.url}).encode()
    by_card = ("/w/acme/posts/card", page + "Content-Type: application/json\r\n", card)
    lines: list[socket.socket] = []
    with ExitStack() as open_lines:
        for path, headers, body in (by_api, by_api, by_form, by_card):
            headers += f"Content-Length: {len(body)}\r\n"
            lines.append(open_lines.enter_context(served.open(client, path, method="POST", headers=headers, body=body)))
        wait_until(lambda: outside._waiting["process"] == PER_PERSON)
        assert served.ask(client, "/w/acme/channels/")[0] == 200
        assert served.ask(None, "/readyz")[0] == 200
        # The fifth of one person is not asked, and hears why.
        path, headers, body = by_api
        headers += f"Content-Length: {len(body)}\r\n"
        status, answer = served.ask(None, path, method="POST", headers=headers, body=body)
        assert status == 429
        assert b"networks_busy" in answer
        silent.end()
        assert [status_of(read_until(line, b"\r\n\r\n")) // 100 for line in lines] == [4] * 4
    assert not outside._waiting
