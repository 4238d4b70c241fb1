"""Posts and channels to plan with, and a calendar to ask."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from kaja.channels.models import Channel
from kaja.content import actions
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing import actions as publishing
from kaja.workspaces.models import Workspace
from tests.people import actor, browser

TALLINN = ZoneInfo("Europe/Tallinn")
Ask = Callable[..., Any]


def make_channel(workspace: Workspace, name: str = "Acme", network: str = "practice", **fields: Any) -> Channel:
    """A connected channel."""
    fields.setdefault("facts", {"limits": {"characters": 500}})
    with workspace_scope(workspace.id):
        return Channel.objects.create(network=network, account_id=name, name=name, handle=name.lower(), **fields)


def make_post(
    workspace: Workspace,
    text: str = "Good morning",
    at: datetime | None = None,
    channels: tuple[Channel, ...] = (),
    *,
    scheduled: bool = False,
    **fields: Any,
) -> Post:
    """A draft with a time, or a scheduled post."""
    with workspace_scope(workspace.id):
        post = actions.create_post(
            actor(workspace),
            Document(parts=(PartDocument(text=text),)),
            channels=[channel.id for channel in channels],
            due_at=at,
            **fields,
        )
        if scheduled:
            assert at is not None
            publishing.schedule_post(actor(workspace), post, at)
        return Post.objects.get(id=post.id)


def wall(text: str) -> datetime:
    """An instant, as the workspace's clock shows it."""
    return datetime.fromisoformat(text).replace(tzinfo=TALLINN)


def soon(days: int = 7, hour: int = 9) -> datetime:
    """Some days from now at a full hour of the workspace."""
    local = clock.now().astimezone(TALLINN) + timedelta(days=days)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


def local(moment: datetime | None) -> str:
    """An instant as the calendar writes it."""
    assert moment is not None
    return moment.astimezone(TALLINN).strftime("%Y-%m-%dT%H:%M")


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    return make_channel(workspace)


@pytest.fixture
def person(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def ask(person: Client) -> Ask:
    """POST JSON to the calendar: `ask("move", post=…, to=…)`."""

    def call(what: str, *, client: Client | None = None, slug: str = "acme", **body: Any) -> Any:
        data = json.dumps(body, default=str)
        return (client or person).post(f"/w/{slug}/calendar/{what}", data, content_type="application/json")

    return call


def undo_of(answer: Any) -> str:
    """The address of the undo that a step's message offers."""
    return str(answer.json()["flash"]).split('action="')[1].split('"')[0]


def reload(workspace: Workspace, post_id: UUID) -> Post:
    with workspace_scope(workspace.id):
        return Post.objects.get(id=post_id)
