"""Taking a body: counted, in time, and no more than may be kept."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

IDLE_SECONDS = 30.0
"""The longest silence between two pieces."""
GRACE_SECONDS = 60.0
SLOWEST = 8_000
"""Bytes a second, on average, once GRACE_SECONDS are over: a film of 1 GB then takes a day and a half."""
READ_AWAY_BYTES, READ_AWAY_SECONDS = 32_000_000, 10.0
"""What is taken without being kept, of a sender who is refused: a browser that is still sending hears no answer."""


class TooLarge(Exception):
    """More came than may be sent. `size` and `most` in bytes, as far as they are known."""

    def __init__(self, size: int, most: int) -> None:
        super().__init__(size, most)
        self.size, self.most = size, most


class TooSlow(Exception):
    """The rest did not come in time."""


class Gone(Exception):
    """The sender went away before the end."""


class Body:
    """What one request sends."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._begun = time.monotonic()
        self.size = 0
        self.ended = False

    async def next(self, most: int) -> bytes:
        """The next piece; nothing at the end. Raises TooLarge, TooSlow, Gone."""
        while not self.ended:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    message = await self._receive()
            except TimeoutError:
                raise TooSlow from None
            if message["type"] == "http.disconnect":
                self.ended = True
                raise Gone
            piece = bytes(message.get("body", b""))
            self.ended = not message.get("more_body", False)
            self.size += len(piece)
            if self.size > most:
                raise TooLarge(self.size, most)
            if not self.ended and self.size < (time.monotonic() - self._begun - GRACE_SECONDS) * SLOWEST:
                raise TooSlow
            if piece:
                return piece
        return b""

    async def read_away(self) -> None:
        """Take the rest without keeping it, as long as that is not too much."""
        end, taken = time.monotonic() + READ_AWAY_SECONDS, 0
        try:
            while not self.ended and taken < READ_AWAY_BYTES:
                async with asyncio.timeout(max(0.0, end - time.monotonic())):
                    message = await self._receive()
                taken += len(message.get("body", b""))
                self.ended = message["type"] == "http.disconnect" or not message.get("more_body", False)
        except TimeoutError:
            return


def announced(scope: dict[str, Any]) -> int | None:
    """The length that the head says, or None when it says none."""
    for name, value in scope["headers"]:
        if name.lower() == b"content-length":
            return int(value) if value.isdigit() else None
    return None


def waits_for_leave(scope: dict[str, Any]) -> bool:
    """Whether the sender asked first, and sends nothing before it is told to (RFC 9110, section 10.1.1)."""
    return any(name.lower() == b"expect" for name, _ in scope["headers"])
