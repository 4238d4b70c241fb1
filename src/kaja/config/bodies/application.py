"""Django's handler with its own way of taking bodies, and with answers before any view is asked.

Django keeps every body in a temporary file first, whoever sends it and however much it is, and lets an error there end
as a bare "Internal Server Error"; see `django.core.handlers.asgi.ASGIHandler.handle`, Django 5.2. Here a body is
bounded by its address and its sender (`limits`), small ones stay in memory, and files are written as they come
(`uploads`).
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.http.multipartparser import MultiPartParserError
from django.utils import translation

from kaja.config.bodies import answers
from kaja.config.bodies.limits import BARE, SMALL, Allowed, find_allowed, is_bare
from kaja.config.bodies.reading import Body, Gone, Message, Receive, TooLarge, TooSlow, announced, waits_for_leave
from kaja.config.bodies.uploads import Form, TooManyUploads, Turn, take_form
from kaja.config.connections import end_database_work

Scope = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]
FORM = "kaja.form"
"""In the scope: the form that was read while it came in."""


class _Taken:
    """What comes after the body: only that the client went away."""

    def __init__(self, receive: Receive, content: IO[bytes]) -> None:
        self._receive, self.content = receive, content

    async def __call__(self) -> Message:
        return await self._receive()


class Request(ASGIRequest):
    """A request whose form may have been read already."""

    def __init__(self, scope: Scope, body_file: IO[bytes]) -> None:
        super().__init__(scope, body_file)
        if form := scope.get(FORM):
            self._post, self._files = form


class Application(ASGIHandler):
    """Every request of the web server."""

    request_class = Request

    def __init__(self) -> None:
        super().__init__()
        Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir(parents=True, exist_ok=True)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = Body(receive)
        say: Callable[[HttpRequest], HttpResponse]
        try:
            content = await self._take(scope, body)
        except Gone:
            return
        except TooLarge as error:
            say = partial(answers.too_large, size=error.size, most=error.most)
        except TooSlow:
            say = answers.too_slow
        except TooManyUploads:
            say = answers.too_many
        except Exception as error:  # noqa: BLE001 - no room, no database: said like every outage
            say = partial(answers.failed, error=error)
        else:
            await super().handle(scope, _Taken(receive, content), send)
            return
        if not waits_for_leave(scope):
            await body.read_away()
        request = ASGIRequest(scope, io.BytesIO())
        with translation.override(translation.get_language_from_request(request)):
            response = say(request)
        if not body.ended:
            response["Connection"] = "close"  # what still comes is nobody's
        await self.send_response(response, send)

    async def _take(self, scope: Scope, body: Body) -> IO[bytes]:
        """The body, in memory; what is an upload is read as a form into the scope instead."""
        length = announced(scope)
        if is_bare(scope):
            allowed = Allowed(BARE)
        elif length is not None and length <= SMALL:
            allowed = Allowed(SMALL)
        else:
            allowed = await asyncio.to_thread(find_allowed, scope)
        if not allowed.person:
            Turn.asked = time.monotonic()
        if length is not None and length > allowed.most:
            raise TooLarge(length, allowed.most)
        if allowed.person:
            scope[FORM] = await self._take_form(scope, body, allowed, length or 0)
            return io.BytesIO()
        content = io.BytesIO()
        while piece := await body.next(allowed.most):
            content.write(piece)
        content.seek(0)
        return content

    async def _take_form(self, scope: Scope, body: Body, allowed: Allowed, length: int) -> Form:
        meta = ASGIRequest(scope, io.BytesIO()).META
        try:
            return await take_form(meta, body, allowed.most, length, allowed.person)
        except SuspiciousOperation as error:  # more or larger fields than Django takes
            raise TooLarge(body.size, settings.DATA_UPLOAD_MAX_MEMORY_SIZE) from error
        except MultiPartParserError:
            # Not a form: Django says so when it finds nothing where it expects one.
            while await body.next(allowed.most):
                pass
            return cast(Form, None)

    async def read_body(self, receive: Receive) -> IO[bytes]:
        assert isinstance(receive, _Taken)
        return receive.content

    async def send_response(self, response: HttpResponseBase, send: Send) -> None:
        await end_database_work(and_thread=response.streaming)
        await super().send_response(response, send)
