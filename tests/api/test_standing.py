"""How a post stands, in the words of docs/terms.md: as the screen says it."""

import pytest

from kaja.content.models import Post
from kaja.delivery.models import Delivery
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.api.conftest import ApiClient
from tests.api.world import build_world


@pytest.mark.parametrize(
    ("post", "delivery", "needs_person", "standing"),
    [
        ("scheduled", "scheduled", False, "scheduled"),
        ("scheduled", "uncertain", False, "underway"),
        ("scheduled", "uncertain", True, "needs"),
        ("scheduled", "failed", False, "needs"),
        ("scheduled", "sent", False, "sent"),
        ("scheduled", "cancelled", False, "cancelled"),
        ("draft", "cancelled", False, "draft"),
        ("draft", "sent", False, "sent"),
    ],
)
def test_a_post_stands_as_its_messages_do(
    client: ApiClient, workspace: Workspace, post: str, delivery: str, needs_person: bool, standing: str
) -> None:
    world = build_world(workspace)
    with workspace_scope(workspace.id):
        Post.objects.filter(id=world.post_id).update(state=post)
        Delivery.objects.filter(source_kind="post").update(state=delivery, needs_person=needs_person)
    one = client.call("GET", f"/posts/{world.post_id}").json()
    (listed,) = client.call("GET", "/posts").json()["items"]
    assert (one["state"], one["standing"], listed["standing"]) == (post, standing, standing)


def test_a_post_without_messages_stands_as_people_decided(client: ApiClient) -> None:
    for state in ("idea", "draft"):
        made = client.call("POST", "/posts", {"text": state, "state": state}).json()
        assert made["standing"] == state
