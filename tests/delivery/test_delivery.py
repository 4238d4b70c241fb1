"""Posts on their way to the real practice network, with an engine beside the test."""

import pytest

from kaja.delivery.models import Attempt, Publication, State
from kaja.delivery.queries import journal_of
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    connect_practice,
    deliveries_of,
    later,
    plan_post,
    running_engine,
    wait_for_states,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("kind", ["plain", "keyed", "staged"])
def test_a_due_post_is_sent_once_and_remembered(practice: PracticeServer, workspace: Workspace, kind: str) -> None:
    channel = connect_practice(practice, workspace, "bakery", kind)
    with running_engine():
        post = plan_post(workspace, [channel], "Fresh rye today", due_at=later(0.5))
        [row] = wait_for_states(workspace, post, "sent")
    [standing] = practice.truth()
    assert (standing["text"], standing["reference"]) == ("Fresh rye today", row.id.hex)
    assert row.remote_id == standing["id"]
    assert row.remote_url
    with workspace_scope(workspace.id):
        publication = Publication.objects.get()
        assert publication.sent["text"] == "Fresh rye today"
        assert publication.remote_id == standing["id"]
        attempts = list(Attempt.objects.order_by("started_at"))
        assert [a.irreversible for a in attempts].count(True) == 1
        assert all(a.finished_at is not None for a in attempts)
        assert "Bearer" not in str([a.evidence for a in attempts])
        assert journal_of(row)[-1].outcome == "sent"


def test_a_thread_and_its_comment_follow_each_other(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine():
        post = plan_post(workspace, [channel], "One", "Two", "Three", comment="Read more at our shop")
        rows = wait_for_states(workspace, post, "sent", "sent", "sent", "sent")
    standing = {item["text"]: item for item in practice.truth()}
    assert standing["Two"]["reply_to"] == standing["One"]["id"]
    assert standing["Three"]["reply_to"] == standing["Two"]["id"]
    assert standing["Read more at our shop"]["reply_to"] == standing["One"]["id"]
    assert [row.kind for row in rows] == ["post", "continuation", "continuation", "comment"]
    assert len(standing) == 4


def test_a_post_that_is_not_due_is_left_alone(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine():
        tomorrow = plan_post(workspace, [channel], "Tomorrow", due_at=later(86_400))
        post = plan_post(workspace, [channel], "Today")
        wait_for_states(workspace, post, "sent")
    assert [row.state for row in deliveries_of(workspace, tomorrow)] == [State.SCHEDULED]
    assert [item["text"] for item in practice.truth()] == ["Today"]
