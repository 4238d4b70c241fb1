"""How late posts are, and what one costs: `python benchmarks/delivery.py [--posts 10000] [--channels 2000]`.

Everything runs on this machine: PostgreSQL, the practice network (answering after 0.3 s), one worker host. Lateness is
measured at the network: when a publish call was accepted there, minus the time that the post was due. Beside it, in the
same run, a Celery worker with Redis makes the same calls to the same network: one task per post, `eta` the due time,
without any of the guarantees.
"""

import argparse
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaja.config.settings")
django.setup()

from tests.chaos.world import Account, World  # noqa: E402

from kaja.kernel.postgres import free_port  # noqa: E402

ANSWER_AFTER = 0.3
LATE_ALLOWED, ONE_ALLOWED = 10.0, 1.0
TICK = os.sysconf("SC_CLK_TCK")
# What an operator would run: durable commits.
DURABLE = {"shared_buffers": "256MB", "max_connections": "60"}


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time of processes and of the children that they have waited for."""
    total = 0
    for pid in pids:
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(fields[place]) for place in (11, 12, 13, 14))
    return total / TICK


def with_children(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            with suppress(OSError):
                found += [int(child) for child in task.read_text().split()]
    return found


def cpu_of_trees(pids: Iterable[int]) -> float:
    """What processes and all below them have spent, also those that began or ended meanwhile: PostgreSQL starts one
    for each connection, and the time of one that ended is its parent's."""
    return cpu_seconds({each for pid in pids for each in with_children(pid)})


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def lateness(world: World, mark: str, due: dict[str, datetime]) -> list[float]:
    """Seconds between due and accepted, by the network's own record."""
    return [
        (datetime.fromisoformat(item["created_at"]) - due[item["text"]]).total_seconds()
        for item in world.practice.truth(contains=mark)
    ]


def wait_for(world: World, mark: str, number: int, limit: float, number_of: Callable[[], int]) -> None:
    end = time.monotonic() + limit
    while number_of() < number:
        if time.monotonic() > end:
            print(f"  {mark}: only {number_of()} of {number} after {limit:.0f} s")
            return
        time.sleep(0.5)


def show(name: str, late: list[float], cpu: dict[str, float], seconds: float) -> float:
    p99 = percentile(late, 0.99)
    costs = ", ".join(f"{part} {used / len(late) * 1000:.2f}" for part, used in cpu.items())
    print(
        f"{name}: {len(late)} posts; lateness p50 {statistics.median(late):.2f} s, p99 {p99:.2f} s,"
        f" max {max(late):.2f} s; {len(late) / seconds:.0f} posts/s; CPU ms per post: {costs}"
    )
    return p99


def run_kaja(world: World, accounts: list[Account], posts: int, workers: int) -> tuple[float, float, int]:
    running = [world.start_worker() for _ in range(workers)]
    time.sleep(8)
    lead = 5 + posts / 2500
    due_at = datetime.now(UTC) + timedelta(seconds=lead)
    due = {f"kaja {i:06d}": due_at for i in range(posts)}
    world.plan_posts((accounts[i % len(accounts)], text, due_at) for i, text in enumerate(due))
    parts = {
        "worker": [worker.pid for worker in running],
        "PostgreSQL": [world.cluster.process.pid] if world.cluster.process else [],
        "network": [world.practice.process.pid],
    }
    # From here on, because a worker prepares what is due soon.
    before = {part: cpu_of_trees(pids) for part, pids in parts.items()}
    left = (due_at - datetime.now(UTC)).total_seconds()
    if left < 0.5:
        print(f"  planting took too long: {left:.1f} s left")
    time.sleep(max(0.0, left - 0.3))
    started = time.monotonic()

    def number_sent() -> int:
        return int(world.query("SELECT count(*) FROM publishing_delivery WHERE state = 'sent'")[0][0])

    def number_told() -> int:
        return int(world.query("SELECT count(*) FROM publishing_delivery WHERE state = 'sent' AND announce = ''")[0][0])

    wait_for(world, "kaja", posts, 180, number_sent)
    seconds = time.monotonic() - started
    # Whoever wants to know that a post went out is told in a transaction of its own, by the same worker: that counts.
    wait_for(world, "kaja, events", posts, 180, number_told)
    cpu = {part: cpu_of_trees(pids) - before[part] for part, pids in parts.items()}
    late = lateness(world, "kaja ", due)
    p99 = show(f"Kaja ({workers} worker process{'es' if workers > 1 else ''})", late, cpu, seconds)
    return p99, (cpu["worker"] + cpu["PostgreSQL"]) / len(late), len(late)


def run_single(world: World, accounts: list[Account], posts: int) -> float:
    """Posts that are due one at a time."""
    start = datetime.now(UTC) + timedelta(seconds=3)
    due = {f"single {i:04d}": start + timedelta(seconds=0.5 * i) for i in range(posts)}
    world.plan_posts((accounts[i], text, at) for i, (text, at) in enumerate(due.items()))
    time.sleep(3 + 0.5 * posts + 2)
    late = lateness(world, "single ", due)
    p99 = percentile(late, 0.99)
    print(f"Kaja, one post due at a time: {len(late)} posts; p50 {statistics.median(late):.2f} s, p99 {p99:.2f} s")
    return p99


def run_celery(world: World, posts: int, channels: int) -> tuple[float, float] | None:
    """The same calls by Celery: its default pool of processes is far too small for waiting, so threads."""
    redis = shutil.which("redis-server") or shutil.which("valkey-server")
    if redis is None:
        print("Celery: no redis-server here (Debian: apt-get install redis-server)")
        return None
    port = free_port()
    server = subprocess.Popen(
        [redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
        stdout=subprocess.DEVNULL,
    )
    environment = {**os.environ, "BENCH_REDIS": f"redis://127.0.0.1:{port}/0", "BENCH_URL": world.practice.url}
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "benchmarks.celery_baseline",
        "worker",
        "-P",
        "threads",
        "-c",
        "400",
    ]
    worker = subprocess.Popen(
        [*command, "--prefetch-multiplier", "0", "-l", "ERROR"], env=environment,
        cwd=Path(__file__).resolve().parent.parent, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(6)
        lead = 8 + posts / 200
        due_at = datetime.now(UTC) + timedelta(seconds=lead)
        due = {f"celery {i:06d}": due_at for i in range(posts)}
        os.environ["BENCH_REDIS"], os.environ["BENCH_URL"] = environment["BENCH_REDIS"], environment["BENCH_URL"]
        from benchmarks.celery_baseline import publish

        tokens = [
            world.practice.call("POST", "/api/v1/accounts", {"name": f"celery-{i}", "kind": "keyed"}).json()["token"]
            for i in range(channels)
        ]
        due_at = datetime.now(UTC) + timedelta(seconds=lead)
        due = dict.fromkeys(due, due_at)
        parts = {"worker": [worker.pid], "Redis": [server.pid], "network": [world.practice.process.pid]}
        # While tasks are queued they are received and kept for their time: the worker's preparation, as Kaja's.
        before = {"worker": cpu_of_trees(parts["worker"])}
        for i, text in enumerate(due):
            publish.apply_async((tokens[i % channels], text), eta=due_at)
        left = (due_at - datetime.now(UTC)).total_seconds()
        print(f"  Celery: queued with {left:.1f} s to spare")
        time.sleep(max(0.0, left - 0.3))
        received = cpu_of_trees(parts["worker"]) - before["worker"]
        print(f"  Celery: CPU ms per post of the worker before the time: {received / posts * 1000:.2f}")
        before |= {part: cpu_of_trees(parts[part]) for part in ("Redis", "network")}
        started = time.monotonic()
        wait_for(world, "celery", posts, 240, lambda: len(world.practice.truth(contains="celery ")))
        seconds = time.monotonic() - started
        cpu = {part: cpu_of_trees(pids) - before[part] for part, pids in parts.items()}
        late = lateness(world, "celery ", due)
        p99 = show("Celery + Redis (400 threads)", late, cpu, seconds)
        return p99, (cpu["worker"] + cpu["Redis"]) / len(late)
    finally:
        worker.terminate()
        with suppress(subprocess.TimeoutExpired):
            worker.wait(15)
        worker.kill()
        server.terminate()
        server.wait(10)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--channels", type=int, default=2_000)
    parser.add_argument("--workers", type=int, default=2, help="`kaja worker` processes on this host")
    parser.add_argument("--singles", type=int, default=100)
    parser.add_argument("--without-celery", action="store_true")
    options = parser.parse_args()
    # Ended from outside, it still ends what it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    load = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load before: {load:.1f}")
    folder = Path(tempfile.mkdtemp(prefix="kaja-bench-"))
    world = World(folder, {}, DURABLE)
    try:
        accounts = world.add_accounts(options.channels, ["keyed"])
        world.practice.set_faults(delay={"seconds": ANSWER_AFTER, "on": ["publish"]})
        p99, cost, sent = run_kaja(world, accounts, options.posts, options.workers)
        one = run_single(world, accounts, options.singles)
        for worker in list(world.workers):
            world.kill_worker(worker)
        celery = None if options.without_celery else run_celery(world, options.posts, options.channels)
    finally:
        world.close()
        log = (folder / "workers.log").read_text()
        shutil.rmtree(folder, ignore_errors=True)
        if log:
            print(log[-2000:])
    figures: dict[str, Any] = {"p99 of all": (p99, LATE_ALLOWED), "p99 of one": (one, ONE_ALLOWED)}
    for name, (figure, allowed) in figures.items():
        print(f"{name}: {figure:.2f} s, {figure / allowed:.2f} of the allowed {allowed:.0f} s")
    if celery:
        print(f"Kaja to Celery: p99 lateness {p99 / celery[0]:.2f}, worker's and store's CPU {cost / celery[1]:.2f}")
    print(json.dumps({"p99": p99, "p99_one": one, "cpu_per_post": cost, "posts": sent}))
    return 0 if p99 <= LATE_ALLOWED and one <= ONE_ALLOWED and sent == options.posts else 1


if __name__ == "__main__":
    sys.exit(main())
