"""Private replies are planned in the background: reading does not wait for them."""

from uuid import UUID

from kaja.inbox.events import MessagesCame
from kaja.inbox.privately.models import PrivateReply
from kaja.inbox.privately.planning import plan_private
from kaja.kernel.jobs import job
from kaja.kernel.tenancy import entered_workspace_id, run_in_workspace


@job("inbox.plan_private")
def plan_private_for(workspace: str, messages: list[str]) -> None:
    """Plan what comments that came in ask for."""
    ids = [UUID(each) for each in messages]
    run_in_workspace(UUID(workspace), lambda: plan_private(ids))


def plan_privately(event: MessagesCame) -> None:
    """In the transaction that keeps the messages, so that none is forgotten; nothing where none is switched on."""
    if PrivateReply.objects.filter(on_since__isnull=False).exists():
        plan_private_for.defer(
            workspace=str(entered_workspace_id()), messages=[str(each) for each in event.message_ids]
        )
