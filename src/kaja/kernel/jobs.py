"""Background work that may be repeated: Procrastinate behind one small face.

Irreversible calls do not belong here; they are deliveries (see `kaja.publishing`). A job takes ids, enters its
workspace's scope and calls an action.
"""

from collections.abc import Callable
from typing import Any, Protocol, cast

from django.db import transaction
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


class Job(Protocol):
    """A registered job."""

    def defer(self, **arguments: Any) -> int: ...
    def configure(self, **options: Any) -> Any: ...


def defer_once(job: Job, what: str, **arguments: Any) -> bool:
    """Have a job done unless the same one waits already (`what` names it); False when it does."""
    try:
        with transaction.atomic():  # a refused row must not spoil the caller's transaction
            job.configure(queueing_lock=what).defer(**arguments)
    except AlreadyEnqueued:
        return False
    return True


def job(name: str, *, attempts: int = 5, every: str | None = None) -> Callable[[Callable[..., None]], Job]:
    """Register a function as a job; failures are retried with growing pauses, `attempts` times in all.

    `every` is a cron expression; such a job receives `timestamp` (seconds since 1970).
    """

    def register(function: Callable[..., None]) -> Job:
        retry = RetryStrategy(max_attempts=attempts, exponential_wait=4)
        task = app.task(name=name, retry=retry, queueing_lock=name if every else None)(function)
        return cast(Job, app.periodic(cron=every)(task) if every else task)

    return register
