"""One connection: what answers look like on the wire, and after which of them it is used again."""

import asyncio
import io
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop

from kaja.networks.kit.http import AnswerLost, NotSent, Response, Session, close_pools
from kaja.networks.kit.pool import may_send
from tests.networks.kit.test_http import make_tls

ALLOWED = ("127.0.0.1",)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Server:
    """Answers with given bytes, one after the other; an empty answer ends the connection."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.connections = 0
        self.received: list[bytes] = []
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while self.answers:
                self.received.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0)
                writer.write(answer.removesuffix(b"(end)"))
                if answer.endswith(b"(end)"):
                    break
            await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            writer.close()
            self.ended.set()


@asynccontextmanager
async def answering(*answers: bytes) -> AsyncIterator[tuple[Server, Session]]:
    server = Server(list(answers))
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    try:
        yield server, Session(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", allow_private=ALLOWED)
    finally:
        listening.close()


async def get(session: Session, method: str = "GET") -> Response:
    return await session.request(method, "/x", timeout=10)


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", b"abc", id="counted"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\nLate: 1\r\n\r\n",
            b"abc",
            id="chunked",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\n\r\nabc(end)", b"abc", id="until the end"),
        pytest.param(b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc(end)", b"abc", id="old"),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", b"", id="none"),
        pytest.param(
            b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            b"abc",
            id="after a hint",
        ),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 400000\r\n\r\n" + b"a" * 400_000, b"a" * 400_000, id="long"),
    ],
)
async def test_reads_a_whole_answer(answer: bytes, body: bytes) -> None:
    async with answering(answer) as (_, session):
        read = await get(session)
    assert read.content == body
    assert read.ok
    assert "link" not in read.headers
    assert "late" not in read.headers


async def test_headers_of_one_name_are_joined() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nLink: a\r\nLINK: b\r\nContent-Length: 0\r\n\r\n") as (_, session):
        assert (await get(session)).headers == {"link": "a, b", "content-length": "0"}


async def test_the_head_alone_is_an_answer_to_head() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", OK) as (_, session):
        assert (await get(session, "HEAD")).headers["content-length"] == "900"
        assert (await get(session)).content == b"{}"


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfake", id="a second answer"),
        pytest.param(OK + b"rubbish", id="rubbish"),
        pytest.param(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", id="said to close"),
    ],
)
async def test_a_connection_is_left_after_an_answer_that_does_not_end_cleanly(first: bytes) -> None:
    """What came too much would be taken for the answer to the next request."""
    async with answering(first, OK, OK) as (server, session):
        assert (await get(session)).content == b"{}"
        assert (await get(session)).content == b"{}"
        assert (await get(session)).content == b"{}"
    assert server.connections == 2


async def test_a_connection_that_was_asked_to_close_is_left() -> None:
    """The server may close it without a word, and the next request on it would lose its answer."""
    async with answering(OK, OK) as (server, session):
        for _ in range(2):
            answer = await session.request("GET", "/", headers={"Connection": "close"})
            assert answer.content == b"{}"
    assert server.connections == 2


@pytest.mark.parametrize(("promise", "connections"), [(b"timeout=1, max=100", 2), (b"timeout=9", 1), (b"max=3", 1)])
async def test_a_connection_is_left_before_the_server_goes(promise: bytes, connections: int) -> None:
    answer = b"HTTP/1.1 200 OK\r\nKeep-Alive: " + promise + b"\r\nContent-Length: 2\r\n\r\n{}"
    async with answering(answer, OK) as (server, session):
        for _ in range(2):
            assert (await get(session)).ok
    assert server.connections == connections


def says_goodbye(listener: socket.socket, goodbye: threading.Event, said: threading.Event) -> int:
    """Serve one answer on each of two connections, and end the first when it is told to; gives how many came."""
    connections = 0
    with listener:
        for _ in range(2):
            connection, _ = listener.accept()
            connections += 1
            with connection:
                assert b"\r\n\r\n" in connection.recv(65_536)
                connection.sendall(OK)
                if connections == 1:
                    assert goodbye.wait(120)
                    connection.shutdown(socket.SHUT_WR)
                    # FIN_WAIT2: the other side's kernel has it.
                    while connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO) != 5:
                        time.sleep(0.001)
                    said.set()
    return connections


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_what_must_not_be_repeated_takes_no_connection_on_which_a_goodbye_waits(run: Callable[..., None]) -> None:
    """It lies in the socket, and our event loop has not looked yet."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(30)
    session = Session(f"http://127.0.0.1:{listener.getsockname()[1]}", allow_private=ALLOWED)
    goodbye, said = threading.Event(), threading.Event()

    async def work() -> None:
        serving = asyncio.create_task(asyncio.to_thread(says_goodbye, listener, goodbye, said))
        assert (await get(session)).ok
        goodbye.set()
        assert said.wait(120)  # the loop stands still meanwhile
        assert (await session.request("POST", "/x", irreversible=True)).ok
        assert await serving == 2
        await close_pools()

    run(work())


async def test_cookies_are_not_kept() -> None:
    """Whoever asks next through this process is somebody else."""
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: who=alice; Path=/\r\nContent-Length: 2\r\n\r\n{}"
    async with answering(answer, OK) as (server, session):
        for _ in range(2):
            assert (await get(session)).ok
    assert not any(b"cookie" in head.lower() for head in server.received)


async def test_an_answer_that_drips_ends_with_its_time() -> None:
    """Each byte comes soon enough; the whole does not."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        with suppress(OSError):
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.01)

    listening = await asyncio.start_server(drip, "127.0.0.1", 0)
    async with listening:
        session = Session(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", allow_private=ALLOWED)
        for into in (None, io.BytesIO()):
            with pytest.raises(AnswerLost) as failed:
                await session.request("GET", "/", timeout=0.3, into=into)
            assert failed.value.problem.code == "answer_timeout"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"(end)", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Len(end)", id="half a head"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}(end)", id="half a body"),
        pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}(end)", id="half a chunk"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}(end)", id="two lengths"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n(end)", id="not HTTP"),
        pytest.param(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000, id="an endless head"),
    ],
)
async def test_an_answer_that_is_none_is_lost(answer: bytes) -> None:
    async with answering(answer) as (server, session):
        with pytest.raises(AnswerLost):
            await get(session)
    assert len(server.received) == 1


@pytest.mark.parametrize("header", [{"X": "a\r\nHost: other"}, {"X\r\nY": "a"}, {"": "a"}, {"X": "\0"}])
async def test_what_would_be_read_as_another_header_is_not_sent(header: dict[str, str]) -> None:
    async with answering(OK) as (server, session):
        with pytest.raises(NotSent):
            await session.request("GET", "/", headers=header)
    assert not server.received


@pytest.mark.parametrize("path", ["/a\r\nX: y", "/\x7f"])
async def test_an_address_that_is_none_reaches_nobody(path: str) -> None:
    async with answering(OK) as (server, session):
        with pytest.raises(Exception, match=r".") as refused:
            await session.request("GET", path)
    assert not isinstance(refused.value, AnswerLost)
    assert not server.received


async def test_the_last_word_is_asked_on_used_connections_too() -> None:
    allowed: list[bool] = [True, False]
    word: Callable[[], bool] = lambda: allowed.pop(0)  # noqa: E731
    token = may_send.set(word)
    try:
        async with answering(OK, OK) as (server, session):
            assert (await get(session)).ok
            with pytest.raises(NotSent) as failed:
                await get(session)
    finally:
        may_send.reset(token)
    assert failed.value.problem.code == "held_back"
    assert len(server.received) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_works_in_the_event_loop_of_the_worker(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async def work() -> Server:
        server = Server([OK, OK])
        tls = make_tls(tmp_path) if scheme == "https" else None
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=tls)
        url = f"{scheme}://kaja.test:{listening.sockets[0].getsockname()[1]}"
        session = Session(url, allow_private=("kaja.test",), resolve=resolve)
        for _ in range(2):
            assert (await get(session)).content == b"{}"
        await close_pools()
        listening.close()
        return server

    server = uvloop.run(work())
    assert (len(server.received), server.connections) == (2, 1)
