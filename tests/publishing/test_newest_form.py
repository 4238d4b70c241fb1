"""A post that is changed while a worker prepares to send it goes out in its newest form, or not at all."""

from collections.abc import Callable
from typing import Any

import pytest

from kaja.content import actions as content
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostState
from kaja.delivery.actions import pause_workspace, resume_workspace, retry_delivery
from kaja.delivery.models import Attempt, State
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.actions import delete_posts, publish_now, unschedule_post
from kaja.publishing.needs_you import list_waiting
from kaja.publishing.sync import sync_deliveries
from kaja.workspaces.models import AuditEntry, Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    ACTOR,
    connect_practice,
    deliveries_of,
    later,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def say(*texts: str) -> Any:
    return {"document": Document(parts=tuple(PartDocument(text=text) for text in texts))}


def being_prepared(workspace: Workspace, post: Post) -> bool:
    """A worker has it, and the call that gets its files ready has begun."""
    row = deliveries_of(workspace, post)[0]
    return row.state == State.SENDING and row.attempts_made == 1


CHANGES: dict[str, tuple[Callable[[Post], Any], list[str], list[str]]] = {
    "edited": (lambda post: content.update_post(ACTOR, post.id, None, say("As it is")), ["sent"], ["As it is"]),
    "longer": (
        lambda post: content.update_post(ACTOR, post.id, None, say("As it is", "and more")),
        ["sent", "sent"],
        ["As it is", "and more"],
    ),
    "moved": (lambda post: content.update_post(ACTOR, post.id, None, {"due_at": later(900)}), ["scheduled"], []),
    "unscheduled": (lambda post: unschedule_post(ACTOR, post), ["cancelled"], []),
    "deleted": (lambda post: delete_posts(ACTOR, [post.id]), ["cancelled"], []),
    "off the channel": (
        lambda post: content.update_post(ACTOR, post.id, None, {"channels": []}),
        ["cancelled"],
        [],
    ),
}


@pytest.mark.parametrize("how", CHANGES)
def test_a_post_that_changes_while_its_files_go_up(how: str, practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery", "staged")
    change, states, texts = CHANGES[how]
    # Long enough for a busy machine to change it meanwhile.
    practice.set_faults(delay={"seconds": 10, "on": ["container"]})
    with running_engine():
        post = plan_post(workspace, [channel], "As it was")
        wait_until(lambda: being_prepared(workspace, post))
        with workspace_scope(workspace.id):
            change(post)
        practice.set_faults()
        wait_for_states(workspace, post, *states)
        # The worker that had it comes back from its call meanwhile, and may not go on.
        wait_until(lambda: finished(workspace, post))
    assert [row.state for row in deliveries_of(workspace, post)] == states
    assert [item["text"] for item in practice.truth()] == texts


def finished(workspace: Workspace, post: Post) -> bool:
    with workspace_scope(workspace.id):
        return not Attempt.objects.filter(delivery__source_id=deliveries_of(workspace, post)[0].source_id,
                                          finished_at=None).exists()  # fmt: skip


def test_a_comment_that_is_tried_again_is_made_of_the_post_as_it_is_then(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1, "on": ["comment"]})
    with running_engine():
        post = plan_post(workspace, [channel], "The post", comment="As it was")
        _, comment = wait_for_states(workspace, post, "sent", "failed")
    practice.set_faults()
    with workspace_scope(workspace.id):
        retry_delivery(ACTOR, comment.id)
        document = Document(parts=(PartDocument(text="The post"),), first_comment="As it is")
        content.update_post(ACTOR, post.id, None, {"document": document})
    with running_engine():
        wait_for_states(workspace, post, "sent", "sent")
    assert {item["text"] for item in practice.truth()} == {"The post", "As it is"}


def test_a_pause_while_files_go_up_holds_the_call_back(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery", "staged")
    practice.set_faults(delay={"seconds": 3, "on": ["container"]})
    with running_engine():
        post = plan_post(workspace, [channel], "In due course")
        wait_until(lambda: being_prepared(workspace, post))
        with workspace_scope(workspace.id):
            pause_workspace(ACTOR)
        wait_for_states(workspace, post, "waiting")
        assert practice.truth() == []
        with workspace_scope(workspace.id):
            resume_workspace(ACTOR)
        wait_for_states(workspace, post, "sent")
    assert [item["text"] for item in practice.truth()] == ["In due course"]


def test_what_needs_a_person_lies_in_the_bin_with_its_post_and_comes_back_with_it(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1})
    with running_engine():
        post = plan_post(workspace, [channel], "A bad word")
        wait_for_states(workspace, post, "failed")
    with workspace_scope(workspace.id):
        assert len([each.delivery for each in list_waiting().rows]) == 1
        content.delete_post(ACTOR, post.id)
        assert [each.delivery for each in list_waiting().rows] == []
        content.restore_post(ACTOR, post.id)
        [row] = list_waiting().rows
        assert row.subject.id == post.id
        # Nothing of it may go while it is a draft; planned again it may.
        sync_deliveries(post.id)
        assert not list_waiting().rows[0].delivery.allowed
        [again] = publish_now(ACTOR, post)
        assert (again.state, again.allowed) == (State.SCHEDULED, True)


def test_the_audit_log_names_deliveries_whoever_looks_at_them(practice: PracticeServer, workspace: Workspace) -> None:
    one, other = (connect_practice(practice, workspace, name) for name in ("one", "other"))
    practice.set_faults(refuse={"probability": 1})
    post = plan_post(workspace, [one, other], "Here and there", due_at=later(900))
    with workspace_scope(workspace.id):
        deliveries_of_post = {str(row.channel_id): row for row in sync_deliveries(post.id)}
        row = deliveries_of_post[str(one.id)]
        row.state, row.remote_id = State.SENT, "77"
        row.save()
        unschedule_post(ACTOR, post)
        post.refresh_from_db()
        assert post.state == PostState.SCHEDULED, "it stands on one channel"
        [entry] = AuditEntry.objects.filter(action="delivery.cancel")
    assert (entry.target_type, entry.target_id) == ("delivery", str(deliveries_of_post[str(other.id)].id))
