"""The reading loop of a worker: wake, claim, ask, keep, until told to stop. Beside the deliveries, and below them."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from psycopg import AsyncConnection

from kaja.channels.checking import keep_sealed_shut
from kaja.channels.credentials import Keeper
from kaja.channels.models import Health
from kaja.channels.queries import get_channel
from kaja.channels.sessions import make_session, parse_facts
from kaja.channels.vault import open_credentials
from kaja.kernel.beside import run_beside
from kaja.kernel.loops import describe_error, is_lost_database, keep_running
from kaja.kernel.problems import Problem, fill_params, gettext_noop
from kaja.kernel.signals import READ
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.http import Session
from kaja.networks.kit.reading import find_reader
from kaja.networks.registry import CONNECTORS
from kaja.reading.actions import finish, hand_back
from kaja.reading.budget import find_pause
from kaja.reading.claim import claim_due, next_wake, plan_missing
from kaja.reading.health import CHECK_EVERY, HealthTopic
from kaja.reading.looks import ThreadTopic
from kaja.reading.streams import PastTopic, StreamTopic
from kaja.reading.topics import Answer, Asked, Claimed, Topic, Topics

log = logging.getLogger(__name__)
BROKEN = Problem("read_broke", gettext_noop("Reading ended in an error inside Kaja (%(error)s)."))
REST = 900.0
SLOW = Problem("read_timeout", gettext_noop("The network did not finish answering in time (%(seconds)s s)."))


@dataclass(frozen=True)
class ReadPace:
    """How fast and how patient reading is; seconds."""

    lease: float = 120.0
    """How long a claimed poll belongs to one worker."""
    ask: float = 60.0
    """How long one look may take."""
    at_once: int = 24
    """Channels that one worker talks to at the same time; sending has its own room."""
    poll: float = 10.0
    """The longest sleep without looking, should a wake-up get lost."""
    busy: float = 0.25
    """Between two looks for what is due and not to be had."""
    plan: float = 60.0
    """How often channels without polls are looked for."""


def list_topics() -> Topics:
    """What this version asks, in the order of importance: every account's health, every stream of every connector that
    reads, what was read before, and what was there before."""
    topics = Topics()
    topics.add(HealthTopic())
    streams = sorted({stream for each in CONNECTORS.values() for stream in _streams_of(each)})
    for stream in streams:
        topics.add(StreamTopic(stream))
    topics.add(ThreadTopic())
    for stream in streams:
        topics.add(PastTopic(stream))
    return topics


def _streams_of(connector: Connector) -> tuple[str, ...]:
    reader = find_reader(connector)
    return reader.streams if reader is not None else ()


class ReadingLoop:
    """One worker's. `address` holds psycopg connection parameters of the application's role."""

    def __init__(self, address: dict[str, Any], pace: ReadPace | None = None, topics: Topics | None = None) -> None:
        self.pace = pace or ReadPace()
        self.topics = topics or list_topics()
        self._address = address
        self._names = list(self.topics.by_name)
        self._wake = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def connect(self) -> AsyncConnection[Any]:
        own = {"connect_timeout": 5, "application_name": f"kaja-reading:{os.getpid()}"}
        options = "-c timezone=UTC -c idle_in_transaction_session_timeout=30000"
        return await AsyncConnection.connect(**{**self._address, **own, "options": options}, autocommit=True)

    def stop(self) -> None:
        """Claim no more; what is being asked is finished and kept."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Work until `stop`, or until cancelled: then what was being asked is asked again by whoever comes next."""
        helpers = [self._keep("listen", self._listen), self._keep("plan", self._plan)]
        claiming = self._keep("claim", self._claim)
        try:
            await claiming
            if self._running:
                await asyncio.wait(self._running, timeout=self.pace.ask)
        finally:
            for task in (claiming, *helpers, *self._running):
                task.cancel()
            await asyncio.wait([claiming, *helpers, *self._running], timeout=5)

    def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> "asyncio.Task[None]":
        return asyncio.create_task(
            keep_running(f"reading: {name}", work, stopped=lambda: self._stopping, longest=5.0), name=name
        )

    async def _listen(self) -> None:
        async with await self.connect() as connection:
            await connection.execute(f"LISTEN {READ}")
            self._wake.set()  # what was announced while nobody listened
            while not self._stopping:
                async for _ in connection.notifies(timeout=60, stop_after=1):
                    self._wake.set()
                await connection.execute("SELECT 1")

    async def _plan(self) -> None:
        wanted = self.topics.list_wanted(CONNECTORS)
        while not self._stopping:
            async with await self.connect() as connection:
                if await plan_missing(connection, wanted):
                    self._wake.set()
            await asyncio.sleep(self.pace.plan)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(seconds, 0.01)):
                await self._wake.wait()

    async def _claim(self) -> None:
        async with await self.connect() as connection:
            while not self._stopping:
                self._wake.clear()
                room = self.pace.at_once - len(self._running)
                if room <= 0:
                    await self._sleep(self.pace.busy)
                    continue
                ends = asyncio.get_running_loop().time() + self.pace.lease
                rows = await claim_due(connection, self._names, room, self.pace.lease)
                for _, group in groupby(rows, key=lambda row: row.channel_id):
                    task = asyncio.create_task(self._ask_channel(list(group), ends))
                    self._running.add(task)
                    task.add_done_callback(self._done)
                if not rows:
                    due = await next_wake(connection, self._names)
                    seconds = self.pace.poll if due is None else (due - datetime.now(UTC)).total_seconds()
                    await self._sleep(min(max(seconds, self.pace.busy), self.pace.poll))

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._running.discard(task)
        self._wake.set()

    async def _ask_channel(self, rows: list[Claimed], ends: float) -> None:
        """All that is due of one channel, one after the other. `ends`: when the lease does, by the loop's clock."""
        for row in rows:
            try:
                if self._stopping or asyncio.get_running_loop().time() + self.pace.ask > ends:
                    await run_beside(lambda row=row: hand_back(row, 0.0))  # type: ignore[misc]
                else:
                    await self._ask(row)
            except Exception as error:  # noqa: BLE001 - one poll stops no other
                await self._put_off(row, error)

    async def _put_off(self, row: Claimed, error: Exception) -> None:
        """What was read could not be kept. With the database away the lease makes it due again; else it waits longer
        each time, as after any other failure."""
        log.warning("a look at %s of %s was not kept: %s", row.what, row.network, describe_error(error))
        if is_lost_database(error):
            return
        problem = fill_params(BROKEN, error=type(error).__name__)
        try:
            await run_beside(lambda: finish(row, Answer(0.0, problem=problem)))
        except Exception as again:  # noqa: BLE001 - the lease makes it due again
            log.error("nor could that be written down: %s", describe_error(again))

    async def _ask(self, row: Claimed) -> None:
        topic, connector = self.topics.by_name[row.what], CONNECTORS.get(row.network)
        moment = datetime.now(UTC)
        broken = row.health == Health.RECONNECT and not topic.on_broken
        if connector is None or broken or not topic.is_for(connector):
            # Not now; it is woken when the channel is connected again, and the channel may also be well by itself.
            await run_beside(lambda: hand_back(row, REST))
            return
        if topic.share is not None and (until := find_pause(row.quotas, moment, topic.share)) is not None:
            await run_beside(lambda: hand_back(row, (until - moment).total_seconds()))
            return
        try:
            credentials = open_credentials(row.grant_id, row.credentials, row.channel_id, row.own_credentials)
        except VaultError:
            await run_beside(lambda: self._sealed_shut(row))
            return
        session = make_session(row.network, row.base_url, credentials, Keeper(row.workspace_id, row.channel_id))
        answer = await self._hear(topic, row, connector, session, moment)
        await run_beside(lambda: finish(row, answer, () if topic.what == HealthTopic.what else session.quotas.values()))

    async def _hear(
        self, topic: Topic, row: Claimed, connector: Connector, session: Session, moment: datetime
    ) -> Answer:
        facts = parse_facts(row.facts, row.account_id, row.handle, row.channel_name)
        try:
            async with asyncio.timeout(self.pace.ask):
                return await topic.ask(Asked(row, connector, facts, session, moment))
        except TimeoutError:
            return Answer(0.0, problem=fill_params(SLOW, seconds=int(self.pace.ask)))
        except Exception as error:  # noqa: BLE001 - a connector's mistake; it is asked again, less and less often
            log.error("reading %s of %s broke: %s", row.what, row.network, describe_error(error))
            return Answer(0.0, problem=fill_params(BROKEN, error=type(error).__name__))

    def _sealed_shut(self, row: Claimed) -> None:
        def keep() -> None:
            if row.what == HealthTopic.what:
                keep_sealed_shut(get_channel(row.channel_id), row.health)

        finish(row, Answer(CHECK_EVERY.total_seconds(), keep=keep))
