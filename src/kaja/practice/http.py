"""Requests, answers and routes: as much of HTTP as the practice network needs above uvicorn."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, unquote

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

JSON = b"application/json"
HTML = b"text/html; charset=utf-8"
MAX_BODY = 50 * 1024 * 1024


def gettext_noop(message: str) -> str:
    """Mark a message that the pages show for translation."""
    return message


class Drop(Exception):
    """Close the connection without an answer."""


class Refusal(Exception):
    """An answer that is not a success: a status, a code for machines, a sentence for people, the field it is about."""

    def __init__(self, status: int, code: str, message: str, field: str = "", retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field
        self.retry_after = retry_after


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol; the application also gets the transport, so that it can drop a connection."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"]["transport"] = self.transport


class Request:
    """One call. Header names are lower case."""

    def __init__(self, scope: dict[str, Any], body: bytes) -> None:
        self.scope = scope
        self.body = body
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.parts: tuple[str, ...] = ()
        """What stood in the places of the route, percent-decoded."""

    def header(self, name: bytes) -> str:
        return self.headers.get(name, b"").decode("latin-1")

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    @cached_property
    def cookies(self) -> dict[str, str]:
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.header(b"cookie")).items()}
        except CookieError:
            return {}

    def json(self) -> dict[str, Any]:
        """The body as an object; anything else is refused."""
        try:
            value = json.loads(self.body or b"{}")
        except ValueError:
            raise Refusal(400, "bad_json", "The body is not JSON.") from None
        if not isinstance(value, dict):
            raise Refusal(400, "bad_json", "The body must be a JSON object.")
        return value

    def origin(self) -> str:
        """The address that the caller used."""
        return f"{self.scope['scheme']}://{self.header(b'host')}"


@dataclass(slots=True)
class Response:
    """An answer with its whole body."""

    status: int = 200
    body: bytes = b""
    type: bytes = JSON
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def answer(value: Any, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(status, _encode(value).encode())


Handler = Callable[[Request], Awaitable[Response]]


class Routes:
    """Handlers by method and path; `*` stands for one part of a path."""

    def __init__(self) -> None:
        self._exact: dict[tuple[str, str], Handler] = {}
        self._patterns: dict[tuple[str, int], list[tuple[tuple[str, ...], Handler]]] = {}

    def add(self, method: str, path: str, handler: Handler) -> None:
        if "*" not in path:
            self._exact[method, path] = handler
            return
        parts = tuple(path.split("/"))
        self._patterns.setdefault((method, len(parts)), []).append((parts, handler))

    def find(self, request: Request) -> Handler | None:
        """The handler; sets the request's parts."""
        method = "GET" if request.method == "HEAD" else request.method
        if handler := self._exact.get((method, request.path)):
            return handler
        # The raw path is split, so that an encoded slash stays inside its part.
        given = request.scope["raw_path"].decode("ascii").split("/")
        for pattern, handler in self._patterns.get((method, len(given)), ()):
            if all(want in ("*", have) for want, have in zip(pattern, given, strict=True)):
                request.parts = tuple(unquote(h) for w, h in zip(pattern, given, strict=True) if w == "*")
                return handler
        return None


class Application:
    """The ASGI application over the routes."""

    def __init__(
        self,
        routes: Routes,
        refused: Callable[[Request, Refusal], Response],
        check: Callable[[Request], None],
    ) -> None:
        self.routes = routes
        self.refused = refused
        self.check = check

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        try:
            response = await self._respond(scope, receive)
        except Drop:
            transport: asyncio.Transport = scope["state"]["transport"]
            transport.abort()
            await asyncio.sleep(0)  # the protocol learns of it before uvicorn looks for an answer
            return
        if response is None:
            return
        body = response.body
        headers = [
            (b"content-type", response.type),
            (b"content-length", str(len(body)).encode()),
            *response.headers,
        ]
        await send({"type": "http.response.start", "status": response.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _respond(self, scope: dict[str, Any], receive: Any) -> Response | None:
        event = await receive()
        body = event.get("body", b"")
        if event.get("more_body"):
            chunks = [body]
            size = len(body)
            while event.get("more_body"):
                event = await receive()
                if event["type"] == "http.disconnect":
                    return None
                chunks.append(event.get("body", b""))
                size += len(chunks[-1])
                if size > MAX_BODY:
                    chunks.clear()
            body = b"".join(chunks)
            if size > MAX_BODY:
                refusal = Refusal(413, "too_large", f"At most {MAX_BODY // 2**20} MB are taken.", "media")
                return self.refused(Request(scope, b""), refusal)
        request = Request(scope, body)
        try:
            self.check(request)
            handler = self.routes.find(request)
            if handler is None:
                raise Refusal(404, "not_found", gettext_noop("There is nothing at this address."))
            return await handler(request)
        except Refusal as refusal:
            return self.refused(request, refusal)
