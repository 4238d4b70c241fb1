"""Sending what waits. It may come twice (a worker that dies between the answer and its note sends the same again, with
the same `webhook-id`), and is never lost: it waits until it was noted as taken.

A lane of its own for each endpoint: one that is slow holds up no other, and is spoken to by one worker at a time.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from kaja.kernel.beside import run_beside, run_surely_beside
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, gettext_noop, render_problem
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.networks.kit.http import Session, TransportError, run_blocking
from kaja.networks.kit.outcome import parse_retry_after
from kaja.outgoing.models import Endpoint, Off, Sending, SendingState, SendingTry
from kaja.outgoing.secrets import sign
from kaja.workspaces import policy
from kaja.workspaces.notices import create_notice

SECONDS = 15.0
"""How long an endpoint may take to answer."""
LANE = 20.0
"""How long one endpoint is sent to in one go."""
LEASE = timedelta(seconds=120)
LANES = 20
ROUNDS = 10
DELAYS = tuple(timedelta(seconds=each) for each in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))
"""The specification's: after the last one, some three days, it is given up."""
FAILS_FOR = timedelta(days=5)
"""Without one success, until it is switched off."""
KEPT = 1000
MOST_BYTES = 256 * 1024
GONE = 410
NOT_TAKEN = Problem("endpoint_refused", gettext_noop("The endpoint answered with status %(status)s."))
SWITCHED_OFF = {
    Off.GONE: gettext_noop("The webhook “%(name)s” is switched off: its server answered that it wants no more."),
    Off.FAILING: gettext_noop("The webhook “%(name)s” is switched off: for five days nothing could be told to it."),
}
GIVEN_UP = gettext_noop("Something could not be told to the webhook “%(name)s” for three days. You can send it again.")


@dataclass(frozen=True)
class Ready:
    """One request that is about to go out."""

    sending_id: UUID
    address: str
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Result:
    """What came of it."""

    at: datetime
    seconds: float
    status: int | None = None
    answer: str = ""
    problem: Problem | None = None
    patience: timedelta = timedelta(0)
    """How long the endpoint wants to be left alone."""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


Lane = tuple[UUID, UUID]
"""A workspace and an endpoint of it."""


def send_due() -> None:
    """Send everything that is due. Outside any scope."""
    for _ in range(ROUNDS):
        lanes = find_lanes()
        if not lanes:
            return
        run_blocking(lambda: _send_all(lanes))  # noqa: B023 - it is over before the next round


def find_lanes() -> list[Lane]:
    """Endpoints for which something is due and to which nobody is speaking. Nothing is told from a workspace that is
    held: it may be a copy, and the original tells it."""
    moment = now()
    with system_scope(SystemPurpose.JOB_DISPATCH):
        rows = Sending.objects.filter(state=SendingState.WAITING, next_at__lte=moment, workspace__held_at=None)
        free = Q(endpoint__busy_until=None) | Q(endpoint__busy_until__lte=moment)
        found = rows.filter(free, endpoint__off_at=None).order_by("workspace_id", "endpoint_id")
        return list(found.values_list("workspace_id", "endpoint_id").distinct()[:LANES])


def find_next() -> datetime | None:
    """When something is due within a minute; what is later has the sweep."""
    moment = now()
    with system_scope(SystemPurpose.JOB_DISPATCH):
        rows = Sending.objects.filter(state=SendingState.WAITING, next_at__gt=moment, endpoint__off_at=None)
        soon = rows.filter(next_at__lte=moment + timedelta(minutes=1), workspace__held_at=None)
        return soon.order_by("next_at").values_list("next_at", flat=True).first()


async def _send_all(lanes: list[Lane]) -> None:
    """What goes wrong with one endpoint harms no other; the job fails with the first of it, and comes again."""
    ended = await asyncio.gather(*(_send_lane(*lane) for lane in lanes), return_exceptions=True)
    for each in ended:
        if isinstance(each, BaseException):
            raise each


async def _send_lane(workspace_id: UUID, endpoint_id: UUID) -> None:
    fence = await run_beside(lambda: take_lane(workspace_id, endpoint_id))
    if fence is None:
        return
    end = time.monotonic() + LANE
    while time.monotonic() < end:
        ready = await run_beside(lambda: find_ready(workspace_id, endpoint_id, fence))
        if ready is None:
            break
        result = await send(ready)
        await run_surely_beside(lambda: note_result(workspace_id, endpoint_id, fence, ready.sending_id, result))  # noqa: B023
    await run_surely_beside(lambda: leave_lane(workspace_id, endpoint_id, fence))


def take_lane(workspace_id: UUID, endpoint_id: UUID) -> int | None:
    """Begin to speak with an endpoint; None when somebody else does."""
    moment = now()
    with workspace_scope(workspace_id):
        free = Q(busy_until=None) | Q(busy_until__lte=moment)
        row = lock(Endpoint.objects.filter(free, id=endpoint_id, off_at=None), skip_locked=True).first()
        if row is None:
            return None
        row.fence += 1
        row.busy_until = moment + LEASE
        row.save(update_fields=["fence", "busy_until"])
        return row.fence


def leave_lane(workspace_id: UUID, endpoint_id: UUID, fence: int) -> None:
    """Let others speak with it."""
    with workspace_scope(workspace_id):
        Endpoint.objects.filter(id=endpoint_id, fence=fence).update(busy_until=None)


def find_ready(workspace_id: UUID, endpoint_id: UUID, fence: int) -> Ready | None:
    """What is due first, signed for this moment; None when there is nothing, or somebody else took the lane."""
    moment = now()
    with workspace_scope(workspace_id):
        rows = Sending.objects.filter(
            endpoint_id=endpoint_id, endpoint__fence=fence, endpoint__off_at=None, state=SendingState.WAITING,
            next_at__lte=moment,
        )  # fmt: skip
        row = rows.select_related("endpoint", "event").order_by("next_at", "id").first()
        if row is None:
            return None
        message_id, body = f"msg_{row.event_id.hex}", row.event.body
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": sign(row.endpoint, message_id, moment, body),
        }
        return Ready(row.id, row.endpoint.address, headers, body)


async def send(ready: Ready) -> Result:
    """One request. Whatever comes of it is a result."""
    at, begun = now(), time.monotonic()
    session = Session(allow_private=settings.PRIVATE_HOSTS_ALLOWED)
    try:
        answer = await session.request(
            "POST", ready.address, content=ready.body.encode(), headers=ready.headers, timeout=SECONDS,
            max_bytes=MOST_BYTES, redirects=0,
        )  # fmt: skip
    except TransportError as error:
        return Result(at, time.monotonic() - begun, problem=error.problem)
    seconds = time.monotonic() - begun
    said = answer.text.replace("\0", "")[:KEPT]
    if answer.ok:
        return Result(at, seconds, answer.status, said)
    problem = Problem(NOT_TAKEN.code, NOT_TAKEN.message, params={"status": answer.status})
    return Result(at, seconds, answer.status, said, problem, timedelta(seconds=parse_retry_after(answer, now()) or 0))


def note_result(workspace_id: UUID, endpoint_id: UUID, fence: int, sending_id: UUID, result: Result) -> None:
    """Write down what came of a try, as long as the lane is still ours: else somebody sends it again."""
    with workspace_scope(workspace_id):
        endpoint = lock(Endpoint.objects.filter(id=endpoint_id, fence=fence)).first()
        row = lock(Sending.objects.filter(id=sending_id)).first()
        if endpoint is None or row is None:
            return
        SendingTry.objects.create(
            sending=row, at=result.at, seconds=round(result.seconds, 3), status=result.status, answer=result.answer,
            problem=render_problem(result.problem) if result.problem else None,
        )  # fmt: skip
        row.tries += 1
        if result.taken:
            row.state, row.next_at = SendingState.SENT, None
            endpoint.failing_since = None
        else:
            endpoint.failing_since = endpoint.failing_since or result.at
            _plan_again(row, endpoint, result)
        row.save(update_fields=["state", "next_at", "tries"])
        endpoint.save(update_fields=["failing_since", "off_at", "off_why"])


def _plan_again(row: Sending, endpoint: Endpoint, result: Result) -> None:
    moment = now()
    if result.status == GONE:
        row.state, row.next_at = SendingState.FAILED, None
        _switch_off(endpoint, Off.GONE)
        return
    if row.tries > len(DELAYS):
        row.state, row.next_at = SendingState.FAILED, None
        _notify(endpoint, "webhook.failed", GIVEN_UP)
    else:
        row.next_at = moment + max(DELAYS[row.tries - 1], result.patience)
    if endpoint.failing_since is not None and moment - endpoint.failing_since > FAILS_FOR:
        _switch_off(endpoint, Off.FAILING)


def _switch_off(endpoint: Endpoint, why: Off) -> None:
    if endpoint.off_at is None:
        endpoint.off_at, endpoint.off_why = now(), why
        _notify(endpoint, "webhook.off", SWITCHED_OFF[why])


def _notify(endpoint: Endpoint, kind: str, message: str) -> None:
    path, permission = f"settings/webhooks/{endpoint.id}/", policy.Permission.MANAGE
    create_notice(
        kind, message, {"name": endpoint.name}, path=path, permission=permission, owner=endpoint.created_by_id
    )
