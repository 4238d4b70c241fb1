"""Who has to know of changes in the inbox is told: rooms beside it at once, open pages when the transaction ends."""

from collections.abc import Collection
from uuid import UUID

from kaja.inbox.events import ConversationsChanged
from kaja.kernel.events import publish
from kaja.kernel.signals import notify_live, notify_live_each
from kaja.kernel.tenancy import entered_workspace_id

CONVERSATION, INBOX = "conversation", "inbox"
"""Topics: these conversations changed; there are conversations that were not there before."""


def tell_conversations(changed: Collection[UUID], new: bool = False) -> None:
    """Beyond some fifty the pages look at everything again."""
    if changed:
        publish(ConversationsChanged(tuple(sorted(changed))))
        notify_live_each(entered_workspace_id(), CONVERSATION, sorted(changed))
    if new:
        notify_live(entered_workspace_id(), INBOX)
