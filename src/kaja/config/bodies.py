"""Requests whose body is too large, or finds no room on the disk: answered in words before any view is asked.

Django's handler keeps every body in a temporary file first and lets an error there end as a bare "Internal Server
Error"; see `django.core.handlers.asgi.ASGIHandler.handle`, Django 5.2.
"""

import io
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation

from kaja.api.problems import problem_response
from kaja.config.connections import end_database_work
from kaja.config.outage import server_error
from kaja.content.media import refusals, videos

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST = videos.MAX_BYTES + 1_000_000
"""Bytes of a body: the largest file, and room for the form around it."""


class _TooLarge(Exception):
    """More came than any file may have. `size` in bytes, as far as it is known."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.size = size


class _Body:
    """What the client sends: counted, and known to the end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._size = 0
        self._ended = False

    async def __call__(self) -> Message:
        message = await self._receive()
        self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        self._size += len(message.get("body", b""))
        if self._size > LARGEST:
            raise _TooLarge(self._size)
        return message

    async def read_away(self) -> None:
        """Take the rest without keeping it: a browser that is still sending hears no answer."""
        while not self._ended:
            message = await self._receive()
            self._ended = message["type"] == "http.disconnect" or not message.get("more_body", False)


class Application(ASGIHandler):
    """Django's handler with a bound on bodies and an answer for a full disk."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive)
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        say: Callable[[HttpRequest], HttpResponse]
        try:
            if (length := _length(scope)) > LARGEST:
                raise _TooLarge(length)
            await super().handle(scope, body, watched)
            return
        except _TooLarge as error:
            say = partial(too_large, size=error.size)
        except OSError as error:
            # Only the body's temporary file is touched outside of Django's own net.
            if begun:
                raise
            say = partial(no_room, error=error)
        await body.read_away()
        request = self.request_class(scope, io.BytesIO())
        with translation.override(translation.get_language_from_request(request)):
            response = say(request)
        await self.send_response(response, send)

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        await end_database_work(and_thread=response.streaming)
        await super().send_response(response, send)


def _length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


def no_room(request: HttpRequest, error: OSError) -> HttpResponse:
    """The answer to a body that could not be kept."""
    try:
        raise error
    except OSError:
        return server_error(request)  # reads the exception that is being handled


def too_large(request: HttpRequest, size: int) -> HttpResponse:
    """The answer to a body over `LARGEST`, which was not kept."""
    refused = refusals.body_too_large(size, videos.MAX_BYTES)
    [problem] = refused.problems
    if request.path.startswith("/api/"):
        return problem_response(refused.status, [problem])
    return HttpResponse(render_to_string("errors/413.html", {"bare": True, "problem": problem}), status=refused.status)
