"""Every operation of the API, tried with another workspace's ids."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import serializers
from django.db.models import Model

from kaja.api.main import api
from kaja.channels.models import Channel
from kaja.content.models import Campaign, Label, Post, Variant
from kaja.crisis.models import AffectedConversation, Crisis, LogLine, PausedPost, Statement
from kaja.crisis.queries import PlannedFilter
from kaja.delivery.models import Delivery, Inventory, Publication
from kaja.inbox.models import Conversation, ConversationEvent, ConversationLabel, Message, MessageAct
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending
from kaja.publishing.models import RemoteChange
from kaja.workspaces.models import Workspace
from tests.api.conftest import ApiClient, member_of
from tests.api.world import World, build_whole, build_world

BODIES: dict[str, Any] = {
    "updatePost": {"base_revision": 1, "document": {"parts": [{"text": "stolen"}]}},
    "schedulePost": {"due_at": "2030-01-01T00:00:00Z"},
    "settleDelivery": {"decision": "drop"},
    "resolveMissed": {"decision": "drop"},
    "setSlots": {"slots": []},
    "settleWorkspace": {"missing": "skip", "unclear": "skip"},
    "followChannel": {"to": "https://moved.test"},
    "workConversation": {"state": "done", "add_labels": ["stolen"]},
    "addNote": {"text": "stolen"},
    "replyTo": {"text": "stolen"},
    "doAct": {"act": "like"},
    "changeWebhook": {"name": "stolen", "address": "https://stolen.test/", "events": ["post.failed"]},
    "pausePlanned": {"seen": PlannedFilter().mark},
    "writeStatement": {"title": "stolen", "texts": {"en": "stolen"}},
    "rewriteStatement": {"title": "stolen", "texts": {"en": "stolen"}},
    "approveStatement": {"version": 1},
    "chooseApprovers": {"approvers": ["019ac000-0000-7000-8000-000000000000"]},
    "chooseAffected": {"since": "2026-01-01T00:00:00Z"},
    "recordDecision": {"text": "stolen"},
}
TABLES: tuple[type[Model], ...] = (
    Post,
    Variant,
    Channel,
    Campaign,
    Label,
    Asset,
    Delivery,
    Publication,
    Inventory,
    RemoteChange,
    Conversation,
    ConversationEvent,
    ConversationLabel,
    Message,
    MessageAct,
    Endpoint,
    OutgoingEvent,
    Sending,
    Crisis,
    PausedPost,
    Statement,
    AffectedConversation,
    LogLine,
)


def operations() -> Iterator[tuple[str, str, str]]:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path.removeprefix("/api/v1"), operation["operationId"]


OPERATIONS = list(operations())


def everything_of(workspace: Workspace) -> str:
    with workspace_scope(workspace.id):
        rows = [row for table in TABLES for row in table._default_manager.order_by("pk")]
        return str(serializers.serialize("json", rows))


@pytest.fixture
def rival(other_workspace: Workspace) -> World:
    """Another workspace with something of everything; held, so that there is something to settle, too."""
    world = build_whole(other_workspace)
    with workspace_scope(other_workspace.id):
        Workspace.objects.filter(id=other_workspace.id).update(held_at=now(), held_since=now())
        secret = {"url": "", "text": "SECRET", "at": None}
        Inventory.objects.create(channel_id=world.channel_id, looked_at=now(), found={}, strangers=[secret])
    return world


def test_the_list_of_operations_is_not_empty() -> None:
    assert len(OPERATIONS) > 80
    assert sum("{" in path for _, path, _ in OPERATIONS) > 50


@pytest.mark.parametrize(
    ("method", "path", "operation"), [o for o in OPERATIONS if "{" in o[1]], ids=lambda value: str(value)
)
def test_an_id_of_another_workspace_is_not_found(
    method: str, path: str, operation: str, client: ApiClient, rival: World, other_workspace: Workspace
) -> None:
    before = everything_of(other_workspace)
    response = client.call(method, path.format(**rival.named(), number=1), BODIES.get(operation, {}))
    assert response.status_code == 404, response.content
    assert response["Content-Type"] == "application/problem+json"
    assert b"SECRET" not in response.content
    assert everything_of(other_workspace) == before


@pytest.mark.parametrize(("method", "path", "operation"), [o for o in OPERATIONS if o[0] == "GET" and "{" not in o[1]])
def test_no_list_shows_another_workspace(
    method: str, path: str, operation: str, client: ApiClient, rival: World
) -> None:
    response = client.call(method, path)
    assert response.status_code == 200
    assert b"SECRET" not in response.content


@pytest.mark.parametrize(("method", "path", "operation"), [o for o in OPERATIONS if o[0] == "GET"])
def test_the_owner_does_see_it(method: str, path: str, operation: str, stranger: ApiClient, rival: World) -> None:
    """The data of the tests above could leak: who may see it, sees it."""
    response = stranger.call(method, path.format(**rival.named()))
    assert response.status_code == 200, response.content
    silent = {
        "getWorkspace", "listNetworks", "listNeedsYou", "listSlots", "checkPost", "listRevisions", "listChanges",
        "countPlanned", "reportQuality",
    }  # fmt: skip
    if operation not in silent:
        assert b"SECRET" in response.content


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x", "channels": ["{channel_id}"]},
        {"text": "x", "campaign": "{campaign_id}"},
        {"text": "x", "media": ["{asset_id}"]},
        {"text": "x", "variants": {"{channel_id}": {}}},
        {"document": {"parts": [{"text": "x"}], "link_card": {"url": "https://x.test", "image": "{asset_id}"}}},
    ],
)
def test_a_body_cannot_name_another_workspaces_things(
    body: dict[str, Any], client: ApiClient, rival: World, workspace: Workspace
) -> None:
    filled = json.dumps(body)
    for name, value in rival.named().items():
        filled = filled.replace("{" + name + "}", value)
    response = client.call("POST", "/posts", json.loads(filled))
    assert response.status_code in {404, 422}
    assert b"SECRET" not in response.content
    with workspace_scope(workspace.id):
        assert Post.objects.count() == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations/steps", {"conversations": ["{conversation_id}"], "state": "done"}),
        ("/conversations/undo", {"events": ["{event_id}"]}),
        ("/conversations/{own}/replies", {"text": "x", "to": "{message_id}"}),
        ("/conversations/{own}/replies", {"text": "x", "media": ["{asset_id}"]}),
        ("/conversations/{own}/steps", {"assignee": "{user_id}"}),
    ],
)
def test_a_step_cannot_name_another_workspaces_things(
    path: str, body: dict[str, Any], client: ApiClient, rival: World, workspace: Workspace, other_workspace: Workspace
) -> None:
    own = build_world(workspace, "ours")
    filled = json.dumps(body).replace("{user_id}", str(member_of(other_workspace)[1].id))
    for name, value in rival.named().items():
        filled = filled.replace("{" + name + "}", value)
    before = everything_of(other_workspace), everything_of(workspace)
    response = client.call("POST", path.replace("{own}", str(own.conversation_id)), json.loads(filled))
    assert response.status_code in {404, 422}, response.content
    assert b"SECRET" not in response.content
    assert (everything_of(other_workspace), everything_of(workspace)) == before


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_a_token_that_may_only_read_changes_nothing(
    method: str, path: str, operation: str, other_workspace: Workspace, rival: World
) -> None:
    from tests.api.conftest import token_for

    reader = ApiClient(token_for(other_workspace, ("view",)))
    before = everything_of(other_workspace)
    extra: dict[str, Any] = {
        "createPost": {"text": "x"},
        "createCampaign": {"name": "x"},
        "createLabel": {"name": "x"},
        "connectChannel": {"network": "practice", "form": {}},
        "workConversations": {"conversations": [str(rival.conversation_id)], "state": "done"},
        "undoSteps": {"events": [str(rival.event_id)]},
        "createWebhook": {"name": "x", "address": "https://x.test/", "events": ["post.failed"]},
        "startCrisis": {"name": "x"},
    }
    response = reader.call(method, path.format(**rival.named(), number=1), {**BODIES, **extra}.get(operation, {}))
    if method != "GET" and operation != "uploadMedia":
        assert response.status_code == 403, response.content
    assert everything_of(other_workspace) == before
