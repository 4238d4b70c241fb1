"""A film goes out and comes in piece by piece, as fast as it is taken: it is never in memory as a whole."""

import asyncio
import errno
import gzip
import io
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import IO, Any

import pytest
import uvloop

from kaja.media.item import MediaItem
from kaja.media.open import open_asset
from kaja.networks.kit.http import AnswerLost, Session, close_pools
from kaja.networks.kit.received import PIECE
from kaja.networks.kit.wire import FileBody
from kaja.workspaces.actor import Actor, make_system_actor
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


async def test_a_part_of_a_film_is_sent_and_nothing_around_it() -> None:
    """Networks that take films in pieces are sent one after the other from the same file."""
    received = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, length = await head_and_length(reader)
            received.append(await reader.readexactly(length))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    piece, size = 7_000_001, len(FILM)
    async with talking(talk) as session:
        for begin in range(0, size, piece):
            body = FileBody(lambda: Watched(FILM), min(piece, size - begin), begin)
            assert (await session.request("PUT", "/upload", content=body)).ok
        await close_pools()
    assert [len(each) for each in received] == [piece, piece, size - 2 * piece]
    assert b"".join(received) == FILM


async def test_a_form_with_several_files_sends_each_in_pieces() -> None:
    film, picture, body = Watched(FILM), Watched(b"\xff\xd8 a picture"), b""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal body
        _, length = await head_and_length(reader)
        body = await reader.readexactly(length)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    files: dict[str, tuple[str, bytes | FileBody, str]] = {
        "film": ("film.mp4", body_of(film), "video/mp4"),
        "cover": ("cover.jpg", body_of(picture, 12), "image/jpeg"),
        "words": ("words.vtt", b"WEBVTT", "text/vtt"),
    }
    async with talking(talk) as session:
        assert (await session.request("POST", "/media", files=files, data={"alt": "x"})).ok
    parts = body.split(body[: body.index(b"\r\n")])
    assert [part.partition(b"\r\n\r\n")[2] for part in parts[1:-1]] == [
        b"x\r\n",
        FILM + b"\r\n",
        b"\xff\xd8 a picture"[:12] + b"\r\n",
        b"WEBVTT\r\n",
    ]
    assert film.closed
    assert picture.closed


async def test_a_film_goes_to_a_second_origin_that_knows_the_same_sign_in() -> None:
    """Some networks take files at another address than everything else. No third one is shown who we are."""
    heads, received = [], []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, length = await head_and_length(reader)
        heads.append(head)
        received.append(await reader.readexactly(length))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        writer.close()

    async with talking(talk) as uploads, talking(talk) as strange:
        session = Session("https://example.org", credentials_for=[uploads.base_url], allow_private=["127.0.0.1"])
        session.use_bearer("t0ken-0123456789")
        for there in (uploads, strange):
            assert (await session.request("POST", f"{there.base_url}/upload", content=body_of(Watched(FILM)))).ok
    assert received == [FILM, FILM]
    assert "Authorization: Bearer t0ken-0123456789\r\n" in heads[0]
    assert "Authorization" not in heads[1]


class Taken(io.BytesIO):
    """A file that is written slowly: each piece waits for its turn."""

    def __init__(self) -> None:
        super().__init__()
        self.turn = threading.Event()
        self.largest = 0

    def write(self, piece: Any) -> int:
        assert self.turn.wait(120)
        self.largest = max(self.largest, len(piece))
        return super().write(piece)


@pytest.mark.parametrize("form", ["counted", "chunked", "until the end", "packed"])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_film_comes_in_as_fast_as_it_is_written(form: str, run: Callable[..., Any]) -> None:
    content = gzip.compress(FILM, 0) if form == "packed" else FILM
    head = {
        "counted": f"Content-Length: {len(content)}",
        "packed": f"Content-Length: {len(content)}\r\nContent-Encoding: gzip",
        "chunked": "Transfer-Encoding: chunked",
        "until the end": "Connection: close",
    }[form]

    async def work() -> None:
        enough = asyncio.Event()

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
            for begin in range(0, len(content), 65_536):
                piece = content[begin : begin + 65_536]
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if form == "chunked" else piece)
                try:
                    async with asyncio.timeout(0.2):
                        await writer.drain()
                except TimeoutError:
                    enough.set()
                    await writer.drain()
            enough.set()
            writer.write(b"0\r\n\r\n" if form == "chunked" else b"")
            await writer.drain()
            writer.close()

        file = Taken()
        async with talking(talk) as session:
            asking = asyncio.create_task(session.request("GET", "/film", into=file, max_bytes=len(content)))
            # The first piece is being written: what comes meanwhile is not heaped up for the second.
            await enough.wait()
            file.turn.set()
            answer = await asking
            await close_pools()
        assert answer.ok
        assert answer.content == b""
        assert file.getvalue() == FILM
        assert file.largest <= 1 << 20, "written as a whole"

    run(work())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        pytest.param(b"Content-Length: 1001\r\n\r\n" + bytes(1001), "answer_too_large", id="too long"),
        pytest.param(b"Content-Length: 4\r\n\r\nab", "answer_broken", id="cut"),
        pytest.param(b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(1001)), "answer_too_large", id="packed"),
        pytest.param(b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"abc")[:-3], "answer_broken", id="no end"),
        pytest.param(b"Content-Encoding: gzip\r\n\r\nabcd", "answer_broken", id="not packed"),
    ],
)
async def test_a_file_that_does_not_come_whole_is_a_lost_answer(answer: bytes, code: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n" + answer)
        await writer.drain()
        writer.close()

    async with talking(talk) as session:
        with pytest.raises(AnswerLost) as failed:
            await session.request("GET", "/film", into=io.BytesIO(), max_bytes=1000)
    assert failed.value.problem.code == code


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_the_connection_of_a_film_serves_the_next_call(run: Callable[..., Any]) -> None:
    """Also when the last byte of the film is the one that was too many to go on reading."""
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % PIECE + bytes(PIECE))

    async def work() -> None:
        async with talking(talk) as session:
            for _ in range(3):
                file = io.BytesIO()
                assert (await session.request("GET", "/film", into=file)).ok
                assert len(file.getvalue()) == PIECE
            await close_pools()

    run(work())
    assert connections == 1


@pytest.mark.parametrize("answer", [b"200 OK\r\nContent-Length: 0", b"204 No Content"])
async def test_an_empty_file_is_one_however_it_says_it_is_packed(answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 " + answer + b"\r\nContent-Encoding: gzip\r\n\r\n")

    file = io.BytesIO()
    async with talking(talk) as session:
        assert (await session.request("GET", "/film", into=file)).ok
    assert file.getvalue() == b""


async def test_a_bomb_is_not_unpacked_into_a_file() -> None:
    file, bomb = io.BytesIO(), gzip.compress(bytes(200_000_000), 1)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb))
        writer.write(bomb)

    async with talking(talk) as session:
        with pytest.raises(AnswerLost) as failed:
            await session.request("GET", "/film", into=file, max_bytes=2_000_000)
    assert failed.value.problem.code == "answer_too_large"
    assert len(file.getvalue()) <= 2_000_000


@pytest.mark.parametrize("status", ["404 Not Found", "302 Found"])
async def test_a_refusal_does_not_go_into_the_file(status: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f'HTTP/1.1 {status}\r\nContent-Length: 16\r\n\r\n{{"error":"gone"}}'.encode())

    file = io.BytesIO()
    async with talking(talk) as session:
        answer = await session.request("GET", "/film", into=file, max_bytes=1_000_000_000)
    assert answer.json() == {"error": "gone"}
    assert file.getvalue() == b""


async def test_a_disk_that_is_full_is_not_the_networks_fault() -> None:
    class Full(io.BytesIO):
        def write(self, piece: Any) -> int:
            raise OSError(errno.ENOSPC, "no space left")

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with talking(talk) as session:
        with pytest.raises(OSError, match="no space left"):
            await session.request("GET", "/film", into=Full())


@pytest.fixture
def author(in_workspace: Workspace) -> Actor:
    return make_system_actor("test")


def test_a_stored_film_is_opened_in_pieces(author: Actor) -> None:
    asset = upload(author, film(), "film.mp4")
    media = open_asset(asset, MediaItem(asset=asset.id))
    with media.open() as file:
        first = file.read(100)
        assert len(first) == 100
        assert first + file.read() == media.read()
    assert len(media.read()) == media.size
