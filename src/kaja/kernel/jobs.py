"""Background work that may be repeated: Procrastinate behind one small face.

Irreversible calls do not belong here; they are deliveries (see `kaja.delivery`). A job takes ids, enters its
workspace's scope and calls an action.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, cast

from django.db import transaction
from procrastinate import RetryDecision, RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job as QueuedJob


class ComeAgain(Exception):
    """The job could not do its work yet; it comes again, and not before `after` seconds are over."""

    def __init__(self, after: float = 0.0) -> None:
        super().__init__(f"not before {after:.0f} s")
        self.after = after


class _Patient(RetryStrategy):
    """Growing pauses, at least as long as whoever was asked wants to be left alone."""

    def get_retry_decision(self, *, exception: BaseException, job: QueuedJob) -> RetryDecision | None:
        decision = super().get_retry_decision(exception=exception, job=job)
        if decision is not None and isinstance(exception, ComeAgain):
            at = datetime.now(UTC) + timedelta(seconds=exception.after)
            decision.retry_at = max(at, decision.retry_at) if decision.retry_at else at
        return decision


class Job(Protocol):
    """A registered job."""

    def defer(self, **arguments: Any) -> int: ...
    def configure(self, **options: Any) -> Any: ...


def defer_once(job: Job, what: str, at: datetime | None = None, **arguments: Any) -> bool:
    """Have a job done, now or at a moment, unless the same one waits already (`what` names it); False when it does.

    That one may begin before the caller's transaction ends: what it is to find should be committed before.
    """
    try:
        with transaction.atomic():  # a refused row must not spoil the caller's transaction
            job.configure(queueing_lock=what, schedule_at=at).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def job(name: str, *, attempts: int = 5, every: str | None = None) -> Callable[[Callable[..., None]], Job]:
    """Register a function as a job; failures are retried with growing pauses, `attempts` times in all.

    `every` is a cron expression; such a job receives `timestamp` (seconds since 1970).
    """

    def register(function: Callable[..., None]) -> Job:
        retry = _Patient(max_attempts=attempts, exponential_wait=4)
        task = app.task(name=name, retry=retry, queueing_lock=name if every else None)(function)
        return cast(Job, app.periodic(cron=every)(task) if every else task)

    return register
