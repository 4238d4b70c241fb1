"""A form that is sent twice (its answer was lost, or the button was pressed again) makes one thing."""

import json
import re
from collections.abc import Callable
from datetime import time
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from kaja.api.models import Token
from kaja.api.tokens import find_bearer
from kaja.channels.models import Channel, Slot
from kaja.content.models import Campaign, Label, Post, PostState
from kaja.delivery.models import Delivery
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.outgoing.models import Endpoint
from kaja.web.composer.payload import Payload
from kaja.workspaces.models import AuditEntry, Invitation, Role, Workspace
from tests.people import add_member, browser, prove

Send = Callable[..., Any]
TEXT = {"parts": [{"text": "Fresh bread", "media": []}]}


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.create(network="practice", account_id="a", name="Acme")


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


def composer(client: Client, what: str, post: UUID, **fields: Any) -> Any:
    body = {"post": str(post), "document": TEXT, **fields}
    return client.post(f"/w/acme/posts/{what}", json.dumps(body), content_type="application/json")


@pytest.mark.parametrize("mode", ["now", "slot"])
def test_an_unsaved_post_that_is_published_twice_goes_out_once(
    client: Client, workspace: Workspace, channel: Channel, mode: str
) -> None:
    with workspace_scope(workspace.id):
        for day in range(7):
            Slot.objects.create(channel=channel, weekday=day, time=time(9))
    fields = {"channels": [str(channel.id)], "when": {"mode": mode}}
    chosen = new_id()
    first = composer(client, "finish?then=publish", chosen, **fields)
    with workspace_scope(workspace.id):
        planned = Post.objects.get().due_at
    again = composer(client, "finish?then=publish", chosen, **fields)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["location"] == again.json()["location"]
    with workspace_scope(workspace.id):
        assert [post.id for post in Post.objects.all()] == [chosen]
        assert Delivery.objects.count() == 1
        if mode == "slot":
            assert Post.objects.get().due_at == planned, "the slot that the post has taken itself is still its slot"


def test_a_first_save_whose_answer_was_lost_is_gone_on_with(client: Client, workspace: Workspace) -> None:
    chosen = new_id()
    composer(client, "save", chosen)
    typed = {"parts": [{"text": "Fresh bread, still warm", "media": []}]}
    answer = composer(client, "save", chosen, document=typed)
    assert answer.status_code == 200
    with workspace_scope(workspace.id):
        assert [post.summary for post in Post.objects.all()] == ["Fresh bread, still warm"]


def test_a_post_that_somebody_else_saved_meanwhile_is_not_overwritten_by_a_late_first_save(
    client: Client, workspace: Workspace
) -> None:
    chosen = new_id()
    composer(client, "save", chosen)
    add_member(workspace, "jaan@acme.test")
    theirs = {"parts": [{"text": "Cold bread", "media": []}]}
    assert (
        composer(browser(workspace, "jaan@acme.test"), "save", chosen, revision=1, document=theirs).status_code == 200
    )
    assert composer(client, "save", chosen).status_code == 409
    with workspace_scope(workspace.id):
        assert Post.objects.get().summary == "Cold bread"


def test_an_id_of_another_workspace_says_nothing_of_it(
    client: Client, workspace: Workspace, other_workspace: Workspace
) -> None:
    with workspace_scope(other_workspace.id):
        theirs = Post.objects.create(id=new_id(), summary="their secret")
        label = Label.objects.create(id=new_id(), name="their label")
    answer = composer(client, "save", theirs.id)
    assert answer.status_code == 409
    assert "their secret" not in answer.content.decode()
    answer = client.post("/w/acme/groups/labels/", {"id": str(label.id), "name": "ours"})
    assert answer.status_code == 422
    assert "their label" not in answer.content.decode()
    with workspace_scope(other_workspace.id):
        assert Post.objects.get().summary == "their secret"


def test_a_page_of_before_that_chose_no_id_still_makes_a_post() -> None:
    assert Payload.model_validate({"document": TEXT}).post.version == 7
    assert Payload.model_validate({"document": TEXT, "post": None}).post.version == 7


@pytest.mark.parametrize("chosen", ["1", "00000000-0000-4000-8000-000000000000", "\x00"])
def test_an_id_that_is_no_uuid_of_version_7_is_refused(client: Client, workspace: Workspace, chosen: str) -> None:
    answer = client.post("/w/acme/ideas/add", {"id": chosen, "text": "An idea"})
    assert answer.status_code == 422
    with workspace_scope(workspace.id):
        assert not Post.objects.exists()


FORMS: dict[str, tuple[str, dict[str, Any], type]] = {
    "ideas:add": ("ideas:board", {"text": "An idea"}, Post),
    "groups:create_campaign": ("groups:campaigns", {"name": "Launch", "colour": "ink"}, Campaign),
    "groups:labels": ("groups:labels", {"name": "video"}, Label),
    "settings:invite": ("settings:members", {"email": "new@acme.test", "role": "guest"}, Invitation),
    "settings:tokens": ("settings:tokens", {"do": "create", "name": "Script", "scopes": ["view"], "days": ""}, Token),
    "settings:new_webhook": (
        "settings:new_webhook",
        {"name": "Shop", "address": "https://shop.test/", "kinds": ["post.failed"]},
        Endpoint,
    ),
}


@pytest.mark.parametrize("route", FORMS)
def test_a_form_that_is_sent_twice_makes_one_thing(client: Client, workspace: Workspace, route: str) -> None:
    prove(client)
    page, fields, model = FORMS[route]
    html = client.get(reverse(page, args=["acme"])).content.decode()
    [chosen] = re.findall(r'<input type="hidden" name="id" value="([^"]+)"', html)
    answers = [client.post(reverse(route, args=["acme"]), {"id": chosen, **fields}) for _ in range(2)]
    assert [answer.status_code for answer in answers] in ([200, 200], [302, 302])
    with workspace_scope(workspace.id):
        assert [str(row.pk) for row in model.objects.filter(pk=chosen)] == [chosen]  # type: ignore[attr-defined]
        assert model.objects.count() == 1  # type: ignore[attr-defined]
        kinds = [entry.action for entry in AuditEntry.objects.filter(target_id=chosen)]
    assert len(kinds) == 1, f"what happened once is written down once, not {kinds}"


def test_a_form_that_comes_back_with_other_words_is_told_that_it_was_saved(
    client: Client, workspace: Workspace
) -> None:
    chosen = str(new_id())
    client.post("/w/acme/groups/labels/", {"id": chosen, "name": "video"})
    answer = client.post("/w/acme/groups/labels/", {"id": chosen, "name": "film"})
    assert answer.status_code == 422
    assert "This was saved already" in answer.content.decode()
    with workspace_scope(workspace.id):
        assert [label.name for label in Label.objects.all()] == ["video"]


def test_a_token_whose_secret_nobody_saw_gets_a_new_one_until_it_is_used(client: Client, workspace: Workspace) -> None:
    prove(client)
    fields = {"id": str(new_id()), "do": "create", "name": "Script", "scopes": ["view"], "days": ""}
    pages = [client.post("/w/acme/settings/tokens/", fields).content.decode() for _ in range(2)]
    first, second = (re.search(r"kaja_[\w-]{30,}", page) for page in pages)
    assert first
    assert second
    assert find_bearer(first[0]) is None, "the secret that was lost opens nothing"
    assert find_bearer(second[0]) is not None
    assert client.post("/w/acme/settings/tokens/", fields).status_code == 422, "one that is in use stays as it is"
    assert find_bearer(second[0]) is not None


def test_a_workspace_that_is_made_twice_is_one(client: Client, workspace: Workspace) -> None:
    html = client.get("/welcome/workspace/").content.decode()
    [chosen] = re.findall(r'<input type="hidden" name="id" value="([^"]+)"', html)
    fields = {"id": chosen, "name": "Second", "slug": "", "time_zone": "UTC", "language": "en"}
    answers = [client.post("/welcome/workspace/", fields) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    with system_scope(SystemPurpose.MAINTENANCE):
        assert Workspace.objects.filter(name="Second").count() == 1
    add_member(workspace, "jaan@acme.test", Role.CURATOR)
    stranger = browser(workspace, "jaan@acme.test").post("/welcome/workspace/", fields)
    assert stranger.status_code == 200
    assert "This was saved already" in stranger.content.decode()


def test_a_copy_that_is_asked_for_twice_is_one(client: Client, workspace: Workspace, channel: Channel) -> None:
    original, chosen = new_id(), str(new_id())
    composer(client, "save", original, channels=[str(channel.id)])
    answers = [client.post(f"/w/acme/posts/{original}/duplicate", {"id": chosen}) for _ in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    with workspace_scope(workspace.id):
        assert Post.objects.filter(state=PostState.DRAFT).count() == 2
    other = new_id()
    composer(client, "save", other)
    assert client.post(f"/w/acme/posts/{other}/duplicate", {"id": chosen}).status_code == 409


def test_weekly_times_that_are_added_twice_are_there_once(
    client: Client, workspace: Workspace, channel: Channel
) -> None:
    for _ in range(2):
        client.post(f"/w/acme/calendar/slots/{channel.id}", {"day": ["1"], "time": "10:30"})
    with workspace_scope(workspace.id):
        assert Slot.objects.count() == 1
