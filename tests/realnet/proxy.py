"""A TCP proxy that can lose an answer: the server accepts the request, the client never hears of it."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.server import Request


class Proxy:
    """In front of one HTTP server. `lose` names a request ("POST /path") whose answer is dropped, once."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lose: list[str] = []
        self.lost: list[str] = []
        self.requests: list[Request] = []
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, request: str) -> None:
        """Drop the answer to the next request whose first line starts so."""
        self._lose.append(request)

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(60)
            request = _read_message(client)
            if not request:
                return
            self.requests.append(_parse(request))
            line = request.split(b"\r\n", 1)[0].decode("latin-1")
            head, _, body = request.partition(b"\r\n\r\n")
            head = b"\r\n".join(part for part in head.split(b"\r\n") if not part.lower().startswith(b"connection:"))
            with socket.create_connection(self._target, 60) as server:
                server.sendall(head + b"\r\nConnection: close\r\n\r\n" + body)
                answer = b""
                while chunk := server.recv(65_536):
                    answer += chunk
            for wanted in self._lose:
                if line.startswith(wanted):
                    self._lose.remove(wanted)
                    self.lost.append(answer.split(b"\r\n", 1)[0].decode("latin-1"))
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # reset, no goodbye
                    return
            client.sendall(answer)


def _read_message(stream: socket.socket) -> bytes:
    """One HTTP/1.1 request with a Content-Length, or without a body."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = stream.recv(65_536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            length = int(value)
    while len(body) < length:
        chunk = stream.recv(65_536)
        if not chunk:
            return b""
        body += chunk
    return head + b"\r\n\r\n" + body


def _parse(message: bytes) -> Request:
    head, _, body = message.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    parts = urlsplit(target)
    return Request(method, parts.path, dict(parse_qsl(parts.query)), headers, body)


@contextmanager
def proxy_to(target: str) -> Iterator[Proxy]:
    """A proxy on a free loopback port; closed when the block is left."""
    proxy = Proxy(target)
    try:
        yield proxy
    finally:
        proxy.close()
