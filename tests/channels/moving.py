"""A front before the practice network that can be told to send everybody elsewhere."""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class Front(ThreadingHTTPServer):
    """Passes calls on to `behind`; with `moved` set, answers every one with that status and the new address."""

    daemon_threads = True

    def __init__(self, behind: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.moved = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Front

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.moved:
            self.send_response(self.server.moved)
            self.send_header("Location", self.server.behind + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        parts = urlsplit(self.server.behind)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        connection.request(self.command, self.path, body or None, headers)
        told = connection.getresponse()
        content = told.read()
        self.send_response(told.status)
        for name, value in told.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815


@contextmanager
def front_of(behind: str) -> Iterator[Front]:
    front = Front(behind)
    thread = threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield front
    finally:
        front.shutdown()
        thread.join(20)
        front.server_close()
