"""Channels on the practice network, posts for them, and an engine that runs beside the test."""

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any

from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel
from kaja.channels.sessions import render_facts
from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.delivery.engine.loop import Engine
from kaja.delivery.engine.pace import Pace
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import Session, run_blocking
from kaja.networks.practice import CONNECTOR
from kaja.publishing.actions import schedule_post
from kaja.publishing.models import PostDelivery
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Workspace
from tests.looping import running
from tests.needed import by_form
from tests.practice.running import PracticeServer

ACTOR = make_system_actor("tests")
QUICK = Pace(
    lease=6.0, poll=1.0, overdue_poll=0.05, first_look=0.2, pause_first=0.2, pause_longest=2.0, settle=3.0,
    look_again=600.0, claim_pause=0.01, flush=0.005, ahead_poll=0.2, ahead_least=0.0, ready_poll=0.5,
)  # fmt: skip


def connect_practice(practice: PracticeServer, workspace: Workspace, name: str, kind: str = "plain") -> Channel:
    """A channel of the workspace; made by the connector's own way of connecting."""
    session = Session(allow_private=["127.0.0.1"])
    connected = run_blocking(
        lambda: by_form(CONNECTOR).connect(
            {"name": name, "kind": kind, "base_url": practice.url}, practice.access, session
        )
    )
    with workspace_scope(workspace.id):
        channel = Channel(
            network="practice",
            account_id=connected.facts.account_id,
            base_url=connected.base_url,
            name=connected.facts.name,
            handle=connected.facts.handle,
            facts=render_facts(connected.facts),
        )
        channel.save()
        channel.grant = write_credentials(channel.id, connected.credentials)
    return channel


def make_post(
    workspace: Workspace, channels: Sequence[Channel], *texts: str, comment: str = "", options: Any = None
) -> Post:
    """A draft with one part per text."""
    with workspace_scope(workspace.id):
        document = Document(parts=tuple(PartDocument(text=text) for text in texts), first_comment=comment)
        return create_post(ACTOR, document, [channel.id for channel in channels], options)


def plan_post(
    workspace: Workspace, channels: Sequence[Channel], *texts: str, comment: str = "", due_at: datetime | None = None
) -> Post:
    """The same, scheduled; due now unless told otherwise."""
    post = make_post(workspace, channels, *texts, comment=comment)
    with workspace_scope(workspace.id):
        schedule_post(ACTOR, post, due_at or now())
    return post


def deliveries_of(workspace: Workspace, post: Post) -> list[PostDelivery]:
    with workspace_scope(workspace.id):
        return list(
            PostDelivery.objects.filter(variant__post=post)
            .select_related("channel")
            .order_by("channel__name", "position")
        )


def wait_for_states(workspace: Workspace, post: Post, *states: str, seconds: float = 60.0) -> list[PostDelivery]:
    """The deliveries once they stand like this, in order of channel name and position."""
    end = time.monotonic() + seconds
    while True:
        rows = deliveries_of(workspace, post)
        if [row.state for row in rows] == list(states):
            return rows
        assert time.monotonic() < end, [(row.state, row.problem, row.next_at) for row in rows]
        time.sleep(0.05)


def running_engine(pace: Pace = QUICK) -> AbstractContextManager[Engine]:
    """An engine beside the test."""
    return running(lambda: Engine(get_address(), pace))


def later(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
