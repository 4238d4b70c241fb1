"""Rules are carried out in the background: reading does not wait for them."""

from uuid import UUID

from kaja.inbox.events import MessagesCame
from kaja.inbox.rules.actions import apply_rules
from kaja.inbox.rules.models import Rule
from kaja.kernel.jobs import job
from kaja.kernel.tenancy import entered_workspace_id, run_in_workspace


@job("inbox.apply_rules")
def apply_rules_to(workspace: str, messages: list[str]) -> None:
    """Carry out what is switched on for messages that came in."""
    ids = [UUID(each) for each in messages]
    run_in_workspace(UUID(workspace), lambda: apply_rules(ids))


def plan_rules(event: MessagesCame) -> None:
    """In the transaction that keeps the messages, so that none is forgotten; nothing where no rule is switched on."""
    if Rule.objects.filter(on_since__isnull=False).exists():
        apply_rules_to.defer(workspace=str(entered_workspace_id()), messages=[str(each) for each in event.message_ids])
