"""The engine serves all workspaces with the same statements, and still takes nothing of one to another."""

import pytest

from kaja.content.models import Post
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Workspace
from tests.api.world import build_world
from tests.practice.running import PracticeServer
from tests.publishing.conftest import practice, running
from tests.publishing.delivering import connect_practice, later, plan_post, running_engine, wait_for_states

__all__ = ["practice", "running"]
pytestmark = pytest.mark.django_db(transaction=True)


def test_a_picture_of_another_workspace_is_never_sent(
    practice: PracticeServer, workspace: Workspace, other_workspace: Workspace
) -> None:
    """Actions refuse such an id; here it came into the row by another way."""
    foreign = build_world(other_workspace).asset_id
    with workspace_scope(other_workspace.id):
        Asset.objects.filter(id=foreign).update(alt="SECRET")
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Look at this", due_at=later(1.0))
    with workspace_scope(workspace.id):
        document = {"parts": [{"text": "Look at this", "media": [{"asset": str(foreign)}]}]}
        assert Post.objects.filter(id=post.id).update(document=document) == 1
    with running_engine():
        [row] = wait_for_states(workspace, post, "failed")
    assert row.needs_person
    assert row.problem
    assert "SECRET" not in str(row.problem)
    assert practice.truth() == []
