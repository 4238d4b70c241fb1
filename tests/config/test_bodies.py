"""Bodies through the server that really runs: who may send how much, and what is left of it."""

import json
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.test import Client

from kaja.api.tokens import create_token
from kaja.config.bodies import reading, uploads
from kaja.config.bodies.limits import HOOK, LARGEST, SMALL
from kaja.kernel.connections import release_connections
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Role, Workspace
from tests.conftest import make_workspace
from tests.media.test_upload import film
from tests.media.test_video_metadata import PLACE
from tests.media.test_video_metadata import film as film_with_places
from tests.people import actor, add_member, browser
from tests.serving import Served, read_until, serve, status_of
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
POOL = 2
PAGE, API = "/w/acme/posts/upload", "/api/v1/media"


@pytest.fixture
def acme() -> Workspace:
    return make_workspace("acme", "owner@acme.test")[0]


@pytest.fixture
def served(acme: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(reading, "READ_AWAY_SECONDS", 0.2)
    with serve(POOL) as server:
        yield server
    assert not incoming(), "something was left on the disk"
    assert not uploads.Turn._lock.locked(), "an upload ended, and nobody else's turn comes"


def incoming() -> list[Path]:
    return list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir())


def signed_in(workspace: Workspace, email: str = "") -> Client:
    client = browser(workspace, email)
    client.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32
    release_connections()
    return client


def form(content: bytes, name: str = "film.mp4") -> tuple[str, bytes]:
    """Headers and body of an upload."""
    head = f'--x\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    body = head + content + b"\r\n--x--\r\n"
    return f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {len(body)}\r\n", body


def large_film(size: int = 3_000_000) -> bytes:
    return film() + struct.pack(">I4s", size + 8, b"free") + bytes(size)


def token_of(workspace: Workspace, *scopes: str) -> str:
    with workspace_scope(workspace.id):
        secret = create_token(actor(workspace), "test", scopes=scopes)[1]
    release_connections()
    return f"Authorization: Bearer {secret}\r\n"


def said_in(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])
    return found


def csrf(client: Client) -> str:
    return f"X-CSRFToken: {client.cookies[settings.CSRF_COOKIE_NAME].value}\r\nOrigin: http://127.0.0.1\r\n"


@pytest.mark.parametrize("path", ["/account/login/", "/healthz", "/readyz", PAGE, API, "/nowhere"])
def test_who_is_not_signed_in_sends_little_and_nothing_to_the_disk(
    served: Served, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("the body went to the disk")

    monkeypatch.setattr("tempfile.NamedTemporaryFile", never)
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", never)
    for headers, body in (
        ("Content-Length: 300000000\r\n", b"x" * 100_000),
        ("Content-Length: 300000000\r\nExpect: 100-continue\r\n", b""),
        ("Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (SMALL + 1, b"x" * (SMALL + 1))),
    ):
        multipart = "Content-Type: multipart/form-data; boundary=x\r\n" + headers
        status, answer = served.ask(None, path, method="POST", headers=multipart, body=body)
        assert status == 413
        assert b"at most %d kB" % (8 if path in ("/healthz", "/readyz") else 256) in answer
    assert served.ask(None, "/account/login/", method="GET", headers="Content-Length: 300000000\r\n")[0] == 413


def test_a_hook_may_be_larger_than_what_anybody_sends_and_not_without_end(served: Served) -> None:
    for size, expected in ((SMALL + 1, 401), (HOOK, 401), (HOOK + 1, 413)):
        headers = f"Content-Type: application/json\r\nContent-Length: {size}\r\n"
        assert served.ask(None, "/hooks/practice", method="POST", headers=headers, body=b"x" * size)[0] == expected
    lied = "Transfer-Encoding: chunked\r\n"
    body = b"%x\r\n%s\r\n" % (HOOK + 1, b"x" * (HOOK + 1))
    assert served.ask(None, "/hooks/practice", method="POST", headers=lied, body=body)[0] == 413


def test_who_may_not_write_sends_no_file(acme: Workspace, served: Served) -> None:
    add_member(acme, "reader@acme.test", Role.ANALYST)
    headers, body = form(large_film(6_000_000))
    reader = signed_in(acme, "reader@acme.test")
    assert served.ask(reader, PAGE, method="POST", headers=headers + csrf(reader), body=body)[0] == 413
    assert served.ask(None, API, method="POST", headers=headers + token_of(acme, "view"), body=body)[0] == 413


def test_a_body_that_no_file_may_have_is_refused_in_words(acme: Workspace, served: Served) -> None:
    kind = f"Content-Type: multipart/form-data; boundary=x\r\nContent-Length: {LARGEST + 1}\r\n"
    status, answer = served.ask(None, API, method="POST", headers=kind + token_of(acme, "view", "write"))
    said = said_in(answer)
    assert (status, said["problems"][0]["code"]) == (413, "media_too_large")
    assert "1001.1 MB; a file may have at most 1000 MB" in said["detail"]
    client = signed_in(acme)
    for language, words in (("en", b"your text is still in the form"), ("et", b"1000 MB")):
        told = f"{kind}{csrf(client)}Accept-Language: {language}\r\n"
        status, page = served.ask(client, PAGE, method="POST", headers=told)
        assert status == 413
        assert words in page
        assert (b"This is too large" in page) == (language == "en")


def test_uploads_cost_no_connection_while_they_come_and_are_written_once(acme: Workspace, served: Served) -> None:
    client = signed_in(acme)
    headers, body = form(large_film())
    with ExitStack() as open_lines:
        lines = [
            open_lines.enter_context(
                served.open(client, PAGE, method="POST", headers=headers + csrf(client), body=body[:2_000_000])
            )
            for _ in range(2 * POOL)
        ]
        assert served.ask(client, "/w/acme/channels/")[0] == 200
        assert served.ask(None, "/readyz")[0] == 200
        for line in lines:
            line.sendall(body[2_000_000:])
        for line in lines:
            assert status_of(read_until(line, b"\r\n\r\n")) == 201
    with workspace_scope(acme.id):
        asset = Asset.objects.get()  # the same bytes are one file
    with default_storage.open(asset.file) as stored:
        assert len(stored.read()) == len(large_film())
    release_connections()


@pytest.mark.parametrize("path", [PAGE, API])
def test_a_film_is_moved_to_where_it_stays(acme: Workspace, served: Served, path: str) -> None:
    """Not written a second time: one of 1 GB would need 2 GB of the disk, and twice as long."""
    client = signed_in(acme)
    headers, body = form(large_film())
    proof = csrf(client) if path == PAGE else token_of(acme, "view", "write")
    with served.open(client, path, method="POST", headers=headers + proof, body=body[:-9]) as line:
        [came_in] = wait_until(lambda: [each.stat().st_ino for each in incoming()])
        line.sendall(body[-9:])
        assert status_of(read_until(line, b"\r\n\r\n")) == 201
    with workspace_scope(acme.id):
        stored = Path(default_storage.path(Asset.objects.get().file))
    assert stored.stat().st_ino == came_in
    release_connections()


def test_what_is_no_upload_makes_uploads_step_back(
    acme: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(acme, "owner@acme.test")
    monkeypatch.setattr(uploads.Turn, "asked", 0.0)
    headers, body = form(large_film())
    assert served.ask(None, API, method="POST", headers=headers + token_of(acme, "view", "write"), body=body)[0] == 201
    assert uploads.Turn.asked == 0.0
    assert served.ask(client, "/w/acme/calendar/")[0] in (200, 302)
    assert uploads.Turn.asked > 0.0


def test_a_film_is_cleaned_where_it_came_in(acme: Workspace, served: Served) -> None:
    content = film_with_places("mov") + struct.pack(">I4s", 1_000_008, b"free") + bytes(1_000_000)
    assert PLACE in content
    headers, body = form(content)
    chunked = headers.partition("Content-Length")[0] + "Transfer-Encoding: chunked\r\n"
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (body[:700_000], body[700_000:])) + b"0\r\n\r\n"
    token = token_of(acme, "view", "write")
    assert served.ask(None, API, method="POST", headers=chunked + token, body=pieces)[0] == 201
    with workspace_scope(acme.id), default_storage.open(Asset.objects.get().file) as stored:
        kept = stored.read()
    assert len(kept) == len(content)
    assert PLACE not in kept
    release_connections()


def test_who_stops_sending_is_not_waited_for(acme: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "IDLE_SECONDS", 0.3)
    client = signed_in(acme)
    headers, body = form(large_film())
    assert served.ask(client, PAGE, method="POST", headers=headers + csrf(client), body=body[:900_000])[0] == 408
    assert served.ask(None, "/account/login/", method="POST", headers="Content-Length: 90\r\n", body=b"x")[0] == 408


def test_who_trickles_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "GRACE_SECONDS", 0.0)
    monkeypatch.setattr(reading, "SLOWEST", 1e12)
    assert served.ask(None, "/account/login/", method="POST", headers="Content-Length: 90\r\n", body=b"x")[0] == 408


def test_who_goes_away_leaves_nothing(acme: Workspace, served: Served) -> None:
    client = signed_in(acme)
    headers, body = form(large_film())
    with served.open(client, PAGE, method="POST", headers=headers + csrf(client), body=body[:2_000_000]):
        pass
    assert served.ask(client, "/w/acme/channels/")[0] == 200
    wait_until(lambda: not incoming())


def test_more_uploads_than_may_come_at_once_are_asked_to_wait(
    acme: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PER_PERSON", 1)
    client = signed_in(acme)
    headers, body = form(large_film())
    with served.open(client, PAGE, method="POST", headers=headers + csrf(client), body=body[:900_000]) as line:
        wait_until(uploads._under_way.total)
        status, answer = served.ask(client, PAGE, method="POST", headers=headers + csrf(client), body=body)
        assert status == 429
        assert b"retry-after: 30" in answer.lower()
        script = headers + csrf(client) + "Accept: application/json\r\n"
        status, answer = served.ask(client, PAGE, method="POST", headers=script, body=body)
        assert (status, said_in(answer)["problems"][0]["code"]) == (429, "uploads_busy")
        line.sendall(body[900_000:])
        assert status_of(read_until(line, b"\r\n\r\n")) == 201


def test_an_upload_without_room_is_refused_before_it_comes(
    acme: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers, body = form(large_film())
    free = uploads.KEPT_FREE + len(body) - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=free))
    status, answer = served.ask(
        None, API, method="POST", headers=headers + token_of(acme, "view", "write"), body=body[:100]
    )
    assert status == 503
    [problem] = said_in(answer)["problems"]
    assert (problem["code"], "The draft is safe" in problem["message"]) == ("media_disk_full", True)
    # The composer's script shows the words that it gets; a page of HTML it would take for silence.
    client = signed_in(acme)
    headers += csrf(client) + "Accept: application/json\r\n"
    status, answer = served.ask(client, PAGE, method="POST", headers=headers, body=body[:100])
    assert status == 503
    [problem] = said_in(answer)["problems"]
    assert (problem["code"], "The draft is safe" in problem["text"]) == ("media_disk_full", True)


def test_a_room_that_ends_on_the_way_is_said_as_a_full_disk(
    acme: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", full)
    monkeypatch.setattr(uploads, "FLUSH_EVERY", 500_000)
    headers, body = form(large_film())
    token = token_of(acme, "view", "write")
    status, answer = served.ask(None, API, method="POST", headers=headers + token, body=body)
    assert status == 503
    assert said_in(answer)["problems"][0]["code"] == "media_disk_full"


def test_what_is_no_form_is_refused(acme: Workspace, served: Served) -> None:
    kind = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 900000\r\n"
    token = token_of(acme, "view", "write")
    status, _ = served.ask(None, API, method="POST", headers=kind + token, body=bytes(900_000))
    assert status in (400, 422)
