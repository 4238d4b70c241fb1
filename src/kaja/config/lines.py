"""Lines to clients: whoever sends a request's head without end, or reads nothing of an answer, is let go.

uvicorn bounds only the time between two requests of a line. Bodies have bounds of their own (`config/bodies`).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 30.0
"""For a whole head; also for saying nothing after having called."""
STALLED_SECONDS = 600.0
"""The longest time in which nothing more of an answer is taken: some megabytes may lie on the way of a slow reader."""


class Line(HttpToolsProtocol):
    """One client's connection, with an end to waiting for it."""

    _head: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_waiting()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        if self._head is None:  # the first head is waited for since the call
            self._await_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None
        super().on_headers_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(STALLED_SECONDS, self._let_go)

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def _await_head(self) -> None:
        self._head = self.loop.call_later(HEAD_SECONDS, self._let_go)

    def _let_go(self) -> None:
        self._end_waiting()
        if self.transport is not None:
            self.transport.abort()

    def _end_waiting(self) -> None:
        for timer in (self._head, self._stalled):
            if timer is not None:
                timer.cancel()
        self._head = self._stalled = None
