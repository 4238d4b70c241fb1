"""A server of somebody else's that has pictures."""

import asyncio
import threading

from tests.conformance.server import FaultyServer, Reply, Request


class Outside:
    """A server that has pictures, in a thread of its own."""

    def __init__(self) -> None:
        self.bodies: dict[str, Reply] = {}
        self._loop = asyncio.new_event_loop()
        self._server = FaultyServer(self._answer)
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.url = asyncio.run_coroutine_threadsafe(self._server.start(), self._loop).result(120)

    async def _answer(self, request: Request) -> Reply:
        return self.bodies.get(request.path, Reply(404))

    def put(self, path: str, content: bytes, mime: str = "image/png", status: int = 200) -> str:
        self.bodies[path] = Reply(status, content, {"Content-Type": mime})
        return self.url + path

    @property
    def asked(self) -> list[str]:
        return [request.path for request in self._server.requests]

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(120)
        self._loop.close()
