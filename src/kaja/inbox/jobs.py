"""Background work of the inbox. Thin: takes ids, calls an action.

What comes back at its moment has a job of its own, so nothing is looked through again and again.
"""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from kaja.inbox.actions.returning import bring_back, remind_of
from kaja.inbox.retention.actions import delete_due
from kaja.inbox.targets.actions import tell_of_late, warn_of_due
from kaja.kernel.jobs import job
from kaja.kernel.tenancy import entered_workspace_id, run_in_workspace

__all__ = ["plan_reminder", "plan_wake", "remind", "wake"]


@job("inbox.warn_of_due", every="* * * * *")
def warn_of_due_answers(timestamp: int) -> None:
    """Tell of promises that are about to be broken, and of those that are."""
    warn_of_due()
    tell_of_late()


@job("inbox.forget_deleted", every="23 3 * * *")
def delete_what_is_over(timestamp: int) -> None:
    """Delete what workspaces keep no longer; the name is of the time when that was only what authors had deleted."""
    delete_due()


@job("inbox.wake")
def wake(workspace: str, conversations: list[str], until: str) -> None:
    """Bring back what is still snoozed until then."""
    ids = [UUID(each) for each in conversations]
    run_in_workspace(UUID(workspace), lambda: bring_back(ids, datetime.fromisoformat(until)))


@job("inbox.remind")
def remind(workspace: str, conversations: list[str], at: str) -> None:
    """Remind of those that are still waiting for an answer of the audience."""
    ids = [UUID(each) for each in conversations]
    run_in_workspace(UUID(workspace), lambda: remind_of(ids, datetime.fromisoformat(at)))


def plan_wake(conversation_ids: Collection[UUID], until: datetime) -> None:
    """In the caller's transaction."""
    wake.configure(schedule_at=until).defer(
        workspace=str(entered_workspace_id()), conversations=[str(each) for each in conversation_ids],
        until=until.isoformat(),
    )  # fmt: skip


def plan_reminder(conversation_ids: Collection[UUID], at: datetime) -> None:
    """In the caller's transaction."""
    remind.configure(schedule_at=at).defer(
        workspace=str(entered_workspace_id()), conversations=[str(each) for each in conversation_ids],
        at=at.isoformat(),
    )  # fmt: skip
