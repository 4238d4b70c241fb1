"""A crisis that lasts, posts that are planned, and what became of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from kaja.channels.models import Channel
from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.crisis.actions import CrisisForm, start_crisis
from kaja.crisis.models import Crisis, PausedPost
from kaja.kernel import clock
from kaja.publishing.actions import schedule_post
from kaja.workspaces.models import Workspace
from tests.people import actor


def begin(workspace: Workspace, name: str = "Glass in the bread") -> Crisis:
    return start_crisis(actor(workspace), CrisisForm(name, "Two people wrote of it."))


def plan(
    workspace: Workspace,
    channels: Sequence[Channel],
    text: str = "Hello",
    *,
    due_at: datetime | None = None,
    **more: Any,
) -> Post:
    """A post that is planned, in a day unless told otherwise. Inside the scope."""
    document = Document(parts=(PartDocument(text=text),))
    post = create_post(actor(workspace), document, [channel.id for channel in channels], **more)
    schedule_post(actor(workspace), post, due_at or clock.now() + timedelta(days=1))
    return post


def outcomes(crisis: Crisis) -> dict[str, str]:
    """What became of each paused post, by its words."""
    return {row.post.summary: row.outcome for row in PausedPost.objects.filter(crisis=crisis).select_related("post")}
