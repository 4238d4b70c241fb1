"""One claimed delivery from claim to verdict: the calls to the network, each between two lines of the journal."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kaja.channels.credentials import Keeper
from kaja.channels.models import Channel, Health
from kaja.channels.sessions import make_session, record_health
from kaja.channels.vault import open_credentials
from kaja.delivery import problems
from kaja.delivery.engine import decide
from kaja.delivery.engine.journal import Journal, Record
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.ready import Ready
from kaja.delivery.engine.row import Claimed, Work, boot_clock, parse_ref, render_ref
from kaja.delivery.engine.threads import in_thread
from kaja.delivery.frozen import thaw
from kaja.delivery.models import Kind, Publication, State
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import settle_time
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.http import Session
from kaja.networks.kit.pool import may_send
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    ChannelTrouble,
    Found,
    Later,
    NeedsReconnect,
    Processing,
    Reconciliation,
    Rejected,
    Restart,
    Sent,
    StageResult,
    Unknown,
)

log = logging.getLogger(__name__)
OWNED_SINCE = timedelta(days=2)
"""Lists are looked through from the first call on; what is older than that cannot be met there."""

LOOKED_FOR = (Kind.COMMENT, Kind.REPLY, Kind.MESSAGE)
"""No row of these kinds is had ready before its time either (`claim.py`): what others own is read right before it."""


class Runner:
    """Runs claimed rows; shared by all tasks of one worker, holds nothing of a single row."""

    def __init__(self, journal: Journal, pace: Pace) -> None:
        self.journal = journal
        self.pace = pace
        self.stopping = False

    async def run(self, work: Work) -> None:
        """Take one row as far as it goes now. Never raises: what it cannot write is settled when the lease ends."""
        row = work.row
        try:
            outgoing, session = open_work(work)
            if row.state == State.UNCERTAIN or row.kind in LOOKED_FOR:
                # Looked for before they are sent, too, where a network takes no second one.
                outgoing = replace(outgoing, owned=await in_thread(_list_owned, row))
            if row.state == State.UNCERTAIN:
                await self._reconcile(work, outgoing, session)
            else:
                await self._send(work, outgoing, session)
        except VaultError:
            await self.journal.finish(row, decide.before_locked(row))
        except Exception as error:  # noqa: BLE001 - one row's trouble must not stop the others; its lease runs out
            log_error(row, error)

    # Sending

    async def run_ready(self, ready: Ready, worker: int, then: Callable[[], None]) -> bool:
        """Take a row that was read before its time, and go on with it as `run` does; False when it was not to be had.
        `then` is called when its channel is free for the next."""
        work, row = ready.work, ready.work.row
        made = row.content is not None and work.made is not None
        if made and not row.made_ahead:
            # Nothing of it was staged, so it may bear the moment at which it goes out.
            _bear(work, _now())
        try:
            attempt = await self.journal.take(row, ready.stage, work.made, worker)
            if attempt is None:
                return False
            outgoing = replace(ready.outgoing, created_at=work.frozen.created_at) if work.frozen else ready.outgoing
            await self._send(work, outgoing, ready.session, attempt, then)
        except Exception as error:  # noqa: BLE001 - one row's trouble must not stop the others; its lease runs out
            log_error(row, error)
        return True

    async def _send(
        self,
        work: Work,
        outgoing: Outgoing,
        session: Session,
        attempt: UUID | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """`attempt`: what was opened already for the first stage."""
        row = work.row
        stages = work.publisher.stages(outgoing, work.facts)
        names, patience = [stage.name for stage in stages], {stage.name: stage.patience for stage in stages}
        irreversible_names = {stage.name for stage in stages if stage.irreversible}
        if not row.stage:
            row.stage = names[0]
        while True:
            irreversible = row.stage in irreversible_names and row.state == State.SENDING
            if attempt is None:
                if self.stopping:
                    await self.journal.finish(row, decide.hand_back(row, _now()))
                    return
                attempt = await self.journal.begin(row, row.stage, irreversible, work.made)
            work.made = None
            if attempt is None:
                # Taken over, or paused or withdrawn in this moment; the next claim looks again.
                await self.journal.finish(row, decide.hand_back(row, _now(), 1.0))
                return
            if irreversible and self._half_gone(row):
                verdict = decide.hand_back(row, _now())
                await self.journal.finish(row, verdict, Record(attempt, "not_started"))
                return
            result = await self.call_stage(work, outgoing, session, irreversible)
            verdict = decide.after_stage(
                row,
                result,
                irreversible=irreversible,
                stages=names,
                now=_now(),
                pace=self.pace,
                patience=patience.get(row.stage, 0.0),
            )
            health = await note_health(row, session, result)
            if isinstance(result, NeedsReconnect) and health == Health.RECONNECT and verdict.state == State.WAITING:
                verdict = decide.hold(row, result.problem)
            record = record_of(attempt, result, session)
            attempt = None
            if not await self.journal.finish(row, verdict, record, None if verdict.goes_on else then):
                return
            if not verdict.goes_on:
                return

    async def call_stage(self, work: Work, outgoing: Outgoing, session: Session, irreversible: bool) -> StageResult:
        """Run the row's stage, within what its lease allows. Any exception is Unknown."""
        row = work.row

        def call() -> Awaitable[StageResult]:
            return work.publisher.run(row.stage, outgoing, dict(row.checkpoint), work.facts, session)

        if not irreversible:
            return await self._bounded(row, call, self.pace.reversible, renew=True)
        token = may_send.set(lambda: not self._half_gone(row))
        try:
            # Broken off before the lease ends: then nobody else can be looking yet.
            seconds = row.lease_ends - boot_clock() - 0.1 * self.pace.lease
            return await self._bounded(row, call, seconds, renew=False)
        finally:
            may_send.reset(token)

    async def _bounded(
        self, row: Claimed, call: Callable[[], Awaitable[StageResult]], seconds: float, *, renew: bool
    ) -> StageResult:
        """Any exception or timeout is Unknown: who can say what had been done by then."""
        keeper = asyncio.create_task(self._keep_lease(row)) if renew else None
        try:
            async with asyncio.timeout(max(seconds, 0.05)):
                return await call()
        except TimeoutError:
            return Unknown(problems.fill_params(problems.CALL_TIMEOUT, seconds=round(seconds)))
        except Exception as error:  # noqa: BLE001 - the contract: an exception inside a stage is an unknown outcome
            log_error(row, error)
            return Unknown(problems.fill_params(problems.CALL_BROKE, error=type(error).__name__))
        finally:
            if keeper is not None:
                keeper.cancel()

    async def _keep_lease(self, row: Claimed) -> None:
        while True:
            await asyncio.sleep(self.pace.lease / 3)
            if not await self.journal.renew(row):
                return

    def _half_gone(self, row: Claimed) -> bool:
        return row.lease_ends - boot_clock() < self.pace.lease / 2

    # Looking

    async def _reconcile(self, work: Work, outgoing: Outgoing, session: Session) -> None:
        row = work.row
        if row.uncertain_since is None:
            row.uncertain_since = _now()
        if (ref := parse_ref(row.witness)) is not None:
            # A worker that had lost its row came back with the network's own answer.
            await self.journal.finish(row, decide.sent(row, ref, row.uncertain_since))
            return
        attempt = await self.journal.begin(row, "find", False)
        if attempt is None:
            return
        found = await self._look(work, outgoing, session)
        settle = self.pace.settle
        if settle is None:
            settle = settle_time(work.connector.info, work.facts.limits, row.waited)
        verdict = decide.after_look(
            row, found, settle=settle, idempotent=work.connector.info.idempotent, now=_now(), pace=self.pace
        )
        if not await self.journal.finish(row, verdict, record_of(attempt, found, session)) or not verdict.repeat:
            return
        await self._repeat(work, outgoing, session, settle)

    async def _look(self, work: Work, outgoing: Outgoing, session: Session) -> Reconciliation:
        row = work.row
        seconds = self.pace.lease * 0.4
        try:
            async with asyncio.timeout(seconds):
                return await work.publisher.find_delivery(outgoing, dict(row.checkpoint), work.facts, session)
        except TimeoutError:
            return CannotTell(problems.fill_params(problems.CALL_TIMEOUT, seconds=round(seconds)))
        except Exception as error:  # noqa: BLE001 - a look that fails tells nothing
            log_error(row, error)
            return CannotTell(problems.fill_params(problems.CALL_BROKE, error=type(error).__name__))

    async def _repeat(self, work: Work, outgoing: Outgoing, session: Session, settle: float) -> None:
        row = work.row
        stages = [stage.name for stage in work.publisher.stages(outgoing, work.facts) if stage.irreversible]
        row.stage = stages[0]
        attempt = None if self.stopping else await self.journal.begin(row, row.stage, True)
        if attempt is None or self._half_gone(row):
            await self.journal.finish(
                row, decide.hand_back(row, _now(), 1.0), Record(attempt, "not_started") if attempt else None
            )
            return
        session.exchanges.clear()
        result = await self.call_stage(work, outgoing, session, True)
        verdict = decide.after_repeat(row, result, settle=settle, now=_now(), pace=self.pace)
        await self.journal.finish(row, verdict, record_of(attempt, result, session))


async def note_health(row: Claimed, session: Session, result: StageResult) -> Health | None:
    """Note what a call says about its channel; None when that is nothing new. Whatever becomes of that, the result is
    still to be written: without it the outcome would be unknown."""
    try:
        return await _write_health(row, session, result)
    except Exception as error:  # noqa: BLE001 - the next call says the same of the channel
        log_error(row, error)
        return None


async def _write_health(row: Claimed, session: Session, result: StageResult) -> Health | None:
    if isinstance(result, NeedsReconnect):
        used = dict(session.credentials)
        return await in_thread(_record_health, row, Health.RECONNECT, result.problem, used=used)
    if isinstance(result, ChannelTrouble):
        return await in_thread(_record_health, row, Health.UNREACHABLE, result.problem, certain=True)
    if isinstance(result, Sent | Processing) and (row.access.health != Health.OK or row.access.health_failures):
        return await in_thread(_record_health, row, Health.OK, None)
    return None


def _bear(work: Work, at: datetime) -> None:
    """Content that was made some seconds before its time bears the moment at which it goes out."""
    assert work.frozen is not None
    assert work.made is not None
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    work.frozen = work.frozen.model_copy(update={"created_at": at})
    for content in work.made.values():
        content["created_at"] = at.isoformat()


def open_work(work: Work) -> tuple[Outgoing, Session]:
    """What its connector gets. Raises VaultError."""
    row, access = work.row, work.row.access
    sealed = access.grant_id, access.credentials, row.channel_id, access.own_credentials
    credentials = open_credentials(*sealed)
    session = make_session(access.network, access.base_url, credentials, Keeper(row.workspace_id, row.channel_id))
    assert work.frozen is not None
    return thaw(work.frozen, row.id, work.opened, parse_ref(row.root), parse_ref(row.reply_to)), session


def _list_owned(row: Claimed) -> frozenset[tuple[str, str]]:
    """What stands on the network for other deliveries of the channel, since shortly before this one was begun."""
    begun = row.first_call or row.uncertain_since or _now()
    with workspace_scope(row.workspace_id):
        others = Publication.objects.filter(channel_id=row.channel_id, published_at__gt=begun - OWNED_SINCE)
        listed = others.exclude(delivery_id=row.id).values_list("data__type", "remote_id")
        return frozenset((str(kind or ""), remote_id) for kind, remote_id in listed)


def _record_health(row: Claimed, health: Health, problem: Problem | None, **how: Any) -> Health:
    with workspace_scope(row.workspace_id):
        return record_health(Channel.objects.get(id=row.channel_id), health, problem, **how)


def record_of(attempt: Any, result: StageResult | Reconciliation, session: Session) -> Record:
    """The journal's line on an answer."""
    record = Record(attempt, evidence=list(session.exchanges), quotas=dict(session.quotas))
    session.exchanges.clear()
    session.quotas.clear()
    match result:
        case Sent(ref) | Found(ref):
            record.outcome = "sent" if isinstance(result, Sent) else "found"
            record.params = {"ref": render_ref(ref)}
        case Processing(_, check_after):
            record.outcome, record.params = "processing", {"seconds": check_after}
        case Rejected(problem):
            _note(record, "rejected", problem)
        case Later(after, reason, bucket):
            _note(record, "later", reason)
            if bucket is not None:
                at = datetime.fromtimestamp(_now().timestamp() + after, UTC)
                record.quotas = {**record.quotas, bucket: Quota(bucket, remaining=0, resets_at=at, blocked_until=at)}
        case NeedsReconnect(problem):
            _note(record, "reconnect", problem)
        case ChannelTrouble(problem):
            _note(record, "trouble", problem)
        case Restart(_, _, reason):
            _note(record, "restart", reason)
        case Unknown(reason):
            _note(record, "unknown", reason)
        case AbsentAsOf(time):
            record.outcome, record.params = "absent", {"time": time.isoformat()}
        case CannotTell(reason, candidates):
            _note(record, "cannot_tell", reason)
            record.params = {**record.params, "candidates": len(candidates)}
        case _:
            record.outcome = "done"
    return record


def _note(record: Record, outcome: str, problem: Problem) -> None:
    stored = problems.render_problem(problem)
    record.outcome, record.message, record.params = outcome, stored["message"], stored["params"]


def _now() -> datetime:
    return datetime.now(UTC)


def log_error(row: Claimed, error: BaseException) -> None:
    """Where it happened, without the message: messages may quote what was sent."""
    places = "".join(traceback.format_tb(error.__traceback__)[-4:])
    log.error("delivery %s: %s at\n%s", row.id, type(error).__name__, places)
