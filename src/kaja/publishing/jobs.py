"""Background work of publishing. Thin: takes ids, enters the scope, calls an action."""

from uuid import UUID

from kaja.kernel.jobs import job
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.actions.changes import TryLater, carry_out_change, is_old

TRIES = 6


@job("publishing.change_publication", attempts=TRIES)
def change_publication(workspace: str, change: str) -> None:
    """Edit or delete on the network."""
    later = False
    with workspace_scope(UUID(workspace)):
        try:
            carry_out_change(UUID(change), last_try=is_old(UUID(change)))
        except TryLater:
            later = True
    if later:
        raise TryLater
