"""Link cards, from pages served on loopback and from hosts that must not be asked."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.content.links import fetch_card, parse_card
from kaja.networks.kit.http import Session
from kaja.workspaces.errors import Refused

PAGES: dict[str, tuple[int, str, bytes]] = {
    "/og": (
        200,
        "text/html; charset=utf-8",
        b"<html><head><title>plain</title><meta property='og:title' content='Kevad &amp; kohv'>"
        b"<meta name=description content='Soe'><meta property=og:image content='/p.png'></head>",
    ),
    "/p.png": (200, "image/png", b"picture bytes"),
    "/old": (200, "text/html", "<meta charset='windows-1251'><title>Привет</title>".encode("windows-1251")),
    "/bare": (200, "text/html", b"<p>no head at all"),
    "/pdf": (200, "application/pdf", b"%PDF-"),
    "/gone": (404, "text/html", b"<title>Not found</title>"),
    "/huge": (200, "text/html", b"x" * 4_000_000),
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


@given(st.text())
def test_any_text_parses_to_bounded_plain_values(html: str) -> None:
    card = parse_card(f"<title>{html}</title><meta name='description' content='{html}'>", "https://x.test/")
    assert len(card.title) <= 300
    assert len(card.description) <= 1000


def test_pictures_of_other_schemes_are_left_out() -> None:
    assert parse_card("<meta property=og:image content='javascript:alert(1)'>", "https://x.test/").image_url == ""
