"""Finding a site's interface where themes, plugins and hosts put it."""

from collections.abc import AsyncIterator

import pytest

from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.http import Session, close_pools
from kaja.networks.wordpress import CONNECTOR
from kaja.networks.wordpress.site import _keep_encrypted, discover, parse_site
from tests.conformance.server import Handler, Reply, Request, serving
from tests.needed import by_form

INDEX = {"namespaces": ["oembed/1.0", "wp/v2"], "authentication": {"application-passwords": {}}, "name": "A"}


@pytest.fixture(autouse=True)
async def _pools() -> AsyncIterator[None]:
    yield
    await close_pools()


def make_site(index_at: str, front: Reply) -> Handler:
    """A site whose index answers at one path (or as ?rest_route=/) and whose front page is `front`."""

    async def handle(request: Request) -> Reply:
        shown = "?rest_route=/" if request.query.get("rest_route") == "/" else request.path
        if shown == index_at:
            return Reply(200, INDEX)
        return front if request.path == "/" and not request.query else Reply(404, b"<html>not here")

    return handle


async def found_root(handler: Handler) -> str:
    async with serving(handler) as (_, url):
        root, index = await discover(url, Session(allow_private=("127.0.0.1",)))
    assert index == INDEX
    return root.removeprefix(url)


async def test_link_header_is_followed() -> None:
    link = {"Link": '</other>; rel="next", </api/>; rel="https://api.w.org/", </x>; rel=shortlink'}
    assert await found_root(make_site("/api/", Reply(200, b"<html>", link))) == "/api/"


async def test_link_tag_is_followed() -> None:
    page = b"<html><head><link rel='https://api.w.org/' href='/blog/wp-json/' /></head>"
    assert await found_root(make_site("/blog/wp-json/", Reply(200, page))) == "/blog/wp-json/"


@pytest.mark.parametrize("index_at", ["/wp-json/", "?rest_route=/"])
async def test_the_usual_places_are_tried(index_at: str) -> None:
    root = await found_root(make_site(index_at, Reply(200, b"<html>")))
    assert root.removeprefix("/") == index_at.removeprefix("/")


async def test_a_site_that_hides_its_front_page_is_still_found() -> None:
    assert await found_root(make_site("/wp-json/", Reply(403, b"<html>Members only"))) == "/wp-json/"


async def test_a_site_without_application_passwords_is_said() -> None:
    async def handle(request: Request) -> Reply:
        return Reply(200, {**INDEX, "authentication": []})  # an empty PHP array is a list in JSON

    async with serving(handle) as (_, url):
        form = {"site": url, "username": "a", "password": "b c d e"}
        with pytest.raises(ConnectRefused) as refused:
            await by_form(CONNECTOR).connect(form, {}, Session(allow_private=("127.0.0.1",)))
    assert (refused.value.problem.code, refused.value.problem.field) == ("application_passwords_off", "site")


async def test_a_private_host_is_refused_before_anything_is_sent() -> None:
    async with serving(make_site("/wp-json/", Reply(200, b""))) as (server, url):
        with pytest.raises(ConnectRefused) as refused:
            await by_form(CONNECTOR).connect({"site": url, "username": "a", "password": "b"}, {}, Session())
        assert server.requests == []
    assert refused.value.problem.field == "site"


@pytest.mark.parametrize(
    ("typed", "site"),
    [
        ("example.org", "https://example.org"),
        (" https://example.org/ ", "https://example.org"),
        ("https://example.org/blog/wp-admin/profile.php", "https://example.org/blog"),
        ("http://127.0.0.1:8080/wp-login.php", "http://127.0.0.1:8080"),
        ("example.org/wp-json/", "https://example.org"),
    ],
)
def test_addresses_are_read_as_people_write_them(typed: str, site: str) -> None:
    assert parse_site(typed) == site


@pytest.mark.parametrize("typed", ["", "ftp://example.org", "https://", "not a site", "https://[::1"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(ConnectRefused) as refused:
        parse_site(typed)
    assert refused.value.problem.field == "site"


@pytest.mark.parametrize(
    ("root", "kept"),
    [
        ("http://a.example/wp-json/", "https://a.example/wp-json/"),
        ("https://a.example/wp-json/", "https://a.example/wp-json/"),
        ("http://b.example/wp-json/", "http://b.example/wp-json/"),
    ],
)
def test_a_site_cannot_talk_kaja_out_of_encryption(root: str, kept: str) -> None:
    """The other host stays http, which the session then refuses."""
    assert _keep_encrypted(root, "https://a.example") == kept
