"""Rows for the lists of crisis mode (`tests/web/test_listings.py`). Inside the workspace's scope."""

from datetime import timedelta

from kaja.content.models import Post
from kaja.crisis.models import AffectedConversation, Crisis, LogLine, PausedPost
from kaja.inbox.models import Conversation
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.workspaces.models import Workspace
from tests.web.inbox.conversations import make_channel, make_handle

CRISIS = new_id()


def fill_crises(workspace: Workspace, count: int) -> None:
    moment = clock.now()
    Crisis.objects.bulk_create(
        Crisis(workspace=workspace, name=f"c {n}", began_at=moment - timedelta(hours=n // 3), ended_at=moment)
        for n in range(count)
    )


def _crisis(workspace: Workspace) -> Crisis:
    return Crisis.objects.create(id=CRISIS, name="x", began_at=clock.now())


def fill_paused(workspace: Workspace, count: int) -> None:
    crisis, moment = _crisis(workspace), clock.now()
    for n in range(count):
        post = Post.objects.create(state="draft", summary=f"p{n}", document={"parts": [{"text": "x", "media": []}]})
        PausedPost.objects.create(crisis=crisis, post=post, at=moment, due_at=moment + timedelta(days=n // 3))


def fill_affected(workspace: Workspace, count: int) -> None:
    crisis, moment = _crisis(workspace), clock.now()
    channel = make_channel()
    for n in range(count):
        talk = Conversation.objects.create(
            channel=channel, thread=f"t{n}", kind="comments", last_at=moment - timedelta(minutes=n // 3),
            handle=make_handle(f"h{n}"),
        )  # fmt: skip
        AffectedConversation.objects.create(crisis=crisis, conversation=talk, is_in=True, at=moment)


def fill_lines(workspace: Workspace, count: int) -> None:
    crisis, moment = _crisis(workspace), clock.now()
    LogLine.objects.bulk_create(
        LogLine(
            workspace=workspace, crisis=crisis, at=moment - timedelta(seconds=n // 3), name="M", what="decision",
            text="x",
        )
        for n in range(count)
    )  # fmt: skip


CRISIS_LISTS = (
    ("crises", "crisis/", fill_crises, 9),
    ("crisis-posts", f"crisis/{CRISIS}/posts/", fill_paused, 13),
    ("crisis-talks", f"crisis/{CRISIS}/conversations/", fill_affected, 14),
    ("crisis-log", f"crisis/{CRISIS}/", fill_lines, 10),
)
"""Name, address, what fills it, and the number of queries."""
