"""Link cards, from pages served on loopback and from hosts that must not be asked."""

import random
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kaja.border import ForeignTrouble
from kaja.content.links import fetch_card, read_bounded
from kaja.content.pages import parse_head
from kaja.kernel.problems import Refused
from kaja.networks.kit.http import Session
from tests.content.strange_pages import make_page

PAGES: dict[str, tuple[int, str, bytes]] = {
    "/og": (
        200,
        "text/html; charset=utf-8",
        b"<html><head><title>plain</title><meta property='og:title' content='Kevad &amp; kohv'>"
        b"<meta name=description content='Soe'><meta property=og:image content='/p.png'></head>",
    ),
    "/p.png": (200, "image/png", b"picture bytes"),
    "/old": (200, "text/html", "<meta charset='windows-1251'><title>Привет</title>".encode("windows-1251")),
    "/late": (
        200,
        "text/html",
        b"<head><script>" + b"let a = '<meta property=og:title content=no>';" * 15_000 + b"</script>"
        b"<meta property='og:title' content='Deep in the page'></head>" + b"<p>rest</p>" * 100_000,
    ),
    "/cdata": (200, "text/html", b"<![<!" * 100 + b"><title>Still a title</title>"),
    "/deep": (200, "text/html", b"<title>t</title>" + b"<div>" * 500_000),
    "/punycode": (200, "text/html; charset=punycode", b"<title>t</title>" + b"-a9" * 150_000),
    "/bare": (200, "text/html", b"<p>no head at all"),
    "/pdf": (200, "application/pdf", b"%PDF-"),
    "/gone": (404, "text/html", b"<title>Not found</title>"),
    "/huge": (200, "text/html", b"x" * 7_000_000),
    "/lost-picture": (200, "text/html", b"<title>t</title><meta property=og:image content='http://127.0.0.1:1/x'>"),
}


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/inwards":
            self.send_response(302)
            self.send_header("Location", "http://10.0.0.1/secret")
            self.end_headers()
            return
        status, kind, body = PAGES[self.path]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


async def fetch(url: str) -> tuple[str, str, bytes]:
    card, picture = await fetch_card(url, Session(allow_private=["127.0.0.1"]))
    return card.title, card.description, picture


async def test_open_graph_wins_and_the_picture_comes_along(site: str) -> None:
    assert await fetch(f"{site}/og") == ("Kevad & kohv", "Soe", b"picture bytes")


async def test_old_encodings_are_read(site: str) -> None:
    assert (await fetch(f"{site}/old"))[0] == "Привет"


async def test_a_lost_picture_does_not_lose_the_card(site: str) -> None:
    assert await fetch(f"{site}/lost-picture") == ("t", "", b"")


@pytest.mark.parametrize("path", ["/bare", "/pdf", "/gone"])
async def test_no_card_says_that_the_link_stays(site: str, path: str) -> None:
    with pytest.raises(Refused) as caught:
        await fetch(site + path)
    assert caught.value.problems[0].code == "link_card_none"


@pytest.mark.parametrize("path", ["/huge", "/inwards"])
async def test_bounds_hold(site: str, path: str) -> None:
    with pytest.raises(Refused) as caught:
        await fetch(site + path)
    assert caught.value.problems[0].message


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::1]/", "http://2130706433/", "file:///etc/passwd"])
async def test_hosts_inside_are_refused(url: str) -> None:
    with pytest.raises(Refused):
        await fetch_card(url, Session())


async def test_tags_far_into_a_large_page_are_found(site: str) -> None:
    assert (await fetch(f"{site}/late"))[0] == "Deep in the page"


async def test_markup_that_parsers_stumble_over_is_read_like_a_browser_does(site: str) -> None:
    assert (await fetch(f"{site}/cdata"))[0] == "Still a title"


async def test_a_page_that_costs_too_much_is_given_up_in_words(site: str) -> None:
    with pytest.raises(Refused) as caught:
        await fetch(f"{site}/deep")
    assert caught.value.problems[0].code == "link_card_unreadable"
    assert (await fetch(f"{site}/og"))[0] == "Kevad & kohv", "and the next page is read"


async def test_a_codec_that_only_python_has_is_not_used(site: str) -> None:
    assert (await fetch(f"{site}/punycode"))[0] == "t"


SEEDS = range(60)


@pytest.mark.parametrize("seed", SEEDS)
def test_any_bytes_give_bounded_text_or_a_reason(seed: int) -> None:
    content, kind = make_page(random.Random(seed))
    try:
        found = read_bounded(content, kind, "https://x.test/")
    except ForeignTrouble as trouble:
        if trouble.kind in ("time", "memory"):  # it may cost too much; anything else is a case nobody thought of
            return
        raise
    assert (len(found["title"]) <= 300, len(found["description"]) <= 1000) == (True, True)
    text = "".join(found.values())
    assert "\0" not in text
    text.encode()
    assert found["image_url"] == "" or found["image_url"].startswith(("http://", "https://"))


def test_pictures_of_other_schemes_are_left_out() -> None:
    for image in ("javascript:alert(1)", "data:text/html,x", "http://[::1", "//[", "file:///etc/passwd"):
        assert parse_head(f"<meta property=og:image content='{image}'>", "https://x.test/")["image_url"] == ""
