"""Everything that can go wrong while posts are delivered, drawn from one seed, and the count afterwards."""

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import psycopg

from kaja.networks.practice.info import INFO
from tests.chaos.talk import let_speak, plan_acts, plan_replies
from tests.chaos.world import Worker, World

P = TypeVar("P")

LEASE = 6.0
PACE = {
    "lease": LEASE, "poll": 1.0, "overdue_poll": 0.1, "first_look": 0.5, "pause_first": 0.5, "pause_longest": 4.0,
    "settle": 7.0, "look_again": 600.0,
}  # fmt: skip
# The practice network stores within 2 s of a call; with lists 3 s late, what is absent after 7 s is absent.
FAULTS: dict[str, Any] = {
    "drop_after": {"probability": 0.05},
    "drop_before": {"probability": 0.04},
    "error_after": {"probability": 0.04},
    "error_before": {"probability": 0.05},
    "too_many": {"probability": 0.06, "retry_after": 1},
    "random_delay": {"low": 0.02, "high": 0.6, "on": ["upload", "container", "publish", "comment", "read"]},
    "late_listing": {"probability": 0.3, "seconds": 3},
    "slow_finish": {"probability": 0.2, "seconds": 1.5},
    "processing": {"probability": 0.2, "seconds": 1.0},
}
TWIN_EVERY = 7
TWIN_GAPS = (0.2, 1.0, 3.0, 6.0, 12.0)
"""With a settle time of 7 s instead of 30: 1 to 60 s."""
STAGES = ("container", "ready", "publish", "confirm", "find", "claimed")


@dataclass
class Count:
    """What stands on the network, against what Kaja believes."""

    posts: int = 0
    replies: int = 0
    acts: int = 0
    sent: int = 0
    done: int = 0
    """Acts that stand on the network, of those that Kaja believes done."""
    untold: list[str] = field(default_factory=list)
    """Replies that were sent and whose message has no name on the network."""
    lost: list[str] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    left_to_a_person: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    twins: int = 0
    calls: int = 0
    faulted: int = 0
    events: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def share(self) -> float:
        """The share of publishing calls that went wrong."""
        return self.faulted / max(self.calls, 1)

    def report(self) -> str:
        numbers = {
            "posts": self.posts, "replies": self.replies, "acts": self.acts, "sent": self.sent, "done": self.done,
            "lost": len(self.lost), "duplicates": len(self.duplicates),
            "stuck": len(self.stuck), "left to a person": len(self.left_to_a_person), "wrong": len(self.wrong),
            "twins": self.twins, "shared": len(self.shared),
            "calls": self.calls, "faulted": f"{self.share:.1%}", "seconds": round(self.seconds),
            **dict(sorted(self.events.items())),
        }  # fmt: skip
        return ", ".join(f"{name} {value}" for name, value in numbers.items())


class Storm:
    """One run. `posts` are spread over `seconds`; disturbances go on until nearly all are out."""

    def __init__(
        self,
        world: World,
        seed: int,
        posts: int,
        channels: int,
        seconds: float,
        workers: int = 3,
        *,
        replies: int = 0,
        acts: int = 0,
    ) -> None:
        self.world = world
        self.random = random.Random(seed)
        self.seed = seed
        self.seconds = seconds
        self.wanted: Counter[str] = Counter()
        self.count = Count(posts=posts, replies=replies, acts=acts)
        self.wanted_workers = workers
        self._stopped: dict[int, float] = {}
        self.accounts = accounts = world.add_accounts(channels)
        world.practice.set_faults(seed=seed, **FAULTS)
        start = datetime.now().astimezone() + timedelta(seconds=3)
        planned = self._spread("post", accounts, posts, start)
        heard = let_speak(world, accounts, 2) if replies or acts else []
        start = max(start, datetime.now().astimezone() + timedelta(seconds=3))
        if posts:
            world.plan_posts(planned)
        plan_replies(world, self._spread("answer", heard, replies, start))
        plan_acts(world, [(each, "like", start) for each in self.random.sample(heard, acts)])

    def _spread(self, what: str, places: Sequence[P], number_of: int, start: datetime) -> list[tuple[P, str, datetime]]:
        """Texts for the places in turn; some are the same words as the place's text before, shortly after it."""
        planned: list[tuple[P, str, datetime]] = []
        for number in range(number_of):
            text = f"storm {self.seed} {what} {number:06d}"
            at = self.random.uniform(0, self.seconds)
            earlier = number - len(places)
            if number % TWIN_EVERY == 0 and earlier >= 0:
                text, before = planned[earlier][1], (planned[earlier][2] - start).total_seconds()
                at = before + self.random.choice(TWIN_GAPS)
            self.wanted[text] += 1
            planned.append((places[number % len(places)], text, start + timedelta(seconds=at)))
        return planned

    @property
    def whole(self) -> int:
        """Everything that is to go out."""
        return self.count.posts + self.count.replies + self.count.acts

    def run(self, limit: float, restarts: int = 2, say: Callable[[str], None] = lambda _: None) -> Count:
        """Disturb while the posts go out, then let it come to rest; `limit` bounds the whole in seconds.

        Disturbances go by progress, not by the clock, so that a slow machine sees as many as a fast one.
        """
        started = time.monotonic()
        for _ in range(self.wanted_workers):
            self.world.start_worker()
        plan = self._plan_disturbances(restarts)
        step = self.whole * 0.9 / len(plan)
        done = 0
        while (passed := time.monotonic() - started) < limit:
            self._wake_stopped()
            states = self._states()
            if plan and states and sum(states.values()) - states.get("scheduled", 0) >= step * done + 20:
                if self._disturb(plan[0]):
                    plan.pop(0)
                else:
                    plan.append(plan.pop(0))
                done += 1
            elif states and self._open() == 0 and self._count_untold() == 0:
                break
            self._keep_workers()
            say(f"{passed:.0f} s: {states} {len(plan)} disturbances to come")
            time.sleep(self.random.uniform(0.1, 0.5))
        self._wake_stopped(everyone=True)
        self.count.seconds = time.monotonic() - started
        return self._count()

    # Disturbing

    def _plan_disturbances(self, restarts: int) -> list[str]:
        rounds = max(1, self.whole // 1000)
        plan = [*(stage for stage in STAGES for _ in range(rounds)), *["random", "stop"] * (3 * rounds)]
        self.random.shuffle(plan)
        for number in range(restarts):
            plan.insert(len(plan) * (number + 1) // (restarts + 1), "crash" if number % 2 else "restart")
        return plan

    def _disturb(self, what: str) -> bool:
        """Do it; False when there was no chance to."""
        if what in ("crash", "restart"):
            self.world.restart_postgres(crash=what == "crash")
            self.count.events["server crashed" if what == "crash" else "server restarted"] += 1
            return True
        running = self._list_running()
        if not running:
            return False
        worker = self.random.choice(running)
        if what == "random":
            self.world.kill_worker(worker)
            self.count.events["killed at random"] += 1
        elif what == "stop":
            worker.send(signal.SIGSTOP)
            self._stopped[worker.pid] = time.monotonic() + LEASE * self.random.uniform(1.1, 1.8)
            self.count.events["stopped beyond the lease"] += 1
        else:
            return self._kill_at(what)
        return True

    def _list_running(self) -> list[Worker]:
        """The workers that have begun their work and are not stopped."""
        found = self._ask("SELECT DISTINCT application_name FROM pg_stat_activity")
        names = {str(name) for (name,) in found}
        return [
            worker
            for worker in self.world.workers
            if worker.pid not in self._stopped and worker.is_alive() and f"kaja-worker:{worker.pid}" in names
        ]

    def _kill_at(self, stage: str) -> bool:
        """Kill a worker that is in this stage of a delivery right now, as the journal tells."""
        end = time.monotonic() + 1.5
        while time.monotonic() < end:
            for worker in self._list_running():
                if self._is_at(stage, worker.pid):
                    self.world.kill_worker(worker)
                    self.count.events[f"killed at {stage}"] += 1
                    return True
            time.sleep(0.01)
        return False

    def _is_at(self, stage: str, pid: int) -> bool:
        if stage == "claimed":
            found = self._ask(
                "SELECT 1 FROM publishing_delivery d WHERE state = 'sending' AND next_at > now() AND NOT EXISTS"
                " (SELECT 1 FROM publishing_attempt a WHERE a.delivery_id = d.id AND a.fence = d.fence) LIMIT 1"
            )
        else:
            found = self._ask(
                "SELECT 1 FROM publishing_attempt WHERE finished_at IS NULL AND stage = %s AND worker LIKE %s"
                " AND started_at > now() - interval '2 seconds' LIMIT 1",
                [stage, f"%:{pid}"],
            )
        return bool(found)

    def _ask(self, statement: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        try:
            return self.world.query(statement, parameters or [])
        except psycopg.OperationalError:
            return []

    def _wake_stopped(self, *, everyone: bool = False) -> None:
        for worker in list(self.world.workers):
            until = self._stopped.get(worker.pid)
            if until is not None and (everyone or time.monotonic() > until):
                worker.send(signal.SIGCONT)
                del self._stopped[worker.pid]

    def _keep_workers(self) -> None:
        for worker in list(self.world.workers):
            if not worker.is_alive():
                self.world.workers.remove(worker)
                self.count.events["ended by itself"] += 1
        while len(self.world.workers) < self.wanted_workers:
            self.world.start_worker()

    # Counting

    def _states(self) -> dict[str, int]:
        return {str(k): v for k, v in self._ask("SELECT state, count(*) FROM publishing_delivery GROUP BY 1")}

    def _open(self) -> int:
        found = self._ask(
            "SELECT count(*) FROM publishing_delivery WHERE NOT needs_person"
            " AND state IN ('scheduled', 'sending', 'processing', 'waiting', 'uncertain')"
        )
        return int(found[0][0]) if found else -1

    def _count_untold(self) -> int:
        """What is sent and not told yet to whom it belongs."""
        found = self._ask("SELECT count(*) FROM publishing_delivery WHERE announce <> ''")
        return int(found[0][0]) if found else -1

    def _count(self) -> Count:
        count = self.count
        standing: dict[str, list[str]] = {}
        for item in self.world.practice.truth(contains=f"storm {self.seed} "):
            standing.setdefault(item["text"], []).append(item["id"])
        rows = self.world.query(
            "SELECT p.summary, d.state, d.needs_person, d.remote_id FROM publishing_delivery d"
            " JOIN content_variant v ON v.id = d.variant_id JOIN content_post p ON p.id = v.post_id"
            " UNION ALL SELECT m.text, d.state, d.needs_person, d.remote_id FROM publishing_delivery d"
            " JOIN inbox_message m ON m.id = d.variant_id WHERE d.source_kind = 'reply'"
        )
        count.twins = sum(number - 1 for number in self.wanted.values())
        count.duplicates = [text for text, there in standing.items() if len(there) > self.wanted[text]]
        sent = Counter(text for text, state, _, _ in rows if state == "sent")
        count.lost = [text for text, number in sent.items() if number > len(standing.get(text, []))]
        owned = Counter(remote_id for _, state, _, remote_id in rows if state == "sent")
        count.shared = [remote_id for remote_id, number in owned.items() if number > 1]
        for text, state, needs_person, remote_id in rows:
            there = standing.get(text, [])
            if state == "sent":
                count.sent += 1
                if remote_id not in there:
                    count.wrong.append(text)
            elif needs_person and state == "uncertain":
                count.left_to_a_person.append(text)
            elif state in ("failed", "missed", "cancelled"):
                count.wrong.append(f"{text}: {state}")
            else:
                count.stuck.append(f"{text}: {state}")
        self._count_acts()
        counted = ("publish", "container", "upload", "comment", "act")
        for outcomes in (self.world.practice.counts().get(name, {}) for name in counted):
            count.calls += sum(outcomes.values())
            count.faulted += sum(n for outcome, n in outcomes.items() if not _went_well(outcome))
        return count

    def _count_acts(self) -> None:
        """What became of likes, and whether replies were told that they are sent."""
        tokens = {account.id: account.token for account in self.accounts}
        acts = self.world.query(
            "SELECT d.state, m.remote_id, m.channel_id, a.done_at IS NOT NULL FROM publishing_delivery d"
            " JOIN inbox_messageact a ON a.id = d.variant_id JOIN inbox_message m ON m.id = a.message_id"
        )
        for state, remote_id, channel, told in acts:
            shown = self.world.practice.call("GET", f"/api/v1/entries/{remote_id}", token=tokens[channel])
            if state == "sent" and told and shown.json()["liked"]:
                self.count.done += 1
            else:
                self.count.stuck.append(f"like {remote_id}: {state}, told {told}")
        untold = self.world.query(
            "SELECT m.text FROM publishing_delivery d JOIN inbox_message m ON m.id = d.variant_id"
            " WHERE d.source_kind = 'reply' AND d.state = 'sent' AND m.remote_id <> d.remote_id"
        )
        self.count.untold = [text for (text,) in untold]


def _went_well(outcome: str) -> bool:
    return outcome == "answered"


assert INFO.settle_seconds >= PACE["settle"], "the tests are more impatient than the product, never less"
