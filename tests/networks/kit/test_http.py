"""One exchange: what is sent, what comes back, and what is known when nothing does."""

import asyncio
import gzip
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from kaja.networks.kit import pool as pool_module
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.http import AnswerLost, NotSent, Response, Session, run_blocking
from kaja.networks.kit.quotas import Quota
from tests.conformance.server import Fault, Reply, Request, serving

ALLOWED = ("127.0.0.1",)


async def echo(request: Request) -> Reply:
    body = request.body.decode("latin-1")
    return Reply(200, {"method": request.method, "path": request.path, "headers": dict(request.headers), "body": body})


async def test_sends_json_forms_files_and_bytes() -> None:
    async with serving(echo) as (server, url):
        session = Session(url, allow_private=ALLOWED)
        await session.request("POST", "/a", json={"text": "эхо"}, params={"q": "é &"})
        await session.request("POST", "/b", data={"a": "1", "b": "ü"})
        await session.request("POST", "/c", files={"file": ("n.png", b"\x89PNG", "image/png")}, data={"alt": "x"})
        await session.request("PUT", "/d", content=b"raw", headers={"Content-Type": "image/png"})
        await session.request("POST", "/e")
    json_, form, files, raw, empty = server.requests
    assert json_.json() == {"text": "эхо"}
    assert json_.query == {"q": "é &"}
    assert form.body == b"a=1&b=%C3%BC"
    assert b'filename="n.png"' in files.body
    assert b"\x89PNG" in files.body
    assert (raw.body, raw.headers["content-type"]) == (b"raw", "image/png")
    assert empty.headers["content-length"] == "0"


async def test_keeps_connections_and_their_number_small() -> None:
    opened = 0

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.readuntil(b"\r\n\r\n"):
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    server = await asyncio.start_server(count, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    for _ in range(10):
        assert (await Session(url, allow_private=ALLOWED).request("GET", "/")).ok
    assert opened == 1, "ten sessions of one loop share a connection"
    server.close()


async def test_an_idle_connection_that_the_server_closed_is_not_used() -> None:
    """Servers end idle connections without a word; a call that must not be repeated must not fall into that."""
    served = 0

    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(once, "127.0.0.1", 0)
    session = Session(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", allow_private=ALLOWED)
    for _ in range(5):
        assert (await session.request("POST", "/", irreversible=True)).ok
        await asyncio.sleep(0.02)  # the goodbye arrives
    assert served == 5
    server.close()


async def test_a_refused_connection_is_not_sent(unused_tcp_port: int) -> None:
    with pytest.raises(NotSent) as failed:
        await Session(f"http://127.0.0.1:{unused_tcp_port}", allow_private=ALLOWED).request("POST", "/")
    assert failed.value.problem.code == "host_unreachable"


async def test_a_plain_server_on_a_tls_address_is_not_sent() -> None:
    async with serving(echo) as (server, url):
        with pytest.raises(NotSent) as failed:
            await Session(url.replace("http:", "https:"), allow_private=ALLOWED).request("POST", "/", json={})
        assert failed.value.problem.code == "host_tls"
        assert not server.requests


async def test_a_certificate_that_nobody_vouches_for_is_not_sent(tmp_path: Path) -> None:
    seen = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.read(1))
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=make_tls(tmp_path))
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    session = Session(url, {"token": "token-0123456789"}, allow_private=ALLOWED)
    session.use_bearer("token-0123456789")
    with pytest.raises(NotSent) as failed:
        await session.request("POST", "/", json={})
    assert failed.value.problem.code == "host_tls"
    assert not any(seen), "not one byte of the request"
    server.close()


async def test_speaks_tls_with_a_server_that_is_vouched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readuntil(b"\r\n\r\n"):
            names.append(writer.get_extra_info("ssl_object").server_hostname)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    names: list[object] = []
    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=make_tls(tmp_path))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    url = f"https://kaja.test:{server.sockets[0].getsockname()[1]}"

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    session = Session(url, allow_private=ALLOWED, resolve=resolve)
    for _ in range(2):
        assert (await session.request("GET", "/")).ok
    assert len(names) == 2
    server.close()


def make_tls(folder: Path) -> ssl.SSLContext:
    """A server's side with a certificate for kaja.test that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kaja.test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("kaja.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def test_a_dropped_answer_is_lost_and_not_tried_again() -> None:
    async with serving(echo) as (server, url):
        server.fault = Fault(lambda _: True)
        with pytest.raises(AnswerLost) as failed:
            await Session(url, allow_private=ALLOWED).request("GET", "/")
        assert failed.value.problem.code == "answer_broken"
        assert len(server.requests) == 1


async def test_a_silent_server_is_lost_after_the_timeout() -> None:
    async def silent(request: Request) -> Reply:
        await asyncio.sleep(60)
        return Reply()

    async with serving(silent) as (_, url):
        with pytest.raises(AnswerLost) as failed:
            await Session(url, allow_private=ALLOWED, timeout=0.2).request("POST", "/", json={})
        assert failed.value.problem.code == "answer_timeout"


async def test_a_full_pool_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "PER_ORIGIN", 1)
    started = asyncio.Event()

    async def slow(request: Request) -> Reply:
        started.set()
        await asyncio.sleep(60)
        return Reply()

    async with serving(slow) as (server, url):
        first = asyncio.create_task(Session(url, allow_private=ALLOWED, timeout=30).request("POST", "/"))
        await started.wait()
        with pytest.raises(NotSent) as failed:
            await Session(url, allow_private=ALLOWED, timeout=0.2).request("POST", "/")
        assert failed.value.problem.code == "host_busy"
        assert len(server.requests) == 1
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first


async def test_a_cut_answer_is_lost() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"id":')
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    with pytest.raises(AnswerLost):
        await Session(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", allow_private=ALLOWED).request(
            "GET", "/"
        )
    server.close()


@pytest.mark.parametrize("packed", [False, True])
async def test_an_answer_that_is_too_large_is_not_read(packed: bool) -> None:
    """Also when it is small until it is unpacked."""
    body = b"x" * 5_000_000
    reply = Reply(200, gzip.compress(body), {"Content-Encoding": "gzip"}) if packed else Reply(200, body)

    async def large(request: Request) -> Reply:
        return reply

    async with serving(large) as (_, url):
        with pytest.raises(AnswerLost) as failed:
            await Session(url, allow_private=ALLOWED).request("GET", "/")
        assert failed.value.problem.code == "answer_too_large"


async def test_a_packed_answer_is_read() -> None:
    async def packed(request: Request) -> Reply:
        return Reply(200, gzip.compress(b'{"a": 1}'), {"Content-Encoding": "gzip"})

    async with serving(packed) as (_, url):
        assert (await Session(url, allow_private=ALLOWED).request("GET", "/")).json() == {"a": 1}


async def test_credentials_go_home_only() -> None:
    async with serving(echo) as (home, home_url), serving(echo) as (away, away_url):
        session = Session(home_url, {"token": "token-0123456789"}, allow_private=ALLOWED)
        session.use_bearer("token-0123456789")
        await session.request("GET", "/x")
        await session.request("GET", f"{away_url}/x")
        await session.request("GET", "/x", authorized=False)
    assert [request.headers.get("authorization") for request in home.requests] == ["Bearer token-0123456789", None]
    assert "authorization" not in away.requests[0].headers


async def test_quotas_are_read_from_every_answer() -> None:
    async def limited(request: Request) -> Reply:
        return Reply(200, {}, {"X-Left": request.path[1:]})

    def read(answer: Response) -> list[Quota]:
        return [Quota("all", remaining=int(answer.headers["x-left"]))]

    async with serving(limited) as (_, url):
        session = Session(url, allow_private=ALLOWED, read_quotas=read)
        await session.request("GET", "/9")
        await session.request("GET", "/8")
    assert session.quotas == {"all": Quota("all", remaining=8)}


async def test_evidence_is_short_and_has_times() -> None:
    async with serving(echo) as (_, url):
        session = Session(url, allow_private=ALLOWED)
        await session.request("POST", "/a", json={"text": "x" * 9000}, irreversible=True)
    (exchange,) = session.exchanges
    assert exchange["method"] == "POST"
    assert exchange["status"] == 200
    assert exchange["irreversible"] is True
    assert len(exchange["sent"]) <= 501
    assert len(exchange["body"]) <= 501
    assert abs((datetime.fromisoformat(exchange["at"]) - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": ', b"\xff"])
def test_an_unreadable_body_is_a_lost_answer(body: bytes) -> None:
    with pytest.raises(AnswerLost):
        Response(200, {}, body, "https://example.org/").json()


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"id": 1}', b'{"id": 1, "url": null}'])
def test_an_object_without_its_members_is_a_lost_answer(body: bytes) -> None:
    with pytest.raises(AnswerLost):
        read_object(Response(200, {}, body, "https://example.org/"), "id", "url")


def test_runs_from_synchronous_code_and_leaves_nothing_open() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    async def work() -> int:
        task = asyncio.create_task(Session(url, allow_private=ALLOWED).request("GET", "/"))
        connection, _ = await asyncio.to_thread(listener.accept)
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        accepted.append(connection)
        return (await task).status

    accepted: list[socket.socket] = []
    assert run_blocking(work) == 204
    accepted[0].settimeout(5)
    data = b"x"
    while data:
        data = accepted[0].recv(65_536)  # ends with the closing of the connection, else times out
    accepted[0].close()
    listener.close()
