"""Hosts that a person types must not lead into the operator's own network."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.kit.egress import AnswerLost, Egress, HostRefused, NotSent, is_public, origin_of
from kaja.networks.kit.http import Session
from tests.conformance.server import Reply, Request, serving

SECRET = "s3cret-token-0123456789"


async def ok(request: Request) -> Reply:
    return Reply(200, {"path": request.path, "host": request.headers["host"]})


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://017700000001/",
        "https://0/",
        "https://10.1.2.3/",
        "https://100.64.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://172.16.0.1/",
        "https://192.168.1.1/",
        "https://198.18.0.1/",
        "https://224.0.0.1/",
        "https://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:8.8.8.8]/",
        "https://[::127.0.0.1]/",
        "https://[64:ff9b::10.0.0.1]/",
        "https://[2002:7f00:1::]/",
        "https://[2001:0:1::1]/",
        "https://[fc00::1]/",
        "https://[fe80::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[ff02::1]/",
        "https://[2001:db8::1]/",
        "https://localhost/",
        "https://localhost./",
        "https://user@example.org/",
        "https://user:password@example.org/",
        "https://example.org:80:80/",
        "https://example.org:99999/",
        "https:///path",
        "https://exa mple.org/",
        "https://exa\tmple.org/",
        "https://example.org\\@127.0.0.1/",
        "https://１２７.0.0.1/",
        "https://ⓛocalhost/",
        "http://example.org/",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:25/",
    ],
)
async def test_refuses_addresses_that_lead_inside(url: str) -> None:
    session = Session()
    with pytest.raises(HostRefused) as refused:
        await session.request("GET", url)
    assert "%(" not in refused.value.problem.text()
    assert refused.value.problem.fix
    assert session.exchanges[0]["failure"] == refused.value.problem.code


async def resolve_to(*addresses: str) -> list[str]:
    return list(addresses)


@pytest.mark.parametrize("inside", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"])
async def test_refuses_a_name_that_resolves_inside(inside: str) -> None:
    session = Session(resolve=lambda host, port: resolve_to("93.184.216.34", inside))
    with pytest.raises(HostRefused) as refused:
        await session.request("GET", "https://innocent.example/")
    assert refused.value.problem.code == "host_private"


async def test_the_checked_address_is_the_one_that_is_used() -> None:
    """A name that answers differently the second time gains nothing: it is asked once for each connection."""
    asked: list[str] = []

    async def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with serving(ok) as (_, url):
        port = url.rsplit(":", 1)[1]
        # The range is allowed, the name is not: what counts is the address, and it is checked for each connection.
        session = Session(allow_private=("127.0.0.0/8", "rebinding.example"), resolve=rebind)
        answer = await session.request("GET", f"http://rebinding.example:{port}/")
        assert answer.json()["host"] == f"rebinding.example:{port}", "the Host header is the name's"
        assert asked == ["rebinding.example"]

    egress = Egress(allow_private=("127.0.0.0/8",), resolve=rebind)
    with pytest.raises(HostRefused):
        await egress.addresses("rebinding.example", 443)
    assert len(asked) == 2


async def test_the_operator_can_allow_a_host_or_a_range() -> None:
    async with serving(ok) as (_, url):
        port = url.rsplit(":", 1)[1]
        for allowed, host in (("127.0.0.1", "127.0.0.1"), ("127.0.0.0/8", "127.0.0.1"), ("localhost", "localhost")):
            answer = await Session(allow_private=(allowed,)).request("GET", f"http://{host}:{port}/x")
            assert answer.json()["path"] == "/x"
        with pytest.raises(HostRefused):
            await Session(allow_private=("10.0.0.0/8", "other.example")).request("GET", f"https://127.0.0.1:{port}/")


async def test_a_redirect_is_checked_again() -> None:
    async def redirect(request: Request) -> Reply:
        return Reply(302, b"", {"Location": request.query["to"]})

    async with serving(redirect) as (server, url):
        session = Session(url, allow_private=("127.0.0.1",))
        for target in (
            "https://169.254.169.254/",
            "http://localhost:1/",
            "file:///etc/passwd",
            "//[::1]/",
            "https://0/",
        ):
            with pytest.raises(HostRefused):
                await session.request("GET", "/", params={"to": target})
        assert len(server.requests) == 5


async def test_a_redirect_carries_no_credentials_elsewhere() -> None:
    async with serving(ok) as (elsewhere, other_url):

        async def redirect(request: Request) -> Reply:
            if request.path == "/home":
                return Reply(200, {})
            return Reply(302, b"", {"Location": "/home" if request.path == "/near" else f"{other_url}/far"})

        async with serving(redirect) as (server, url):
            session = Session(url, {"token": SECRET}, allow_private=("127.0.0.1",))
            session.use_bearer(SECRET)
            assert (await session.request("GET", "/far")).status == 302, "who asks as somebody hears that it moved"
            assert not elsewhere.requests
            assert (await session.request("GET", "/near")).ok
            near = [request.headers.get("authorization") for request in server.requests]
            assert near == [f"Bearer {SECRET}"] * 3
            far = await session.request("GET", "/far", headers={"Cookie": "a=b"}, authorized=False)
            assert far.ok
    assert [request.headers.get("authorization") for request in elsewhere.requests] == [None]
    assert "cookie" not in elsewhere.requests[0].headers


async def test_a_post_is_not_redirected_and_loops_end() -> None:
    async def around(request: Request) -> Reply:
        return Reply(307, b"", {"Location": "/again"})

    async with serving(around) as (server, url):
        session = Session(url, allow_private=("127.0.0.1",))
        assert (await session.request("POST", "/", json={"a": 1})).status == 307
        assert len(server.requests) == 1
        with pytest.raises(AnswerLost) as failed:
            await session.request("GET", "/", redirects=2)
        assert failed.value.problem.code == "too_many_redirects"
        assert len(server.requests) == 4


async def test_a_name_that_does_not_exist_is_not_sent() -> None:
    async def nothing(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(NotSent) as failed:
        await Session(resolve=nothing).request("POST", "https://nowhere.example/")
    assert failed.value.problem.code == "host_not_found"


@given(st.ip_addresses())
def test_public_means_globally_reachable(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    """Never wider than the standard library's own reading of the registries."""
    if is_public(str(ip)) and ip not in ipaddress.IPv6Network("64:ff9b::/96"):
        assert ip.is_global
        assert not ip.is_multicast


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_origins_have_one_spelling() -> None:
    assert origin_of("https://Example.org/a") == origin_of("https://example.org:443/b") == "https://example.org:443"
    assert origin_of("http://[::1]:8/") == "http://[::1]:8"
    assert origin_of("https://example.org") != origin_of("http://example.org")
    assert origin_of("/path") == ""
