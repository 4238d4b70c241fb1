"""One row of every table of a crisis, for tests that look at all tables."""

from typing import Any

from kaja.content.models import Post
from kaja.crisis.models import AffectedConversation, Crisis, LogLine, PausedPost, Statement
from kaja.kernel import clock
from kaja.workspaces.actor import Actor


def fill_crisis(post: Post, conversation_id: Any, approver: Actor, mark: str) -> dict[str, str]:
    """A crisis that lasts. Inside the workspace's scope; gives the ids by the names that addresses give them."""
    now = clock.now()
    crisis = Crisis.objects.create(name=mark, why=mark, began_at=now, approvers=[str(approver.user_id)])
    PausedPost.objects.create(crisis=crisis, post=post, due_at=now, at=now)
    AffectedConversation.objects.create(crisis=crisis, conversation_id=conversation_id, is_in=True, at=now)
    LogLine.objects.create(crisis=crisis, at=now, name=mark, what="decision", text=mark)
    statement = Statement.objects.create(crisis=crisis, title=mark, texts={"en": mark}, written_at=now)
    return {
        "crisis_id": str(crisis.id),
        "statement_id": str(statement.id),
        "member_user": str(approver.user_id),
    }
