"""Addresses in any script are called as servers know them and shown as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.networks.kit.addresses import is_same_host, parse_server, parse_url
from kaja.networks.kit.egress import origin_of
from kaja.networks.kit.http import HostRefused, Session
from kaja.networks.kit.iri import encode_host, show_host, to_uri
from tests.conformance.server import Reply, Request, serving


@pytest.mark.parametrize(
    ("typed", "called"),
    [
        ("https://кафе.рф", "https://xn--80akn5b.xn--p1ai"),
        ("https://blåhaj.space/@mari", "https://xn--blhaj-nra.space/@mari"),
        ("https://faß.example", "https://xn--fa-hia.example"),
        ("https://日本。example/", "https://xn--wgv71a.example/"),
        ("https://МОСКВА.рф:8443/", "https://xn--80adxhks.xn--p1ai:8443/"),
        ("https://example.org/меню на день?q=чай&b=1#я", "https://example.org/%D0%BC%D0%B5%D0%BD%D1%8E%20%D0%BD%D0%B0%20"
         "%D0%B4%D0%B5%D0%BD%D1%8C?q=%D1%87%D0%B0%D0%B9&b=1#%D1%8F"),
        ("https://example.org/%C3%A4/ä", "https://example.org/%C3%A4/%C3%A4"),
        ("https://example.org/a b", "https://example.org/a%20b"),
        ("https://example.org/a%2Fb?x=[1]&y='\"", "https://example.org/a%2Fb?x=[1]&y='\""),
    ],
)  # fmt: skip
def test_an_address_becomes_what_servers_know(typed: str, called: str) -> None:
    assert to_uri(typed) == called
    assert to_uri(called) == called


@pytest.mark.parametrize("host", ["☃.example", "a..ä", "ä" * 70 + ".example", "\u202eä.example", "-ä-.example"])
def test_what_is_no_name_is_a_value_error(host: str) -> None:
    with pytest.raises(ValueError):
        encode_host(host)


@given(st.text(max_size=40))
def test_whatever_is_typed_is_converted_or_refused(text: str) -> None:
    try:
        called = to_uri(f"https://{text}")
    except ValueError:
        return
    assert called.isascii()
    assert to_uri(called) == called or "\\" in called or " " in called


@pytest.mark.parametrize(
    ("host", "shown"),
    [
        ("xn--80akn5b.xn--p1ai", "кафе.рф"),
        ("xn--blhaj-nra.space", "blåhaj.space"),
        ("xn--wgv71a119e.jp", "日本語.jp"),
        ("xn--fa-hia.de", "faß.de"),
        ("xn--80ak6aa92e.com", "xn--80ak6aa92e.com"),  # apple in Cyrillic letters
        ("xn--pple-43d.com", "xn--pple-43d.com"),  # a Cyrillic a before pple
        ("xn--ggl-0nd0ab.com", "xn--ggl-0nd0ab.com"),
        ("xn--", "xn--"),
        ("xn--\N{BULLET}", "xn--\N{BULLET}"),
        ("example.org", "example.org"),
    ],
)
def test_a_name_is_shown_in_its_script_unless_it_can_be_mistaken(host: str, shown: str) -> None:
    assert show_host(host) == shown


def test_both_spellings_are_one_server() -> None:
    assert origin_of("https://кафе.рф") == origin_of("https://xn--80akn5b.xn--p1ai:443/x") != ""
    assert is_same_host("https://www.кафе.рф/a", "http://xn--80akn5b.xn--p1ai")
    assert parse_url("https://blåhaj.space/a b") is not None
    assert origin_of("https://[::1") == ""


async def test_the_one_door_calls_what_was_typed() -> None:
    async def handle(request: Request) -> Reply:
        if request.path == "/moved":
            return Reply(302, b"", {"Location": "/меню дня"})
        return Reply(200, {"path": request.path})

    async def resolve(host: str, port: int) -> list[str]:
        assert host == "xn--80akn5b.xn--p1ai"
        return ["127.0.0.1"]

    async with serving(handle) as (_, url):
        port = url.rsplit(":", 1)[1]
        session = Session(allow_private=("xn--80akn5b.xn--p1ai",), resolve=resolve)
        for path in ("меню дня", "moved"):
            answer = await session.request("GET", f"http://кафе.рф:{port}/{path}")
            assert answer.json()["path"] in ("/меню дня", "/%D0%BC%D0%B5%D0%BD%D1%8E%20%D0%B4%D0%BD%D1%8F")
        with pytest.raises(HostRefused):
            await session.request("GET", f"http://☃.рф:{port}/")


async def test_a_star_allows_every_host() -> None:
    async def handle(request: Request) -> Reply:
        return Reply(200, {})

    async with serving(handle) as (_, url):
        assert (await Session(allow_private=("*",)).request("GET", url)).ok
        with pytest.raises(HostRefused):
            await Session().request("GET", url)


@pytest.mark.parametrize(
    ("typed", "scheme", "address"),
    [
        (" example.org ", "https", "https://example.org"),
        ("example.org:8080/blog", "http", "http://example.org:8080/blog"),
        ("http://127.0.0.1:8080", "https", "http://127.0.0.1:8080"),
        ("[::1]:80", "https", "https://[::1]:80"),
        ("кафе.рф/меню", "https", "https://xn--80akn5b.xn--p1ai/%D0%BC%D0%B5%D0%BD%D1%8E"),
        *((odd, "https", None) for odd in ("", "https://", "ftp://example.org", "not a site", "a:b", "https://[::1")),
    ],
)
def test_a_server_is_read_as_people_write_it(typed: str, scheme: str, address: str | None) -> None:
    parts = parse_server(typed, scheme)
    assert (parts.geturl() if parts else None) == address
