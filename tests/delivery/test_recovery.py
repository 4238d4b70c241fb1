"""What keeps a delivery from going on, and must not keep it for long: lost workers on a busy day, a lost database."""

import io
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from django.db import connection
from PIL import Image

from kaja.content.actions import create_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.delivery.engine import threads
from kaja.delivery.engine.claim import claim_due
from kaja.delivery.models import Attempt, Delivery, State
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.media.item import MediaItem
from kaja.media.upload import upload_asset
from kaja.publishing.actions import schedule_post
from kaja.workspaces.models import Notice, Workspace
from tests.delivery.ahead import by_hand
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    ACTOR,
    QUICK,
    connect_practice,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
FOREVER = 600.0
"""A lease that no test outlasts."""


def test_a_lost_workers_row_does_not_wait_until_there_is_nothing_else_to_do(
    practice: PracticeServer, workspace: Workspace
) -> None:
    busy, left = (connect_practice(practice, workspace, name) for name in ("busy", "left"))
    practice.set_faults(delay={"seconds": 8, "on": ["publish"]})
    with running_engine(replace(QUICK, lease=60.0, recover=0.2, in_flight=1)):
        first = plan_post(workspace, [busy], "Takes all the room there is")
        wait_until(lambda: practice.truth(contains="Takes all the room"))
        abandoned = plan_post(workspace, [left], "Its worker is gone")
        assert len(by_hand(lambda own, _: claim_due(own, 1, 0.05))) == 1
        wait_for_states(workspace, abandoned, "waiting", seconds=7)
        wait_for_states(workspace, first, "sending", seconds=0)
        practice.set_faults()
        wait_for_states(workspace, abandoned, "sent", seconds=40)


@contextmanager
def no_connections(spare: str) -> Iterator[None]:
    """This test's database takes no new connections, and the old ones are cut but for those with that name."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as own:
        own.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        try:
            own.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = %s AND application_name NOT LIKE %s AND pid <> %s",
                [name, spare, _own_pid()],
            )
            yield
        finally:
            own.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')


def _own_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def plan_picture(practice: PracticeServer, workspace: Workspace) -> Post:
    """Due now, with a file, which a thread with a connection of its own looks up."""
    channel = connect_practice(practice, workspace, "bakery")
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "blue").save(out, "PNG")
    asset = upload_asset(ACTOR, workspace.id, io.BytesIO(out.getvalue()), "blue.png", out.tell())
    with workspace_scope(workspace.id):
        item = MediaItem(asset=asset.id, alt="A blue door")
        post = create_post(ACTOR, Document(parts=(PartDocument(text="Open", media=(item,)),)), [channel.id])
        schedule_post(ACTOR, post, now())
    return post


def test_what_could_not_be_prepared_does_not_wait_for_its_lease(
    practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(threads, "PAUSES", (0.05,))
    with running_engine(replace(QUICK, lease=FOREVER, recover=0.5)):
        # The writer connects with its first line.
        wait_for_states(workspace, plan_post(workspace, [connect_practice(practice, workspace, "first")], "1"), "sent")
        with no_connections(spare="kaja-worker:%"):
            post = plan_picture(practice, workspace)
            wait_for_states(workspace, post, "waiting")
        wait_for_states(workspace, post, "sent")
    with workspace_scope(workspace.id):
        assert [line.outcome for line in Attempt.objects.filter(irreversible=True)] == ["sent", "sent"]
    assert len(practice.truth(contains="Open")) == 1


def test_failures_are_told_after_the_database_was_away(
    practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(threads, "PAUSES", (0.05,))
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1, "on": ["publish"]})
    with caplog.at_level(logging.WARNING), running_engine():
        with no_connections(spare="nothing"):
            wait_until(lambda: "deliveries: events: OperationalError" in caplog.text)
        post = plan_post(workspace, [channel], "Refused")
        wait_for_states(workspace, post, "failed")
        wait_until(lambda: _is_told(workspace))


def _is_told(workspace: Workspace) -> Any:
    with workspace_scope(workspace.id):
        return Notice.objects.exists() and Delivery.objects.get(state=State.FAILED).announce == ""
