"""Every list goes on where its last page ended; every POST may be repeated with its key. Both walk the document."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from PIL import Image

from kaja.api.main import api
from kaja.api.models import RememberedRequest
from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel
from kaja.content.models import Campaign, Label, Post, Revision, Variant
from kaja.crisis.models import AffectedConversation, Crisis, LogLine, PausedPost, Statement
from kaja.crisis.queries import PlannedFilter
from kaja.delivery.models import Attempt, Publication, State
from kaja.inbox.models import (
    Conversation,
    ConversationEvent,
    Message,
    QualityCard,
    QualitySample,
    Reaction,
    Rule,
    RuleHit,
)
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.outcome import MOVED
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending
from kaja.publishing.models import PostDelivery, RemoteChange
from kaja.workspaces.models import AuditEntry, Workspace
from tests.api.conftest import ApiClient, token_for
from tests.api.test_isolation import OPERATIONS, everything_of
from tests.api.world import World, build_whole
from tests.channels.moving import mastodon_at_work
from tests.needed import Answer
from tests.networks.mastodon.server import FACTS, TOKEN
from tests.outgoing.world import fill_webhooks

SMALL = {"listNetworks", "listSlots", "listChanges", "listTargets", "listRules"}
"""Lists that cannot become long: of the program, of one week, of one publication; those that have a most."""


@pytest.fixture
def world(workspace: Workspace) -> World:
    return build_whole(workspace)


def fill(workspace: Workspace, world: World, count: int = 4) -> None:
    """More rows of everything that can be listed, so that each list has five or more."""
    with workspace_scope(workspace.id):
        post = Post.objects.get(id=world.post_id)
        PostDelivery.objects.update(needs_person=True)
        for n in range(count):
            Campaign.objects.create(name=f"Campaign {9 - n}")
            Label.objects.create(name=f"label {9 - n}")
            Revision.objects.create(post=post, number=n + 2, snapshot={})
            channel = Channel.objects.create(network="practice", account_id=str(n), name=f"Channel {9 - n}")
            another = Post.objects.create(document=post.document, summary=f"Post {n}")
            variant = Variant.objects.create(post=another, channel=channel)
            # Two of them at one instant: then the id decides.
            due_at = clock.now().replace(microsecond=0) - timedelta(hours=n // 2)
            PostDelivery.objects.create(
                variant=variant, channel=channel, state=State.FAILED, due_at=due_at, needs_person=True
            )
            talk = Conversation.objects.get(id=world.conversation_id)
            Message.objects.create(
                conversation=talk, channel=talk.channel, direction="in", kind="comment", remote_id=str(n), at=due_at
            )
            ConversationEvent.objects.create(conversation=talk, what="priority", at=due_at)
            other = Conversation.objects.create(channel=channel, thread=str(n), kind="mention", last_at=due_at)
            fill_more(another, other, Message.objects.get(remote_id=str(n)), n)
        fill_webhooks(workspace, count)


def fill_more(post: Post, talk: Conversation, message: Message, n: int) -> None:
    """One more of what stands beside posts and conversations."""
    at = post.created_at.replace(microsecond=0) - timedelta(hours=n // 2)
    lasting = Crisis.objects.get(ended_at=None)
    Crisis.objects.create(name=f"Crisis {n}", began_at=at, ended_at=at)
    PausedPost.objects.create(crisis=lasting, post=post, due_at=at, at=at)
    AffectedConversation.objects.create(crisis=lasting, conversation=talk, is_in=True, at=at)
    LogLine.objects.create(crisis=lasting, at=at, name="x", what="decision")
    event = OutgoingEvent.objects.create(kind="post.failed", body="{}", at=at)
    Sending.objects.create(endpoint=Sending.objects.earliest("id").endpoint, event=event, state="failed")
    RuleHit.objects.create(rule=Rule.objects.get(), rule_name="x", message=message, conversation=talk, at=at)
    QualityCard.objects.create(sample=QualitySample.objects.get(), conversation=talk)
    liked = Reaction.objects.earliest("id")
    Reaction.objects.create(channel=liked.channel, handle=liked.handle, kind="follow", mark=f"{n}".encode(), at=at)


LISTS = [
    (path, operation)
    for method, path, operation in OPERATIONS
    if method == "GET" and operation.startswith("list") and operation not in SMALL
]


def test_there_are_lists_to_page() -> None:
    assert len(LISTS) >= 6


@pytest.mark.parametrize(("path", "operation"), LISTS, ids=[operation for _, operation in LISTS])
def test_a_list_shows_every_row_once_in_pages(
    path: str, operation: str, client: ApiClient, workspace: Workspace, world: World
) -> None:
    fill(workspace, world)
    address = path.format(**world.named())
    whole = read(client.call("GET", f"{address}?limit=200"))
    assert whole["next_cursor"] == ""
    assert len(whole["items"]) >= 5
    seen: list[Any] = []
    cursor = ""
    for _ in range(len(whole["items"])):
        page = read(client.call("GET", f"{address}?limit=2&cursor={cursor}"))
        assert len(page["items"]) in {1, 2}
        seen += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == whole["items"]
    refused = client.call("GET", f"{address}?cursor=zz")
    assert refused.status_code == 422
    assert [problem["field"] for problem in read(refused)["problems"]] == ["cursor"]


def test_what_was_settled_meanwhile_does_not_end_the_walk(
    client: ApiClient, workspace: Workspace, world: World
) -> None:
    fill(workspace, world)
    first = read(client.call("GET", "/deliveries/needs-you?limit=2"))
    with workspace_scope(workspace.id):
        PostDelivery.objects.filter(id=first["items"][1]["id"]).update(needs_person=False)
    rest = read(client.call("GET", f"/deliveries/needs-you?limit=200&cursor={first['next_cursor']}"))
    assert len(rest["items"]) == 3
    assert not {row["id"] for row in first["items"]} & {row["id"] for row in rest["items"]}


def read(response: Answer) -> Any:
    return json.loads(response.content)


POSTS = [(path, operation) for method, path, operation in OPERATIONS if method == "POST"]


@pytest.mark.parametrize(("path", "operation"), POSTS, ids=[operation for _, operation in POSTS])
def test_every_post_has_one_effect_however_often_it_is_sent(
    path: str, operation: str, client: ApiClient, workspace: Workspace, world: World, request: pytest.FixtureRequest
) -> None:
    make_ready(operation, workspace, world)
    key = {"Idempotency-Key": str(uuid4())}
    body = body_of(operation)
    if operation == "connectChannel":
        body["form"]["base_url"] = request.getfixturevalue("practice").url
    if operation == "followChannel":
        body["to"] = move_channel(workspace, request.getfixturevalue("mastodon"))

    def send() -> Answer:
        address = path.format(**world.named(), number=1)
        if operation == "uploadMedia":
            return upload(client, key)
        if operation == "undoSteps":
            body["events"] = [str(world.event_id)]
        if operation == "workConversations":
            body["conversations"] = [str(world.conversation_id)]
        return client.call("POST", address, body, **key)

    untouched = state_of(workspace)
    first = send()
    assert first.status_code in {200, 201, 202}, first.content
    after = state_of(workspace)
    assert after != untouched, "the request does something that could be done twice"
    again = send()
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotency-Replayed"] == "true"
    assert state_of(workspace) == after
    with workspace_scope(workspace.id):
        assert RememberedRequest.objects.count() == 1


def test_the_document_tells_of_the_key_at_every_post() -> None:
    for path, methods in api.get_openapi_schema()["paths"].items():
        for method, operation in methods.items():
            told = any(each["name"] == "Idempotency-Key" for each in operation.get("parameters", []))
            assert told == (method == "post"), (method, path)


def state_of(workspace: Workspace) -> tuple[str, int, int]:
    """All rows that a request may change, and how many lines it left in the logs."""
    with workspace_scope(workspace.id):
        return everything_of(workspace), AuditEntry.objects.count(), Attempt.objects.count()


def body_of(operation: str) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "createPost": {"text": "Once"},
        "createCampaign": {"name": "Once"},
        "createLabel": {"name": "Once"},
        "connectChannel": {"network": "practice", "form": {"name": "once", "kind": "plain"}},
        "schedulePost": {"due_at": (clock.now() + timedelta(days=2)).replace(second=0, microsecond=0).isoformat()},
        "settleDelivery": {"decision": "send_again"},
        "resolveMissed": {"decision": "drop"},
        "settleWorkspace": {"missing": "send", "unclear": "skip"},
        "workConversation": {"state": "done", "add_labels": ["once"]},
        "workConversations": {"priority": 2},
        "addNote": {"text": "Once"},
        "replyTo": {"text": "Once"},
        "doAct": {"act": "like"},
        "createWebhook": {"name": "Once", "address": "https://once.test/", "events": ["post.failed"]},
        "startCrisis": {"name": "Once"},
        "pausePlanned": {"seen": PlannedFilter().mark},
        "writeStatement": {"title": "Once", "texts": {"en": "Once"}},
        "approveStatement": {"version": 1},
        "recordDecision": {"text": "Once"},
    }
    return bodies.get(operation, {})


@pytest.fixture
def mastodon(settings: Any) -> Iterator[str]:
    """The address of a server that stands there."""
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    with mastodon_at_work() as (_, url):
        yield url


def move_channel(workspace: Workspace, url: str) -> str:
    """Let the channel's server have sent Kaja to another address, where the same account answers."""
    told = {"asked": "http://127.0.0.1:9/api/v1/statuses", "to": f"{url}/api/v1/statuses"}
    problem = {"code": MOVED, "message": "moved", "params": told}
    moved = {"network": "mastodon", "account_id": FACTS.account_id, "base_url": "http://127.0.0.1:9"}
    with workspace_scope(workspace.id):
        Channel.objects.update(**moved, health_problem=problem)
        write_credentials(Channel.objects.get().id, {"access_token": TOKEN, "scope": "read write"})
    return url


def upload(client: ApiClient, key: dict[str, str]) -> Answer:
    """A browser's own form each time: the boundary between its parts differs."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "teal").save(out, "PNG")
    out.seek(0)
    out.name = "once.png"
    return Client().post(
        "/api/v1/media", {"file": out, "alt": "A door"}, headers={"Authorization": f"Bearer {client.token}", **key}
    )


def make_ready(operation: str, workspace: Workspace, world: World) -> None:
    """The world as it must be for the operation to do its work."""
    states = {
        "settleDelivery": State.UNCERTAIN, "retryDelivery": State.FAILED, "resolveMissed": State.MISSED,
        "cancelDelivery": State.SCHEDULED, "schedulePost": None, "unschedulePost": State.SCHEDULED,
        "publishPost": None,
    }  # fmt: skip
    with workspace_scope(workspace.id):
        if operation == "restorePost":
            Post.objects.update(deleted_at=clock.now())
        if operation == "resumeWorkspace":
            Workspace.objects.filter(id=workspace.id).update(paused_at=clock.now())
        if operation in {"settleWorkspace", "lookAgain"}:
            Workspace.objects.filter(id=workspace.id).update(held_at=clock.now(), held_since=clock.now())
        if operation == "restoreRevision":
            Post.objects.update(document={"parts": [{"text": "newer", "media": []}]}, revision=2)
        if operation == "editPublication":
            Post.objects.update(document={"parts": [{"text": "fixed", "media": []}]}, revision=2)
        if operation == "switchWebhookOn":
            Endpoint.objects.update(off_at=clock.now(), off_why="person")
        if operation == "startCrisis":
            Crisis.objects.update(ended_at=clock.now())
        if operation == "withdrawApproval":
            Statement.objects.update(approved_at=clock.now(), approved_name="Owner")
        if operation in states:
            RemoteChange.objects.all().delete()
            Publication.objects.all().delete()
            state = states[operation]
            if state is None:
                PostDelivery.objects.all().delete()
                Post.objects.update(state="draft")
            else:
                needs = state in {State.UNCERTAIN, State.FAILED, State.MISSED}
                PostDelivery.objects.update(state=state, remote_id="", sent_at=None, needs_person=needs)


@pytest.mark.parametrize(
    ("path", "body"),
    [("/posts", {"text": "Bread"}), ("/campaigns", {"name": "Launch"}), ("/labels", {"name": "video"})],
)
def test_the_same_id_is_the_same_thing(
    client: ApiClient, other_workspace: Workspace, path: str, body: dict[str, Any]
) -> None:
    chosen = str(new_id())
    answers = [client.call("POST", path, {"id": chosen, **body}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [json.loads(answer.content)["id"] for answer in answers] == [chosen, chosen]
    assert client.call("POST", path, {"id": chosen, next(iter(body)): "something else"}).status_code == 409
    stranger = ApiClient(token_for(other_workspace))
    refused = stranger.call("POST", path, {"id": chosen, **body})
    assert refused.status_code == 409
    assert "Bread" not in json.loads(refused.content)["detail"]
    assert client.call("POST", path, {"id": str(uuid4()), **body}).status_code == 422
