"""How the pages of twenty people fare beside what keeps a server busy: `make bench`, or `python -m benchmarks.pages`.

Starts Kaja with one web process on a data folder of its own. Twenty people look at pages and save drafts, first alone,
then beside 1,000 open pages with live streams, 200 slow readers of a large film, 50 silent networks that are being
connected, and 20 uploads of 500 MB at once. What each of these takes from them is a ratio within the run. The load is
made by another process, on the same machine: its processor time is taken from them, too.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import random
import resource
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks.startup import first_page, memory
from kaja.kernel.postgres import free_port

PEOPLE, WORKSPACES, POSTS = 20, 10, 200
PAGES, READERS, NETWORKS, UPLOADS, UPLOAD_BYTES = 1000, 200, 50, 20, 500_000_000
SECONDS = 30.0
THINKS = 3.0
"""Seconds between two pages of one person, on average."""
RATIO_ALLOWED = 2.0
WEB_MB_ALLOWED, WORKER_MB_ALLOWED = 450.0, 280.0
"""At the highest, under load."""
POOL = 10
KINDS = ("pages", "readers", "networks", "uploads")

SEED = """
import io, json, struct, sys
from django.test import Client
from django.conf import settings
from kaja.api.tokens import create_token
from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.media.upload import upload_asset
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces.models import Member, Role, User, Workspace
from kaja.workspaces.queries import actor_of
import av
from PIL import Image
people, workspaces, posts = map(int, sys.argv[1:4])
out = io.BytesIO()
with av.open(out, "w", format="mp4") as target:
    stream = target.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for n in range(20):
        target.mux(stream.encode(av.VideoFrame.from_image(Image.new("RGB", (64, 48), (n * 10, 90, 0)))))
    target.mux(stream.encode(None))
film = out.getvalue()
made = {"film": film.hex(), "people": [], "posts": []}
spaces = []
with system_scope(SystemPurpose.CREATE_WORKSPACE):
    for n in range(workspaces):
        spaces.append(Workspace.objects.create(name=f"Team {n}", slug=f"team-{n}", time_zone="Europe/Tallinn"))
users = [User.objects.create_user(f"p{n}@bench.test", "a long bench password") for n in range(people)]
for n, user in enumerate(users):
    for space in (spaces[0], spaces[n % workspaces]) if n % workspaces else (spaces[0],):
        with system_scope(SystemPurpose.CREATE_WORKSPACE):
            Member.objects.create(workspace=space, user=user, role=Role.CURATOR)
for n, user in enumerate(users):
    client = Client()
    client.force_login(user)
    with system_scope(SystemPurpose.SIGN_IN):
        member = Member.objects.select_related("workspace").get(user=user, workspace=spaces[n % workspaces])
    actor = actor_of(member, user)
    with workspace_scope(member.workspace.id):
        secret = create_token(actor, "bench", scopes=["view", "write", "publish", "channels", "manage"])[1]
    made["people"].append({"cookie": settings.SESSION_COOKIE_NAME + "=" + client.session.session_key,
                           "csrf": settings.CSRF_COOKIE_NAME, "token": secret})
with system_scope(SystemPurpose.SIGN_IN):
    first = Member.objects.get(user=users[0], workspace=spaces[0])
actor = actor_of(first, users[0])
with workspace_scope(spaces[0].id):
    for n in range(posts):
        post = create_post(actor, Document(parts=(PartDocument(text=f"What post {n} says. " * 8),)))
        made["posts"].append(str(post.id))
large = film + struct.pack(">I4s", 60_000_008, b"mdat") + bytes(60_000_000)
made["asset"] = str(upload_asset(actor, spaces[0].id, io.BytesIO(large), "film.mp4", len(large)).id)
print("SEED " + json.dumps(made))
"""


async def ask(port: int, head: str, body: bytes = b"") -> tuple[int, float]:
    """Status (0 when the line broke) and seconds of one request, on a line of its own."""
    begun = time.monotonic()
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return 0, time.monotonic() - begun
    try:
        writer.write(head.encode() + body)
        answer = await asyncio.wait_for(reader.read(-1), 120)
        return (int(answer[9:12]) if answer.startswith(b"HTTP/1.1 ") else 0), time.monotonic() - begun
    except (OSError, TimeoutError):
        return 0, time.monotonic() - begun
    finally:
        writer.close()


def head_of(method: str, path: str, cookie: str = "", more: str = "", length: int | None = None) -> str:
    said = f"Content-Length: {length}\r\n" if length is not None else ""
    return f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nCookie: {cookie}\r\n{more}{said}\r\n"


async def person(port: int, seed: dict[str, Any], number: int, end: float, seen: list[tuple[int, float, str]]) -> None:
    chance = random.Random(number)
    own = seed["people"][number]
    base = "/w/team-0"
    pages = [
        "/calendar/?view=month", "/calendar/?view=list", "/posts/{post}", "/posts/{post}/edit", "/posts/new",
        "/needs-you/", "/ideas/", "/channels/", "/media/{asset}/thumbnail",
    ]  # fmt: skip
    await asyncio.sleep(chance.uniform(0, THINKS))
    while time.monotonic() < end:
        if chance.random() < 0.2:
            body = json.dumps({"parts": [{"text": f"Draft of {number}"}], "channels": [], "when": {"mode": "now"}})
            more = f"X-CSRFToken: {'a' * 32}\r\nContent-Type: application/json\r\nOrigin: http://127.0.0.1\r\n"
            cookie = f"{own['cookie']}; {own['csrf']}={'a' * 32}"
            path, head = "check", head_of("POST", f"{base}/posts/check", cookie, more, len(body))
            status, taken = await ask(port, head, body.encode())
        else:
            path = base + chance.choice(pages).format(post=chance.choice(seed["posts"]), asset=seed["asset"])
            status, taken = await ask(port, head_of("GET", path, own["cookie"]))
        seen.append((status, taken, path))
        await asyncio.sleep(chance.expovariate(1 / THINKS))


async def work(port: int, seed: dict[str, Any], seconds: float, peak: dict[str, float], pid: int) -> list[Any]:
    """What twenty people saw, and the highest memory meanwhile."""
    seen: list[tuple[int, float, str]] = []
    end = time.monotonic() + seconds

    async def watch() -> None:
        while True:
            for name, (_, pss) in (await asyncio.to_thread(memory, pid)).items():
                peak[name] = max(peak.get(name, 0.0), pss)
            await asyncio.sleep(2)

    watching = asyncio.create_task(watch())
    await asyncio.gather(*(person(port, seed, number, end, seen) for number in range(PEOPLE)))
    watching.cancel()
    return seen


# The load, in a process of its own


async def stay_open(port: int, seed: dict[str, Any], number: int, up: Callable[[], None]) -> None:
    cookie = seed["people"][number % PEOPLE]["cookie"]
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head_of("GET", "/w/team-0/live?since=0", cookie).encode())
        line = await reader.readline()
        if b" 200 " in line:
            up()
            while await reader.read(4096):
                pass
        count(f"stream ended: {line[9:12].decode()}")
        writer.close()
        await asyncio.sleep(2)


async def read_slowly(port: int, seed: dict[str, Any], number: int, up: Callable[[], None]) -> None:
    cookie = seed["people"][number % PEOPLE]["cookie"]
    while True:
        # As from afar: on one machine the system would take megabytes ahead.
        own = socket.socket()
        own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        own.setblocking(False)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
        reader, writer = await asyncio.open_connection(sock=own, limit=65_536)
        writer.write(head_of("GET", f"/w/team-0/media/{seed['asset']}", cookie).encode())
        line = await reader.readline()
        count(f"reader: {line[9:12].decode()}")
        up()
        while await reader.read(32_768):  # noqa: ASYNC110 - slowness is the point
            await asyncio.sleep(1)
        writer.close()


async def connect_silent(port: int, seed: dict[str, Any], number: int, up: Callable[[], None]) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):  # this program ends
            while await reader.read(4096):
                pass
        writer.close()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    site = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}"
    body = json.dumps({"network": "wordpress", "form": {"site": site, "username": "a", "password": "b c d"}}).encode()
    token = seed["people"][number % PEOPLE]["token"]
    more = f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
    up()
    while True:
        status, _ = await ask(port, head_of("POST", "/api/v1/channels", "", more, len(body)), body)
        count(f"connecting: {status}")
        await asyncio.sleep(1)


async def upload(port: int, seed: dict[str, Any], number: int, up: Callable[[], None]) -> None:
    film = bytes.fromhex(seed["film"])
    size = UPLOAD_BYTES - len(film)
    begin = b'--x\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n' + film
    begin += size.to_bytes(4, "big") + b"mdat" + number.to_bytes(8, "big")
    end = b"\r\n--x--\r\n"
    length = len(begin) + size - 16 + len(end)
    more = f"Authorization: Bearer {seed['people'][number % PEOPLE]['token']}\r\n"
    more += "Content-Type: multipart/form-data; boundary=x\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    up()
    begun = time.monotonic()
    writer.write(head_of("POST", "/api/v1/media", "", more, length).encode() + begin)
    left, block = size - 16, bytes(1 << 18)
    while left:
        writer.write(block[: min(left, len(block))])
        left -= min(left, len(block))
        await writer.drain()
    writer.write(end)
    line = await reader.readline()
    count(f"upload: {line[9:12].decode()}")
    print(f"done {time.monotonic() - begun:.0f}", flush=True)
    writer.close()


_counted: Counter[str] = Counter()


def count(what: str) -> None:
    _counted[what] += 1


async def load(kind: str, port: int, seed: dict[str, Any], number: int) -> None:
    make: Callable[..., Awaitable[None]] = {
        "pages": stay_open, "readers": read_slowly, "networks": connect_silent, "uploads": upload,
    }[kind]  # fmt: skip
    standing = 0

    def up() -> None:
        nonlocal standing
        standing += 1
        if standing == number:
            print("ready", flush=True)

    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    tasks: list[asyncio.Future[None]] = []
    for each in range(number):
        tasks.append(asyncio.ensure_future(make(port, seed, each, up)))
        await asyncio.sleep(0.02 if kind == "pages" else 0.005)
    await stop.wait()
    for task in tasks:
        task.cancel()
    print("counted " + json.dumps(_counted), flush=True)


# The run


def p95(seen: list[Any]) -> float:
    times: list[float] = sorted(taken for _, taken, _ in seen)
    return times[max(0, round(0.95 * len(times)) - 1)] * 1000


async def measure(
    kind: str, number: int, port: int, seed: dict[str, Any], seed_file: str, pid: int, seconds: float
) -> dict[str, Any]:
    peak: dict[str, float] = {}
    counted: dict[str, int] = {}
    done: list[float] = []
    if kind == "quiet":
        seen = await work(port, seed, seconds, peak, pid)
    else:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.pages", "--load", kind, "--number", str(number), "--port", str(port),
            "--seed", seed_file, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 300)
        assert line == b"ready\n", line
        seen = await work(port, seed, seconds, peak, pid)
        if kind == "uploads":  # until the last one is stored
            while len(done) < number:
                line = await asyncio.wait_for(process.stdout.readline(), 900)
                done.append(float(line.split()[1]))
        process.terminate()
        for told in (await process.stdout.read()).decode().splitlines():
            if told.startswith("counted "):
                counted = json.loads(told[8:])
        await process.wait()
    statuses = Counter(status for status, _, _ in seen)
    return {"seen": seen, "p95": p95(seen), "peak": peak, "statuses": statuses, "counted": counted, "done": done}


def report(kind: str, number: int, found: dict[str, Any], quiet: float) -> bool:
    failed = {s: n for s, n in found["statuses"].items() if s >= 500 or s == 0}
    refused = {what: n for what, n in found["counted"].items() if what[-3:] in ("500", "503") or what.endswith(" ")}
    ratio, web, worker = found["p95"] / quiet, found["peak"].get("web", 0.0), found["peak"].get("worker", 0.0)
    good = ratio <= RATIO_ALLOWED and not failed and not refused and web <= WEB_MB_ALLOWED
    good = good and worker <= WORKER_MB_ALLOWED
    middle = statistics.median(taken for _, taken, _ in found["seen"]) * 1000
    what = f"{number:5} {kind}" if number else "people alone"
    print(
        f"{what:15} {len(found['seen']):4} answers, median {middle:5.0f} ms, p95 {found['p95']:5.0f} ms"
        f" ({ratio:.2f} of {RATIO_ALLOWED:.0f}), failed {sum(failed.values())},"
        f" web {web:.0f} MB, worker {worker:.0f} MB"
        f"{'' if good else '   MISSED'}"
    )
    if number:
        print(f"{'':15} per process {number}, per pooled connection {number / POOL:.0f}; {found['counted']}")
    if found["done"]:
        print(f"{'':15} the first upload took {min(found['done']):.0f} s, the last {max(found['done']):.0f} s")
    return good


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--load", choices=KINDS)
    options.add_argument("--number", type=int, default=0)
    options.add_argument("--port", type=int)
    options.add_argument("--seed", default="")
    options.add_argument("--seconds", type=float, default=SECONDS)
    options.add_argument("--only", choices=KINDS, action="append")
    options.add_argument("--uploads", type=int, default=UPLOADS)
    given = options.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(65_536, hard) if hard > 0 else 65_536, hard))
    if given.load:
        asyncio.run(load(given.load, given.port, json.loads(Path(given.seed).read_text()), given.number))
        return 0
    with tempfile.TemporaryDirectory(prefix="kaja-bench-") as folder:
        port = free_port()
        environment = {
            **{n: v for n, v in os.environ.items() if not n.startswith(("KAJA_", "DATABASE_URL"))},
            "KAJA_HOME": f"{folder}/home",
            "KAJA_PORT": str(port),
            "KAJA_PRACTICE_PORT": str(free_port()),
            "KAJA_DATABASE_POOL": str(POOL),
            "KAJA_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
            "KAJA_API_CALLS_PER_MINUTE": "100000",
            "DJANGO_SETTINGS_MODULE": "kaja.config.settings",
        }
        _, process = first_page([sys.executable, "-m", "kaja", "up"], environment, port)
        try:
            code = "from kaja.cli.application import application\nwith application():\n" + "\n".join(
                f"    {line}" for line in SEED.strip().splitlines()
            )
            made = subprocess.run(
                [sys.executable, "-c", code, str(PEOPLE), str(WORKSPACES), str(POSTS)],
                env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            line = next((line for line in made.stdout.splitlines() if line.startswith("SEED ")), "")
            if not line:
                print(made.stderr[-3000:])
                return 2
            seed_file = f"{folder}/seed.json"
            Path(seed_file).write_text(line[5:])
            return asyncio.run(run(given, port, json.loads(line[5:]), seed_file, process.pid, folder))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


async def run(given: Any, port: int, seed: dict[str, Any], seed_file: str, pid: int, folder: str) -> int:
    free = shutil.disk_usage(folder).free
    print(f"machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(f"one web process, {POOL} pooled connections; {PEOPLE} people, a page or a check every {THINKS:.0f} s each")
    await measure("quiet", 0, port, seed, seed_file, pid, 8)  # everything is loaded once
    quiet = await measure("quiet", 0, port, seed, seed_file, pid, given.seconds)
    good = report("quiet", 0, quiet, quiet["p95"])
    numbers = {"pages": PAGES, "readers": READERS, "networks": NETWORKS, "uploads": given.uploads}
    for kind in given.only or KINDS:
        if kind == "uploads" and free < 1.3 * given.uploads * UPLOAD_BYTES:
            print(f"uploads: not measured, the disk has {free / 1e9:.0f} GB free")
            good = False
            continue
        found = await measure(kind, numbers[kind], port, seed, seed_file, pid, given.seconds)
        good = report(kind, numbers[kind], found, quiet["p95"]) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
