"""Where the internet is reached through a proxy only, networks are called through it."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import uvloop

from kaja.networks.kit.http import AnswerLost, HostRefused, NotSent, Session, close_pools
from kaja.networks.kit.proxies import Proxies, Proxy
from tests.networks.kit.test_http import make_tls

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
TUNNEL = b"HTTP/1.1 200 Connection established\r\n\r\n"


class SmallProxy:
    """A real CONNECT proxy. `greeting` is what it answers; `leads_to` is the port of the one host that it knows."""

    def __init__(self, leads_to: int = 0, greeting: bytes = TUNNEL) -> None:
        self.leads_to, self.greeting = leads_to, greeting
        self.heads: list[str] = []
        self.passed = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(self.greeting)
            await writer.drain()
            if self.greeting == TUNNEL:
                there, to = await asyncio.open_connection("127.0.0.1", self.leads_to)
                await asyncio.gather(self._pass(reader, to), self._pass(there, writer))
        writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.passed += data
            writer.write(data)
            await writer.drain()
        writer.close()


class Target:
    """A network behind the proxy; an empty answer ends the connection."""

    def __init__(self, answer: bytes = OK) -> None:
        self.answer = answer
        self.heads: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
                if not self.answer:
                    break
                writer.write(self.answer)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def listening(serve: SmallProxy | Target, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve.serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def public(host: str, port: int) -> list[str]:
    return ["93.184.216.34"]


async def unknown(host: str, port: int) -> list[str]:
    raise OSError("only the proxy knows the name")


@asynccontextmanager
async def through(monkeypatch: pytest.MonkeyPatch, proxy: SmallProxy, credentials: str = "") -> AsyncIterator[int]:
    """The operator's environment names this proxy."""
    async with listening(proxy) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://{credentials}127.0.0.1:{port}")
        yield port
        await close_pools()


@pytest.mark.parametrize("resolve", [public, unknown])
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_calls_go_through_the_proxy(
    run: object, resolve: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Encrypted to the network: the proxy sees where to, and who asks it, but nothing of the call."""

    async def work() -> None:
        target = Target()
        tls = make_tls(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        async with listening(target, tls) as port:
            proxy = SmallProxy(port)
            async with through(monkeypatch, proxy, "kaja:p%40ss@"):
                session = Session("https://kaja.test", resolve=resolve)  # type: ignore[arg-type]
                session.use_bearer("t0ken-0123456789")
                for number in range(2):
                    answer = await session.request("POST", "/x", json={"n": number}, irreversible=True)
                    assert answer.content == b"{}"
        [asked] = proxy.heads
        assert asked.startswith("CONNECT kaja.test:443 HTTP/1.1\r\nHost: kaja.test:443\r\n"), "one way for both calls"
        assert "Proxy-Authorization: Basic a2FqYTpwQHNz\r\n" in asked
        assert len(target.heads) == 2
        assert all("\r\nHost: kaja.test\r\n" in head for head in target.heads)
        assert not any("Proxy-Authorization" in head for head in target.heads)
        assert b"t0ken" not in proxy.passed
        assert b"POST" not in proxy.passed
        assert "p%40ss" not in repr(session.exchanges)

    run(work())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("greeting", "code"),
    [
        (b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "proxy_refused"),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "proxy_refused"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n", "proxy_sign_in"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "proxy_refused"),
        (b"", "proxy_refused"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "proxy_refused"),
        (TUNNEL + b"HTTP/1.1 200 OK\r\n", "proxy_refused"),
    ],
)
async def test_a_proxy_that_does_not_lead_there_means_not_sent(
    greeting: bytes, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = SmallProxy(greeting=greeting)
    async with through(monkeypatch, proxy, "kaja:secret-word@"):
        session = Session("https://kaja.test", resolve=public)
        with pytest.raises(NotSent) as failed:
            await session.request("POST", "/x", irreversible=True)
    problem = failed.value.problem
    assert problem.code == code
    assert problem.fix
    assert "127.0.0.1:" in problem.text()
    assert "secret-word" not in problem.text() + repr(session.exchanges)
    assert len(proxy.heads) == 1
    assert proxy.passed == b""


async def test_a_proxy_that_is_down_means_not_sent(unused_tcp_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", f"127.0.0.1:{unused_tcp_port}")
    with pytest.raises(NotSent) as failed:
        await Session("https://kaja.test", resolve=public).request("POST", "/x")
    assert failed.value.problem.code == "proxy_unreachable"


@pytest.mark.parametrize("setting", ["socks5://127.0.0.1:1080", "https://127.0.0.1:3128", "http://", "http://a:b:c"])
async def test_a_setting_that_is_no_proxy_is_said(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Calling the network without it would be what the operator did not want."""
    monkeypatch.setenv("HTTPS_PROXY", setting)
    with pytest.raises(NotSent) as failed:
        await Session("https://kaja.test", resolve=public).request("POST", "/x")
    assert failed.value.problem.code == "proxy_unusable"


async def test_an_answer_that_breaks_off_behind_the_proxy_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, tls = Target(b""), make_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    async with listening(target, tls) as port, through(monkeypatch, SmallProxy(port)):
        with pytest.raises(AnswerLost):
            await Session("https://kaja.test", resolve=public).request("POST", "/x", irreversible=True)
    assert len(target.heads) == 1


async def test_who_answers_behind_the_proxy_must_be_who_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, tls = Target(), make_tls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    async with listening(target, tls) as port, through(monkeypatch, SmallProxy(port)):
        with pytest.raises(NotSent) as failed:
            await Session("https://other.test", resolve=public).request("POST", "/x")
    assert failed.value.problem.code == "host_tls"
    assert not target.heads


@pytest.mark.parametrize("url", ["https://10.0.0.5/", "https://169.254.169.254/", "https://inside.example/"])
async def test_what_is_known_to_lead_inside_does_not_reach_the_proxy(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def inside(host: str, port: int) -> list[str]:
        return ["10.0.0.5"]

    proxy = SmallProxy()
    async with through(monkeypatch, proxy):
        with pytest.raises(HostRefused) as refused:
            await Session(resolve=inside).request("GET", url)
    assert refused.value.problem.code == "host_private"
    assert not proxy.heads


async def test_hosts_of_this_machine_are_called_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The practice network stands beside Kaja."""
    target, proxy = Target(), SmallProxy()
    async with listening(target) as port, through(monkeypatch, proxy):
        answer = await Session(f"http://127.0.0.1:{port}", allow_private=("127.0.0.1",)).request("GET", "/x")
        assert answer.ok
    assert not proxy.heads


@pytest.mark.parametrize(
    ("no_proxy", "host", "direct"),
    [
        ("", "example.org", False),
        ("*", "example.org", True),
        ("example.org", "example.org", True),
        ("example.org", "www.example.org", True),
        (".example.org", "www.example.org", True),
        ("*.example.org", "www.example.org", True),
        ("example.org", "notexample.org", False),
        ("other.org, EXAMPLE.org", "example.org.", True),
        ("example.org:443", "example.org", True),
        ("example.org:8443", "example.org", False),
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.1.2.3", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("2.3", "10.1.2.3", False),
        ("[fd00::1]", "fd00::1", True),
        ("fd00::/8", "fd00::1", True),
        ("", "127.0.0.1", True),
        ("", "::1", True),
        ("", "localhost", True),
        (",, ,", "example.org", False),
    ],
)
def test_what_is_called_without_the_proxy(no_proxy: str, host: str, direct: bool) -> None:
    proxies = Proxies({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": no_proxy})
    assert (proxies.choose("https", host, 443) is None) is direct


def test_how_a_proxy_is_named() -> None:
    assert Proxies({}).choose("https", "example.org", 443) is None
    assert Proxies({"https_proxy": "p.example", "HTTPS_PROXY": "q.example"}).read() == Proxy("p.example", 80)
    assert Proxies({"ALL_PROXY": "http://[fd00::1]:8080"}).read().name == "[fd00::1]:8080"
    signed = Proxies({"HTTPS_PROXY": "http://me:secret@p.example:1"}).read()
    assert signed.authorization == "Basic bWU6c2VjcmV0"
    assert "bWU6" not in repr(signed)
    assert Proxies({"HTTP_PROXY": "http://p.example:1"}).choose("https", "example.org", 443) is None
