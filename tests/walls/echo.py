"""A server that stands between Kaja and the practice network and, when it is told to, shouts back what it was sent.

Errors of real servers quote requests: a debug page with headers, an error with the body, a redirect with the query.
"""

import contextlib
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit


class EchoServer:
    """`mode`: pass (to the target), 500, 401, 429, 302, garbage (200 with no JSON), cut (half an answer), hang (never
    answers), drip (begins to answer and goes on a byte at a time).

    What `answers` holds for a path is answered in every mode.
    """

    def __init__(self, target: str = "") -> None:
        self.target, self.mode, self.served = target, "pass", 0
        self.answers: dict[str, Any] = {}
        self._closing = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                outer.served += 1
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if (known := outer.answers.get(urlsplit(self.path).path)) is not None:
                    outer.answer(self, known)
                elif outer.mode == "pass":
                    outer.forward(self, body)
                elif outer.mode in ("hang", "drip"):
                    outer.keep_waiting(self)
                else:
                    outer.shout(self, body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = handle_any  # noqa: N815 - the names that it calls

            def log_message(self, *arguments: Any) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, handler: BaseHTTPRequestHandler, known: Any) -> None:
        content = json.dumps(known).encode()
        handler.send_response_only(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def forward(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        there = urlsplit(self.target)
        connection = http.client.HTTPConnection(there.hostname or "", there.port, timeout=120)
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "host"}
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        handler.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in {"content-length", "transfer-encoding", "connection"}:
                handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)
        connection.close()

    def keep_waiting(self, handler: BaseHTTPRequestHandler) -> None:
        """Hold the connection open until the test is over."""
        with contextlib.suppress(OSError):
            if self.mode == "drip":
                handler.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n"
                )
            while not self._closing.wait(0.1):
                if self.mode == "drip":
                    handler.wfile.write(b" ")
        handler.close_connection = True

    def shout(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        sent = {**dict(handler.headers.items()), "line": handler.requestline, "body": body.decode(errors="replace")}
        text = json.dumps({"error": "failed", "message": f"cannot serve {sent}", "error_description": str(sent)})
        one_line = str(sent).replace("\r", " ").replace("\n", " ")
        content = text.encode() if self.mode != "garbage" else f"<h1>{one_line}</h1>".encode()
        status = {"garbage": 200, "cut": 500}.get(self.mode) or int(self.mode)
        handler.send_response_only(status, handler.headers.get("Authorization", "said nothing")[:100])
        for name in ("Server", "X-Request-Id", "X-RateLimit-Reset", "Retry-After", "Location", "WWW-Authenticate"):
            value = one_line if name != "Location" else f"{self.url}/again?token={handler.headers.get('Authorization')}"
            handler.send_header(name, value[:2000])
        handler.send_header("Content-Type", "text/html" if self.mode == "garbage" else "application/json")
        handler.send_header("Content-Length", str(len(content) * (2 if self.mode == "cut" else 1)))
        handler.end_headers()
        handler.wfile.write(content)
        handler.close_connection = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(120)
