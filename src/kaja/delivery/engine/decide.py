"""What happens to a delivery next: pure functions from a row and an answer to a verdict. No clock, no database.

The rules that keep a post from being lost or doubled stand here: only a result that says "nothing stands there" leads
back to sending; everything else that is not "sent" is looked up on the network first.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from kaja.delivery import problems
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.row import Claimed
from kaja.delivery.models import State
from kaja.delivery.states import check_move
from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Idempotent, is_idempotent
from kaja.networks.kit.outcome import PROCESSING
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    ChannelTrouble,
    Checkpoint,
    Found,
    Later,
    NeedsReconnect,
    Next,
    Processing,
    Reconciliation,
    Rejected,
    RemoteRef,
    Restart,
    Sent,
    StageResult,
    Unknown,
)

CONFIRM = "confirm"
PATIENT_UNTIL = "patient_until"
"""In a checkpoint: until when the network's own work makes no post late."""


@dataclass(frozen=True)
class Verdict:
    """How the row stands afterwards. `next_at` None: it sleeps until something else happens."""

    state: State
    next_at: datetime | None = None
    stage: str = ""
    checkpoint: Checkpoint = field(default_factory=dict)
    tries: int = 0
    uncertain_since: datetime | None = None
    needs_person: bool = False
    problem: Problem | None = None
    candidates: tuple[dict[str, Any], ...] = ()
    ref: RemoteRef | None = None
    sent_at: datetime | None = None
    announce: str = ""
    goes_on: bool = False
    """The same worker runs the next stage now, under the same lease."""
    repeat: bool = False
    """The same worker makes the irreversible call again, with the same idempotency key."""


@dataclass(frozen=True)
class Ahead:
    """How a row stands of which something was staged before its time. `at`: when a worker looks at it again for that;
    None: nothing is left to stage, or it is left to the usual way."""

    stage: str
    checkpoint: Checkpoint
    at: datetime | None = None
    goes_on: bool = False
    """The same worker runs the next stage now, under the same lease."""


def after_ahead(
    row: Claimed, result: StageResult, *, stages: Sequence[str], ahead: Collection[str], now: datetime, pace: Pace
) -> Ahead:
    """What becomes of a row after one stage that ran before its time. A failure tells nobody anything yet: it is tried
    again after a growing pause, and when the time comes the usual way goes on from where this came to."""
    match result:
        case Next(checkpoint):
            stage = _stage_after(row.stage, stages)
            more = stage in ahead and now < row.due_at
            return Ahead(stage, checkpoint, now if more else None, goes_on=more)
        case Restart(stage, checkpoint, _):
            return put_off_ahead(row, now, pace, stage=stage, checkpoint=checkpoint)
        case Later(after, _):
            return put_off_ahead(row, now, pace, after)
        case Rejected():
            return Ahead(row.stage, row.checkpoint)
        case _:
            return put_off_ahead(row, now, pace)


def forbids_ahead(row: Claimed, now: datetime) -> bool:
    """Whether nothing of it is to be staged now; before its time nobody is told why."""
    until = row.access.quota_until
    return row.access.disconnected or row.access.health == "reconnect" or (until is not None and until > now)


def put_off_ahead(
    row: Claimed,
    now: datetime,
    pace: Pace,
    after: float = 0.0,
    *,
    stage: str = "",
    checkpoint: Checkpoint | None = None,
) -> Ahead:
    """Staged again later, if its time has not come by then."""
    at = now + _seconds(max(after, pace.pause(row.ahead_tries - 1)))
    kept = row.checkpoint if checkpoint is None else checkpoint
    return Ahead(stage or row.stage, kept, at if at < row.due_at else None)


def _verdict(row: Claimed, state: State, **own: Any) -> Verdict:
    check_move(row.state, state)
    return Verdict(state, **{"stage": row.stage, "checkpoint": row.checkpoint, **own})


def _wait(row: Claimed, at: datetime | None, problem: Problem | None, **own: Any) -> Verdict:
    """Waiting keeps processing and uncertain rows in their state: they are past the point of being sent again."""
    state = State.WAITING if row.state == State.SENDING else row.state
    return _verdict(row, state, next_at=at, problem=problem, uncertain_since=row.uncertain_since, **own)


def _seconds(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def is_late(row: Claimed, now: datetime) -> bool:
    return row.late_limit_minutes is not None and now > _limit_of(row.due_at, row.late_limit_minutes, row.checkpoint)


def _limit_of(due_at: datetime, minutes: int, checkpoint: Checkpoint) -> datetime:
    """From when on it is too late; what the network took for its own work on the files is not counted."""
    limit = due_at + timedelta(minutes=minutes)
    until = checkpoint.get(PATIENT_UNTIL)
    return max(limit, datetime.fromisoformat(until)) if until else limit


def _not_beyond_limit(row: Claimed, at: datetime, now: datetime, checkpoint: Checkpoint | None = None) -> datetime:
    """Who waits past the late limit will be missed: the author hears of it then, not when the network would let it."""
    if row.late_limit_minutes is None:
        return at
    kept = row.checkpoint if checkpoint is None else checkpoint
    limit = _limit_of(row.due_at, row.late_limit_minutes, kept) + _seconds(1)
    return min(at, max(limit, now + _seconds(1)))


def withdrawn(row: Claimed) -> Verdict:
    """Its source does not want it to be sent any more."""
    return _verdict(row, State.CANCELLED, problem=problems.WITHDRAWN)


def before_sending(row: Claimed, now: datetime) -> Verdict | None:
    """What forbids the sending of a claimed row; None when nothing does."""
    if not row.allowed:
        return withdrawn(row)
    if row.access.disconnected:
        return hold(row, problems.DISCONNECTED)
    if row.access.health == "reconnect":
        return hold(row, problems.RECONNECT)
    if is_late(row, now):
        problem = problems.fill_params(problems.MISSED, minutes=row.late_limit_minutes)
        return _verdict(row, State.MISSED, problem=problem, needs_person=True, announce="missed")
    return None


def without_budget(row: Claimed, now: datetime) -> Verdict | None:
    """It waits until the network takes more from the channel; None when it does."""
    until = row.access.quota_until
    if until is None or until <= now:
        return None
    return _wait(row, _not_beyond_limit(row, until, now), problems.QUOTA, tries=row.tries)


def refused(row: Claimed, problem: Problem) -> Verdict:
    """It cannot be sent as it is; nothing was sent. Of what the network may have, a person says what became of it."""
    if row.state in (State.UNCERTAIN, State.PROCESSING):
        asked = {"needs_person": True, "announce": "" if row.needs_person else "uncertain"}
        since = row.uncertain_since
        return _verdict(row, State.UNCERTAIN, problem=problems.CHOOSE, uncertain_since=since, **asked)
    if row.state == State.SCHEDULED:
        return _wait(row, row.due_at, None)  # before its time: then it is said, if it is still so
    return _verdict(row, State.FAILED, problem=problem, needs_person=True, announce="failed")


def before_locked(row: Claimed) -> Verdict:
    """The credentials do not open: a matter for the operator, and nothing was sent."""
    return hold(row, problems.CREDENTIALS_LOCKED)


def hold(row: Claimed, problem: Problem) -> Verdict:
    """It waits, asleep, until the channel works again."""
    return _wait(row, None, problem, tries=row.tries, needs_person=True, announce="" if row.needs_person else "held")


def hand_back(row: Claimed, now: datetime, after: float = 0.0) -> Verdict:
    """Nothing was called: the row goes back as it was and may be taken at once."""
    return _wait(row, now + _seconds(after), None, tries=row.tries, needs_person=row.needs_person)


def behind_twin(row: Claimed, now: datetime, pace: Pace) -> Verdict:
    """What looks like it may stand there already: sent now, nobody could tell the two apart."""
    at = _not_beyond_limit(row, now + _seconds(min(pace.pause(row.tries), pace.twin_pause)), now)
    return _wait(row, at, problems.TWIN, tries=row.tries + 1)


def put_off(row: Claimed, now: datetime, pace: Pace) -> Verdict:
    """An error of Kaja itself before any call: it comes again, each time later."""
    at = now + _seconds(pace.pause(row.tries))
    if row.state == State.SENDING:
        at = _not_beyond_limit(row, at, now)
    problem = problems.SEEKING if row.state == State.UNCERTAIN else None
    return _wait(row, at, problem, tries=row.tries + 1, needs_person=row.needs_person)


def after_stage(
    row: Claimed,
    result: StageResult,
    *,
    irreversible: bool,
    stages: Sequence[str],
    now: datetime,
    pace: Pace,
    patience: float = 0.0,
) -> Verdict:
    """The verdict on one stage of a row that is being sent or processed; `patience` is the stage's."""
    match result:
        case Sent(ref):
            return sent(row, ref, now)
        case Next(checkpoint):
            stage = _stage_after(row.stage, stages)
            # Behind the irreversible stage nothing may lead back to sending.
            state = State.PROCESSING if irreversible else row.state
            return _verdict(row, state, stage=stage, checkpoint=checkpoint, next_at=now, goes_on=True)
        case Processing(checkpoint, check_after):
            return _verdict(
                row, State.PROCESSING, stage=CONFIRM, checkpoint=checkpoint, next_at=now + _seconds(check_after)
            )
        case Rejected(problem):
            return _verdict(row, State.FAILED, problem=problem, needs_person=True, announce="failed")
        case Later(after, reason):
            wait = max(after, pace.pause(row.tries) if after <= 0 else 0.0)
            at, checkpoint = now + _seconds(wait), row.checkpoint
            if patience and reason.code == PROCESSING and PATIENT_UNTIL not in checkpoint:
                checkpoint = {**checkpoint, PATIENT_UNTIL: (now + _seconds(patience)).isoformat()}
            if row.state == State.SENDING:
                at = _not_beyond_limit(row, at, now, checkpoint)
            return _wait(row, at, reason, tries=row.tries + 1, checkpoint=checkpoint)
        case ChannelTrouble(problem):
            return hold(row, problem)
        case Restart(_, _, reason) if row.state != State.SENDING:
            return uncertain(row, reason, now, pace)  # it was accepted already: only looking can tell
        case Restart(stage, checkpoint, reason):
            at = now + _seconds(pace.pause(row.tries) if row.tries else 0.0)
            again = {"stage": stage, "checkpoint": checkpoint, "tries": row.tries + 1}
            return _wait(row, _not_beyond_limit(row, at, now), reason, **again)
        case NeedsReconnect(problem):
            # The caller replaces the time by "asleep" when the channel turns out to be disconnected for good.
            return _wait(row, now + _seconds(pace.pause(row.tries)), problem, tries=row.tries + 1)
        case Unknown(reason):
            if irreversible:
                return uncertain(row, reason, now, pace)
            if row.state == State.PROCESSING and row.tries >= 20:
                return uncertain(row, reason, now, pace)
            return _wait(row, now + _seconds(pace.pause(row.tries)), reason, tries=row.tries + 1)


def _stage_after(stage: str, stages: Sequence[str]) -> str:
    place = list(stages).index(stage) if stage in stages else -1
    return stages[place + 1] if place + 1 < len(stages) else CONFIRM


def sent(row: Claimed, ref: RemoteRef, at: datetime) -> Verdict:
    """It is on the network."""
    return _verdict(row, State.SENT, stage="", checkpoint={}, ref=ref, sent_at=at, announce="sent")


def uncertain(row: Claimed, reason: Problem, ended: datetime, pace: Pace) -> Verdict:
    """Nobody knows; the look-up begins soon, because finding it is conclusive at any time."""
    return _verdict(
        row, State.UNCERTAIN, problem=reason, uncertain_since=ended, next_at=ended + _seconds(pace.first_look)
    )


def may_repeat(row: Claimed, *, idempotent: bool, now: datetime, pace: Pace) -> bool:
    """Whether the irreversible call may be made again with the same key instead of waiting for certainty."""
    if not idempotent or row.first_call is None or not row.allowed or row.access.disconnected:
        return False
    fresh = now - row.first_call < _seconds(pace.repeat_within)
    return fresh and not is_late(row, now) and row.tries < pace.look_tries and row.access.health != "reconnect"


def after_look(
    row: Claimed, found: Reconciliation, *, settle: float, idempotent: Idempotent, now: datetime, pace: Pace
) -> Verdict:
    """The verdict on one look at the network for an uncertain row. `idempotent` is what the network says of itself."""
    assert row.uncertain_since is not None
    repeatable = is_idempotent(idempotent, row.access.facts.get("limits") or {})
    settled = row.uncertain_since + _seconds(settle)
    match found:
        case Found(ref):
            return sent(row, ref, row.uncertain_since)
        case AbsentAsOf(time) if time > settled:
            return _verdict(row, State.WAITING, next_at=now, problem=None)
        case AbsentAsOf():
            if may_repeat(row, idempotent=repeatable, now=now, pace=pace):
                return _wait(row, now, row_problem(row), tries=row.tries, repeat=True)
            return _wait(row, max(settled, now) + _seconds(0.5), row_problem(row), tries=row.tries)
        case CannotTell(reason, candidates, after):
            near = row.first_call or row.uncertain_since
            candidates = tuple(sorted(candidates, key=lambda each: abs(_age(each.posted_at, near))))
            shown = tuple(
                {
                    "id": each.ref.id,
                    "url": each.ref.url,
                    "text": each.text[:300],
                    "posted_at": each.posted_at.isoformat() if each.posted_at else None,
                    "data": dict(each.ref.data),
                }
                for each in candidates[:10]
            )
            if after <= 0 and may_repeat(row, idempotent=repeatable, now=now, pace=pace):
                return _wait(row, now, reason, tries=row.tries, candidates=shown, repeat=True)
            return _unsettled(row, reason, shown, settled, now, pace, after)


def after_repeat(row: Claimed, result: StageResult, *, settle: float, now: datetime, pace: Pace) -> Verdict:
    """The verdict on a repeated call with the same key: only success is news, anything else leaves the doubt."""
    match result:
        case Sent(ref):
            return sent(row, ref, now)
        case Processing(checkpoint, check_after):
            return _verdict(
                row, State.PROCESSING, stage=CONFIRM, checkpoint=checkpoint, next_at=now + _seconds(check_after)
            )
        case Next(checkpoint):
            return _verdict(row, State.PROCESSING, stage=CONFIRM, checkpoint=checkpoint, next_at=now)
        case Unknown(reason):
            row.uncertain_since = now  # the doubt is about this later call too
            return _unsettled(row, reason, (), now + _seconds(settle), now, pace)
        case Later(after, reason):
            at = now + _seconds(max(after, pace.pause(row.tries)))
            return _wait(row, at, reason, tries=row.tries + 1)
        case Rejected(problem) | NeedsReconnect(problem) | ChannelTrouble(problem) | Restart(_, _, problem):
            # Perhaps refused because the first call had gone through: the look-ups decide, without more repeats.
            return _wait(row, now + _seconds(pace.pause(0)), problem, tries=pace.look_tries)


def _age(posted_at: datetime | None, near: datetime) -> float:
    return (posted_at - near).total_seconds() if posted_at is not None else float("inf")


def row_problem(row: Claimed) -> Problem:
    return problems.CHOOSE if row.needs_person else problems.SEEKING


def _unsettled(
    row: Claimed,
    reason: Problem,
    candidates: tuple[dict[str, Any], ...],
    settled: datetime,
    now: datetime,
    pace: Pace,
    after: float = 0.0,
) -> Verdict:
    """Look again after a growing pause; ask a person when the looks lead nowhere, and go on looking now and then."""
    assert row.uncertain_since is not None
    tries = row.tries + 1
    if tries < pace.look_tries or now < settled:
        pause = max(pace.pause(row.tries), after)
        return _wait(row, now + _seconds(pause), reason, tries=tries, candidates=candidates)
    fresh = now - row.uncertain_since < _seconds(pace.look_until)
    return _wait(
        row,
        now + _seconds(max(pace.look_again, after)) if fresh else None,
        problems.CHOOSE,
        tries=min(tries, 1000),
        needs_person=True,
        candidates=candidates,
        announce="" if row.needs_person else "uncertain",
    )
