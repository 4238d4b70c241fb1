"""A proxy of the environment: `kaja doctor` says whether it can be used, and nothing of our own goes through it."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from kaja.cli.checks.findings import Level
from kaja.cli.checks.services import check_outgoing
from kaja.cli.nearby import open_nearby


@pytest.fixture(autouse=True)
def _no_proxy_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_the_doctor_says_whether_the_proxy_can_be_used(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    assert list(check_outgoing()) == []
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:secret-word@127.0.0.1:{proxy.getsockname()[1]}")
        [good] = check_outgoing()
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{unused_tcp_port}")
    [down] = check_outgoing()
    monkeypatch.setenv("HTTPS_PROXY", "socks5://127.0.0.1:1080")
    [unusable] = check_outgoing()
    assert [good.level, down.level, unusable.level] == [Level.OK, Level.BROKEN, Level.BROKEN]
    assert "secret-word" not in good.found
    assert down.fix
    assert unusable.fix


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *ignored: object) -> None:
        """Nothing on the terminal."""


def test_our_own_parts_are_asked_directly(monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int) -> None:
    """`kaja up` waits for its web server; where the environment names a proxy it would wait for that."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{unused_tcp_port}")
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with open_nearby(f"http://127.0.0.1:{server.server_port}/healthz") as answer:
                assert answer.read() == b"ok"
        finally:
            server.shutdown()
            thread.join()
