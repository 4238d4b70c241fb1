"""Background work of publishing. Thin: takes ids, calls an action."""

from uuid import UUID

from kaja.kernel.jobs import job
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.changing import carry_out_change, is_old

TRIES = 6


@job("publishing.change_publication", attempts=TRIES)
def change_publication(workspace: str, change: str) -> None:
    """Edit or delete on the network. What has to wait comes again."""
    workspace_id, change_id = UUID(workspace), UUID(change)
    with workspace_scope(workspace_id):
        last_try = is_old(change_id)
    carry_out_change(workspace_id, change_id, last_try=last_try)
