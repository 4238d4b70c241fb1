"""`python -m kaja.practice --port 8100 --data DIR`: prints one READY line with its address, ends on SIGTERM."""

import argparse
import asyncio
import contextlib
import gc
import resource
import signal
import socket
import sys
from pathlib import Path

import uvicorn

from kaja.practice.application import create_application
from kaja.practice.guard import Guard, open_key
from kaja.practice.http import Protocol
from kaja.practice.player import Player
from kaja.practice.store import Store
from kaja.practice.story import MOODS


class Server(uvicorn.Server):
    """uvicorn, saying where it listens once it does."""

    address = ""
    player: Player

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.player.begin()
        print(f"READY {self.address}", flush=True)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind((host, port))
    return opened


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m kaja.practice", description="The practice network of Kaja")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder for posts and media")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--public-url", default="", help="address that visitors use, when it is another one")
    parser.add_argument("--also-host", action="append", default=[], help="a further name in requests' Host header")
    parser.add_argument(
        "--hook-url", default="", help="address that is told of what the audience says, with the key's signature"
    )
    parser.add_argument("--mood", choices=list(MOODS), default="off", help="how the audience is until one sets it")
    options = parser.parse_args(arguments)

    # Thousands of clients may wait for an answer at the same time.
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536) if hard > 0 else 65_536), hard))
    try:
        opened = listen(options.host, options.port)
    except OSError as error:
        print(f"Cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    store = Store(options.data.absolute())
    guard = Guard(open_key(store.folder), [options.host, *options.also_host], options.public_url)
    # What is stored stays for good; looking through all of it for garbage again and again would cost more than a post.
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    host = f"[{options.host}]" if ":" in options.host else options.host
    application, player = create_application(store, guard, options.public_url, options.hook_url, options.mood)
    config = uvicorn.Config(
        application,
        http=Protocol,
        ws="none",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=8192,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=5,
    )
    server = Server(config)
    server.player = player
    server.address = f"http://{host}:{opened.getsockname()[1]}"
    # uvicorn ends its work on these and raises them again; then they shall do nothing more.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    try:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(server.serve([opened]))
    finally:
        store.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
