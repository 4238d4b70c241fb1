"""Who may not change a planned post reads it, takes a copy, and loses nothing that was typed."""

from datetime import timedelta

import pytest

from kaja.channels.models import Channel
from kaja.content.models import Post, PostState
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.web.composer.conftest import Send, sign_in


def write(send: Send, channel: Channel, text: str = "Fresh rolls at seven") -> dict[str, str]:
    answer: dict[str, str] = send("save", text=text, channels=[str(channel.id)]).json()
    return answer


def plan(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        Post.objects.update(state=PostState.SCHEDULED, due_at=clock.now() + timedelta(days=1))


@pytest.mark.parametrize("role", [Role.DESIGNER, Role.GUEST])
def test_a_planned_post_is_read_and_can_become_ones_own_draft(
    workspace: Workspace, channel: Channel, send: Send, role: str
) -> None:
    post = write(send, channel)["post"]
    plan(workspace)
    guest = sign_in(workspace, role, "Kai")
    page = guest.get(f"/w/acme/posts/{post}/edit")
    html = page.content.decode()
    assert page.status_code == 200
    assert "Fresh rolls at seven" in html
    assert "<textarea" not in html
    assert "kaja-composer" not in html
    answer = guest.post(f"/w/acme/posts/{post}/duplicate")
    assert "kaja-composer" in guest.get(answer["Location"]).content.decode()
    with workspace_scope(workspace.id):
        assert sorted(Post.objects.values_list("state", flat=True)) == [PostState.DRAFT, PostState.SCHEDULED]


@pytest.mark.parametrize("what", ["save", "finish?then=draft"])
def test_what_was_typed_while_somebody_planned_the_post_is_kept_as_a_draft(
    workspace: Workspace, channel: Channel, send: Send, what: str
) -> None:
    begun = write(send, channel)
    guest = sign_in(workspace, Role.GUEST, "Kai")
    plan(workspace)
    edit = {"text": "My better words", "channels": [str(channel.id)], "post": begun["post"]}
    answer = send(what, client=guest, revision=begun["revision"], **edit)
    assert answer.status_code == 200
    kept = answer.json()
    assert kept["post"] != begun["post"]
    assert "your own draft" in kept["copied"]
    # The page goes on with the copy.
    again = send(
        "save", client=guest, **edit | {"post": kept["post"], "text": "Still better"}, revision=kept["revision"]
    )
    assert again.json()["post"] == kept["post"]
    with workspace_scope(workspace.id):
        texts = {str(post.id): post.document["parts"][0]["text"] for post in Post.objects.all()}
    assert texts == {begun["post"]: "Fresh rolls at seven", kept["post"]: "Still better"}


def test_whoever_may_publish_edits_the_planned_post_itself(workspace: Workspace, channel: Channel, send: Send) -> None:
    post = write(send, channel)["post"]
    plan(workspace)
    marketer = sign_in(workspace, Role.MARKETER, "Kai")
    assert "kaja-composer" in marketer.get(f"/w/acme/posts/{post}/edit").content.decode()
