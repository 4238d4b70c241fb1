"""A film goes out in pieces, as fast as the network takes them: it is never in memory as a whole."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import IO, Any

import pytest

from kaja.media.item import MediaItem
from kaja.media.open import open_asset
from kaja.networks.kit.http import AnswerLost, Session
from kaja.networks.kit.wire import FileBody
from kaja.workspaces.actor import Actor, system_actor
from kaja.workspaces.models import Workspace
from tests.media.test_upload import film, upload

FILM = bytes(range(256)) * 80_000  # 20 MB
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Watched(io.BytesIO):
    """Remembers how much was read, and whether it was closed."""

    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert 0 < size <= 1 << 20, "read as a whole"
        piece = super().read(size)
        self.taken += len(piece)
        return piece


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[Session]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield Session(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", allow_private=["127.0.0.1"])


async def head_and_length(reader: asyncio.StreamReader) -> tuple[str, int]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    [length] = [line.split(": ")[1] for line in head.splitlines() if line.startswith("Content-Length")]
    return head, int(length)


def body_of(file: Watched, size: int = len(FILM)) -> FileBody:
    def opened() -> IO[bytes]:
        return file

    return FileBody(opened, size)


@pytest.mark.parametrize("form", [False, True])
async def test_a_film_is_read_as_it_is_taken(form: bool) -> None:
    file, came, go_on, received = Watched(FILM), asyncio.Event(), asyncio.Event(), b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal received
        _, length = await head_and_length(reader)
        came.set()
        await go_on.wait()
        received = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with talking(talk) as session:
        sent: dict[str, Any] = {"content": body_of(file)}
        if form:
            sent = {"files": {"file": ("film.mp4", body_of(file), "video/mp4")}, "data": {"alt": "Ä film"}}
        asking = asyncio.create_task(session.request("POST", "/media", **sent))
        await came.wait()
        for _ in range(20):  # however often it may, it goes no further than what lies on the way
            await asyncio.sleep(0)
        assert file.taken < len(FILM)
        go_on.set()
        assert (await asking).status == 200
    assert file.taken == len(FILM)
    assert file.closed
    assert FILM in received
    assert (received == FILM) is not form
    if form:
        assert b'filename="film.mp4"' in received
        assert "Ä film".encode() in received
    assert session.exchanges[0]["sent"] == f"{len(received)} bytes"


async def test_a_server_that_answers_before_the_end_is_heard() -> None:
    file = Watched(FILM)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_and_length(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\n{}")

    async with talking(talk) as session:
        assert (await session.request("POST", "/media", content=body_of(file))).status == 413
    assert file.taken < len(FILM)
    assert file.closed


async def test_a_file_that_is_shorter_than_it_was_is_no_answer() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65536):
            pass

    async with talking(talk) as session:
        with pytest.raises(AnswerLost):
            await session.request("POST", "/media", content=body_of(Watched(b"short"), 10))


@pytest.fixture
def author(in_workspace: Workspace) -> Actor:
    return system_actor("test")


def test_a_stored_film_is_opened_in_pieces(author: Actor) -> None:
    asset = upload(author, film(), "film.mp4")
    media = open_asset(asset, MediaItem(asset=asset.id))
    with media.open() as file:
        first = file.read(100)
        assert len(first) == 100
        assert first + file.read() == media.read()
    assert len(media.read()) == media.size
