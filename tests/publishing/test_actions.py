"""What people decide: plans, second thoughts, doubts, changes on the network."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from kaja.content.actions import delete_post, update_post
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostState
from kaja.delivery.actions import cancel_delivery, resolve_missed, retry_delivery, settle_delivery
from kaja.delivery.models import Attempt, Delivery, Publication, State
from kaja.delivery.worker.background import run_job_worker
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.actions import move_post, publish_now, request_delete, request_edit, schedule_post, unschedule_post
from kaja.publishing.models import RemoteChange
from kaja.publishing.queries import delivery_states_of, standing_of_post
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry, Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    ACTOR,
    connect_practice,
    deliveries_of,
    later,
    make_post,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def set_state(workspace: Workspace, row: Delivery, state: State, **own: Any) -> None:
    with workspace_scope(workspace.id):
        Delivery.objects.filter(id=row.id).update(state=state, needs_person=True, **own)


def texts(workspace: Workspace, post: Post, *parts: str, comment: str = "") -> Post:
    with workspace_scope(workspace.id):
        document = Document(parts=tuple(PartDocument(text=part) for part in parts), first_comment=comment)
        return update_post(ACTOR, post.id, None, {"document": document})


def test_scheduling_makes_a_delivery_for_every_message(practice: PracticeServer, workspace: Workspace) -> None:
    channels = [connect_practice(practice, workspace, name) for name in ("bakery", "shop")]
    post = plan_post(workspace, channels, "One", "Two", comment="Three", due_at=later(600))
    rows = deliveries_of(workspace, post)
    assert [(row.kind, row.position) for row in rows] == [("post", 0), ("continuation", 1), ("comment", 2)] * 2
    assert [row.next_at is None for row in rows] == [False, True, True] * 2
    with workspace_scope(workspace.id):
        assert Post.objects.get().state == PostState.SCHEDULED
        states = delivery_states_of([post.id])[post.id]
    assert standing_of_post(states) == "planned"


def test_moving_again_changes_the_time_and_makes_no_second_delivery(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Soon", due_at=later(600))
    other = later(1200)
    with workspace_scope(workspace.id):
        move_post(ACTOR, post, other)
    [row] = deliveries_of(workspace, post)
    assert (row.due_at, row.next_at, row.state) == (other, other, State.SCHEDULED)


def test_an_edit_of_a_scheduled_post_changes_what_will_be_sent(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "One", "Two", "Three", due_at=later(2))
    texts(workspace, post, "Uno", comment="Dos")
    with running_engine():
        rows = wait_for_states(workspace, post, "sent", "sent")
    assert [row.kind for row in rows] == ["post", "comment"]
    assert sorted(item["text"] for item in practice.truth()) == ["Dos", "Uno"]


def test_a_deleted_post_is_not_sent(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Gone", due_at=later(600))
    with workspace_scope(workspace.id):
        delete_post(ACTOR, post.id)
    assert [row.state for row in deliveries_of(workspace, post)] == [State.CANCELLED]


def test_unscheduled_and_scheduled_again(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Back and forth", comment="!", due_at=later(600))
    with workspace_scope(workspace.id):
        unscheduled = unschedule_post(ACTOR, post)
        assert (unscheduled.state, unscheduled.due_at is not None) == (PostState.DRAFT, True)
        assert {row.state for row in deliveries_of(workspace, post)} == {State.CANCELLED}
        publish_now(ACTOR, post)
    assert {row.state for row in deliveries_of(workspace, post)} == {State.SCHEDULED}
    assert len(deliveries_of(workspace, post)) == 2


def test_refusals_change_nothing(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    good, empty = make_post(workspace, [channel], "Fine"), make_post(workspace, [channel], "")
    homeless = make_post(workspace, [], "Nowhere to go")
    reader = Actor("user", "1", "Reader", frozenset({"view"}))
    with workspace_scope(workspace.id):
        with pytest.raises(Refused, match="passed already"):
            schedule_post(ACTOR, good, now() - timedelta(hours=1))
        with pytest.raises(Refused):
            schedule_post(ACTOR, empty, later(60))
        with pytest.raises(Refused, match="no channel"):
            schedule_post(ACTOR, homeless, later(60))
        with pytest.raises(NotAllowed):
            schedule_post(reader, good, later(60))
        assert Delivery.objects.count() == 0
        assert set(Post.objects.values_list("state", flat=True)) == {PostState.DRAFT}


def test_what_is_being_sent_cannot_be_unscheduled(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Right now", due_at=later(600))
    [row] = deliveries_of(workspace, post)
    set_state(workspace, row, State.SENDING)
    with workspace_scope(workspace.id):
        call = {"fence": row.fence, "stage": "publish", "started_at": now()}
        Attempt.objects.create(delivery=row, irreversible=True, **call)
        with pytest.raises(Conflict):
            unschedule_post(ACTOR, post)


def test_settling_a_doubt(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    candidates: list[dict[str, Any]] = [
        {"id": "42", "url": "https://practice.example/42", "text": "x", "posted_at": None, "data": {}}
    ]
    doubts: dict[str, Any] = {
        "state": State.UNCERTAIN,
        "uncertain_since": now(),
        "candidates": candidates,
        "next_at": None,
    }
    there, again = (plan_post(workspace, [channel], text, due_at=later(600)) for text in ("There", "Again"))
    [first], [second] = deliveries_of(workspace, there), deliveries_of(workspace, again)
    for row in (first, second):
        set_state(workspace, row, **doubts)
    with workspace_scope(workspace.id):
        with pytest.raises(NotFound):
            settle_delivery(ACTOR, first.id, "there", candidate="43")
        with pytest.raises(Refused):
            settle_delivery(ACTOR, first.id, "there")
        settled = settle_delivery(ACTOR, first.id, "there", candidate="42")
        assert (settled.state, settled.remote_id, settled.needs_person) == (State.SENT, "42", False)
        assert Publication.objects.get().remote_url == "https://practice.example/42"
        sent_again = settle_delivery(ACTOR, second.id, "send_again")
        assert (sent_again.state, sent_again.fence) == (State.WAITING, second.fence + 1)
        with pytest.raises(Conflict):
            settle_delivery(ACTOR, first.id, "send_again")
        assert AuditEntry.objects.filter(action__startswith="delivery.").count() == 2


def test_failed_and_missed_are_taken_up_again_with_the_newest_text(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    posts = [plan_post(workspace, [channel], text, due_at=later(600)) for text in ("Failed", "Missed", "Dropped")]
    rows = [deliveries_of(workspace, post)[0] for post in posts]
    for row, state in zip(rows, (State.FAILED, State.MISSED, State.MISSED), strict=True):
        set_state(workspace, row, state, next_at=None, content={"text": "old"})
    texts(workspace, posts[0], "Failed, then fixed")
    with workspace_scope(workspace.id):
        retry_delivery(ACTOR, rows[0].id)
        resolve_missed(ACTOR, rows[1].id, "send_now")
        resolve_missed(ACTOR, rows[2].id, "drop")
        with pytest.raises(Conflict):
            cancel_delivery(ACTOR, rows[2].id)
    with running_engine():
        wait_for_states(workspace, posts[0], "sent")
        wait_for_states(workspace, posts[1], "sent")
    assert sorted(item["text"] for item in practice.truth()) == ["Failed, then fixed", "Missed"]
    assert deliveries_of(workspace, posts[2])[0].state == State.CANCELLED


def run_jobs() -> None:
    """Background jobs, as the worker runs them beside the deliveries, until none waits for its turn."""
    waiting = (
        "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
        " AND (scheduled_at IS NULL OR scheduled_at <= now())"
    )

    def are_done() -> bool:
        with psycopg.connect(**get_address()) as own:
            return own.execute(waiting).fetchone() == (0,)

    async def work() -> None:
        running = asyncio.create_task(run_job_worker(get_address()))
        await asyncio.to_thread(wait_until, are_done)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(work())
    connection.close()


def test_editing_and_deleting_what_stands_on_the_network(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine():
        post = plan_post(workspace, [channel], "With a tpyo")
        wait_for_states(workspace, post, "sent")
    texts(workspace, post, "Without a typo")
    with workspace_scope(workspace.id):
        publication = Publication.objects.get()
        request_edit(ACTOR, publication.id)
    run_jobs()
    assert [item["text"] for item in practice.truth()] == ["Without a typo"]
    with workspace_scope(workspace.id):
        assert RemoteChange.objects.get().state == "done"
        assert Publication.objects.get().edited_at is not None
        request_delete(ACTOR, publication.id)
    run_jobs()
    assert [item["deleted"] for item in practice.truth()] == [True]
    with workspace_scope(workspace.id):
        assert Publication.objects.get().deleted_at is not None
        with pytest.raises(Refused):
            request_edit(ACTOR, publication.id)
