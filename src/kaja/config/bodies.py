"""Requests whose body is too large, or finds no room on the disk: answered in words before any view is asked.

Django's handler keeps every body in a temporary file first and lets an error there end as a bare "Internal Server
Error"; see `django.core.handlers.asgi.ASGIHandler.handle`, Django 5.2.
"""

import io
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from kaja.api.problems import problem_response
from kaja.config.outage import server_error
from kaja.content.media import refusals, videos

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST = videos.MAX_BYTES + 1_000_000
"""Bytes of a body: the largest file, and room for the form around it."""


class Application(ASGIHandler):
    """Django's handler with a bound on bodies and an answer for a full disk."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _length(scope) > LARGEST:
            await _read_away(receive)
            await self._answer(scope, send, too_large)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await super().handle(scope, receive, watched)
        except OSError:
            # Only the body's temporary file is touched outside of Django's own net.
            if begun:
                raise
            await _read_away(receive)
            await self._answer(scope, send, server_error)

    async def _answer(self, scope: Scope, send: Send, say: Callable[[HttpRequest], HttpResponse]) -> None:
        request = self.request_class(scope, io.BytesIO())
        with translation.override(translation.get_language_from_request(request)):
            response = say(request)
        await self.send_response(response, send)


def _length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0


async def _read_away(receive: Receive) -> None:
    """Take the rest of the body without keeping it: a browser that is still sending hears no answer."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return


def too_large(request: HttpRequest) -> HttpResponse:
    """The answer to a body over `LARGEST`, which was not kept."""
    size = int(request.META.get("CONTENT_LENGTH") or 0)
    [problem] = refusals.body_too_large(size, videos.MAX_BYTES).problems
    if request.path.startswith("/api/"):
        return problem_response(413, [problem])
    return HttpResponse(render_to_string("errors/413.html", {"bare": True, "problem": problem}), status=413)
