"""What is told of what happens in the rooms below, in the form that the document promises."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from django.db import transaction

from kaja.channels.models import Channel
from kaja.delivery.events import DeliveryFailed, DeliverySent
from kaja.inbox.actions import set_priority, set_state
from kaja.inbox.events import ConversationsChanged, MessagesCame
from kaja.inbox.models import AnswerTarget, AnswerWait, Conversation, ConversationState, Message, Priority
from kaja.inbox.outside import tell_of_conversations
from kaja.inbox.targets.actions import tell_of_late
from kaja.inbox.trouble.models import Alarm
from kaja.inbox.trouble.watching import watch_workspace
from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.tenancy import workspace_scope
from kaja.outgoing.actions import create_endpoint, send_test
from kaja.outgoing.document import render_document
from kaja.outgoing.events import EVENTS, TEST
from kaja.outgoing.models import OutgoingEvent, Sending
from kaja.publishing.models import PostDelivery
from kaja.web.settings.words import EVENT_WORDS
from kaja.workspaces.models import Workspace
from tests.api.world import World, build_world
from tests.people import actor

COMMITTED = Path(__file__).parents[2] / "docs" / "api" / "webhooks.schema.json"


@pytest.fixture
def world(workspace: Workspace) -> World:
    """Everything in a workspace, and an endpoint that wants all of it."""
    made = build_world(workspace)
    with workspace_scope(workspace.id):
        create_endpoint(actor(workspace), "Shop", "https://shop.test/hook", list(EVENTS))
    return made


def told(workspace: Workspace, kind: str) -> list[dict[str, Any]]:
    """The bodies, each held against the committed document."""
    judge = jsonschema_rs.validator_for(json.loads(COMMITTED.read_text()), validate_formats=True)
    with workspace_scope(workspace.id):
        bodies = [json.loads(row.body) for row in OutgoingEvent.objects.filter(kind=kind).order_by("at", "id")]
        assert Sending.objects.count() == OutgoingEvent.objects.count()
    for body in bodies:
        assert [*judge.iter_errors(body)] == []
        assert "SECRET" not in json.dumps(body), "never what was written"
    return [body["data"] for body in bodies]


def test_the_committed_document_is_what_is_told() -> None:
    assert COMMITTED.read_text() == render_document(), "run `make openapi` and read the difference"
    assert not jsonschema_rs.is_valid(json.loads(COMMITTED.read_text()), {"type": "message.received"})


def test_every_event_can_be_chosen_on_the_page() -> None:
    assert list(EVENT_WORDS) == list(EVENTS)


def test_a_new_message_is_told_and_history_is_not(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        message = Message.objects.get(id=world.message_id)
        old = Message.objects.create(
            conversation_id=world.conversation_id, channel_id=world.channel_id, direction="in", kind="comment",
            remote_id="old", at=now() - timedelta(days=400),
        )  # fmt: skip
        publish(MessagesCame(world.channel_id, (message.id, old.id), (world.conversation_id,)))
    [data] = told(workspace, "message.received")
    assert data["message"] == str(world.message_id)
    assert (data["conversation"], data["kind"]) == (str(world.conversation_id), "comment")


def test_a_step_of_the_team_is_told_with_it_or_not_at_all(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            _fail_after(lambda: set_state(actor(workspace), [world.conversation_id], ConversationState.SPAM))
        set_priority(actor(workspace), [world.conversation_id], Priority.HIGH)
    [data] = told(workspace, "conversation.changed")
    assert (data["state"], data["priority"], data["version"]) == ("open", 1, 2)


def test_what_is_due_is_told_with_the_conversation(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        common = {"conversation_id": world.conversation_id, "channel_id": world.channel_id}
        for hours, measure in ((9, "resolution"), (1, "first")):
            due_at = now() + timedelta(hours=hours)
            AnswerWait.objects.create(**common, measure=measure, begun_at=now(), due_at=due_at)
        tell_of_conversations(ConversationsChanged((world.conversation_id,)))
    [data] = told(workspace, "conversation.changed")
    assert [each["what"] for each in data["due"]] == ["first", "resolution"]
    assert data["due_at"] == data["due"][0]["at"]


def _fail_after(do: Any) -> None:
    do()
    raise ZeroDivisionError


def test_many_conversations_cost_as_many_statements_as_one(
    workspace: Workspace, world: World, django_assert_num_queries: Any
) -> None:
    with workspace_scope(workspace.id):
        channel = Channel.objects.get(id=world.channel_id)
        rows = [
            Conversation.objects.create(channel=channel, thread=str(n), kind="mention", last_at=now())
            for n in range(30)
        ]
        for count in (1, 30):
            # the endpoints, the conversations, the events, what is to be sent; and what targets look at beside it
            with django_assert_num_queries(4 + OF_TARGETS):
                publish(ConversationsChanged(tuple(row.id for row in rows[:count])))
    assert len(told(workspace, "conversation.changed")) == 31


OF_TARGETS = 6


def test_a_late_answer_is_told_once(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        target = AnswerTarget.objects.create(name="Quick", first_minutes=1)
        common = {"conversation_id": world.conversation_id, "channel_id": world.channel_id, "target": target}
        moment = now()
        AnswerWait.objects.create(
            **common, measure="first", begun_at=moment - timedelta(minutes=9), due_at=moment - timedelta(minutes=8)
        )
        AnswerWait.objects.create(**common, measure="next", begun_at=moment, due_at=moment + timedelta(minutes=5))
        AnswerWait.objects.create(
            **common, measure="resolution", begun_at=moment - timedelta(minutes=9),
            due_at=moment - timedelta(minutes=8), ended_at=moment,
        )  # fmt: skip
    assert (tell_of_late(), tell_of_late()) == (1, 0)
    [data] = told(workspace, "target.breach")
    assert (data["measure"], data["target"]) == ("first", str(target.id))


def test_an_alarm_is_told_when_it_begins(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        channel, talk = Channel.objects.get(id=world.channel_id), Conversation.objects.get(id=world.conversation_id)
        moment = now()
        Message.objects.bulk_create(
            Message(
                workspace=workspace, conversation=talk, channel=channel, direction="in", kind="comment",
                remote_id=f"h{n}", at=moment - timedelta(days=40) + timedelta(hours=7 * n),
            )
            for n in range(137)
        )  # fmt: skip
        Message.objects.bulk_create(
            Message(
                workspace=workspace, conversation=talk, channel=channel, direction="in", kind="comment",
                remote_id=f"b{n}", at=moment - timedelta(minutes=1),
            )
            for n in range(200)
        )  # fmt: skip
        watch_workspace()
        watch_workspace()
        alarm = Alarm.objects.get()
    [data] = told(workspace, "alarm.raised")
    assert (data["alarm"], data["kind"], data["count"]) == (str(alarm.id), "volume", alarm.count)


def test_posts_are_told_published_or_failed(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        row = PostDelivery.objects.get(id=world.delivery_id)
        about = (row.id, row.source_kind, row.source_id, row.channel_id)
        publish(DeliverySent(*about, None))
        publish(DeliveryFailed(*about, {"code": "text_too_long", "message": "x", "params": {}}))
        publish(DeliverySent(row.id, "reply", row.source_id, row.channel_id, None))
    [published] = told(workspace, "post.published")
    [failed] = told(workspace, "post.failed")
    assert (published["post"], published["channel"]) == (str(world.post_id), str(world.channel_id))
    assert failed["problem"] == "text_too_long"


def test_a_test_fits_the_document_too(workspace: Workspace, world: World) -> None:
    with workspace_scope(workspace.id):
        endpoint, _ = create_endpoint(actor(workspace), "Other", "https://other.test/hook", ["post.failed"])
        send_test(actor(workspace), endpoint.id)
    assert told(workspace, TEST) == [{"endpoint": str(endpoint.id)}]
