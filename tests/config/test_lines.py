"""Clients that keep the server waiting, through the server that really runs."""

import io
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from kaja.config import lines
from kaja.kernel.connections import release_connections
from kaja.media.upload import upload_asset
from kaja.workspaces.models import Workspace
from tests.config.test_connections import signed_in
from tests.conftest import make_workspace
from tests.media.test_upload import film
from tests.people import actor
from tests.serving import Served, read_until, serve, status_of
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def acme() -> Workspace:
    return make_workspace("acme", "owner@acme.test")[0]


@pytest.fixture
def served(acme: Workspace) -> Iterator[Served]:
    with serve() as server:
        yield server


@pytest.mark.parametrize("begun", [b"", b"GET /healthz HTTP/1.1\r\nHost: 127.", b"GET /healthz HTT"])
def test_a_head_without_end_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr(lines, "HEAD_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", served.port), timeout=120) as line:
        line.sendall(begun)
        try:
            assert line.recv(100) == b""
        except ConnectionResetError:
            return


def test_a_second_head_without_end_is_not_waited_for(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "HEAD_SECONDS", 0.5)
    with socket.create_connection(("127.0.0.1", served.port), timeout=120) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert status_of(read_until(line, b"ok\n")) == 200
        line.sendall(b"GET /healthz HTTP/1.1\r\nHo")
        try:
            assert line.recv(100) == b""
        except ConnectionResetError:
            return


def test_who_reads_nothing_is_let_go_and_who_reads_is_not(
    acme: Workspace, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = signed_in(acme)
    whole = film() + struct.pack(">I4s", 24_000_008, b"free") + bytes(24_000_000)
    asset = upload_asset(actor(acme), acme.id, io.BytesIO(whole), "film.mp4", len(whole))
    release_connections()
    address = f"/w/acme/media/{asset.id}"
    # who reads slowly takes longer than the limit, and never stands still for as long
    monkeypatch.setattr(lines, "STALLED_SECONDS", 4.0)
    with served.open(client, address) as line:
        begun, since = read_until(line, b"\r\n\r\n"), time.monotonic()
        assert status_of(begun) == 200
        seen = len(begun)
        while seen < len(whole) and (block := line.recv(400_000)):
            seen += len(block)
            time.sleep(0.1)
    assert seen >= len(whole)
    assert time.monotonic() - since > lines.STALLED_SECONDS
    let_go: list[lines.Line] = []
    end = lines.Line._let_go

    def watched(line: lines.Line) -> None:
        let_go.append(line)
        end(line)

    monkeypatch.setattr(lines.Line, "_let_go", watched)
    monkeypatch.setattr(lines, "STALLED_SECONDS", 0.5)
    with served.open(client, address) as line:
        seen = len(read_until(line, b"\r\n\r\n"))
        wait_until(lambda: let_go)  # nothing is read until then
        try:
            while block := line.recv(1 << 20):
                seen += len(block)
        except ConnectionResetError:
            pass
    assert seen < len(whole)
