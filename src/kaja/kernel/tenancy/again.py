"""Work of one workspace in one transaction, done again when the database ended it for no fault of its own."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from django.db import OperationalError, connection

from kaja.kernel.tenancy.scope import workspace_scope

T = TypeVar("T")
DEADLOCK, SERIALIZATION = "40P01", "40001"  # https://www.postgresql.org/docs/15/errcodes-appendix.html, November 2026


def is_to_repeat(error: BaseException) -> bool:
    """Whether the database ended a transaction only because of another one; nothing of it is left."""
    return isinstance(error, OperationalError) and getattr(error.__cause__, "sqlstate", "") in (DEADLOCK, SERIALIZATION)


def run_in_workspace(workspace_id: UUID, work: Callable[[], T], forget: Callable[[], None] = lambda: None) -> T:
    """Do the work inside the workspace's scope. After a deadlock it is done once more; `forget` takes back before that
    what the first try left outside the database."""
    try:
        with workspace_scope(workspace_id):
            return work()
    except OperationalError as error:
        if connection.in_atomic_block or not is_to_repeat(error):
            raise
    forget()
    with workspace_scope(workspace_id):
        return work()
