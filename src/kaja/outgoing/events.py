"""What can be told, and in which form: a contract with programs outside (`docs/webhooks.md`).

An event says what happened and to what, never what was written or by whom: who receives it asks the API for the rest,
with a token that may. A field may be added; a change of another kind is a new `VERSION`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

VERSION = 1
TEST = "webhook.test"
"""Sent only when somebody presses the button."""


class Data(BaseModel):
    """What an event is about."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class MessageReceived(Data):
    """Somebody of the audience wrote something."""

    message: UUID
    conversation: UUID
    channel: UUID
    network: str
    kind: str = Field(description="comment, reply, mention, direct or review, as the network has it")
    at: datetime


class Promised(BaseModel):
    """An answer that was promised and is still open."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    what: Literal["first", "next", "resolution"]
    at: datetime


class ConversationChanged(Data):
    """A conversation is otherwise than it was: what was said in it, or what the team did about it. `due_at`: when the
    first of what is `due` is; null where nothing was promised that is still open."""

    conversation: UUID
    channel: UUID
    state: Literal["new", "open", "waiting", "done", "spam"]
    assignee: UUID | None
    priority: int
    version: int
    due_at: datetime | None
    due: tuple[Promised, ...]


class TargetBreach(Data):
    """An answer that was promised is late."""

    conversation: UUID
    channel: UUID
    target: UUID | None
    measure: Literal["first", "next", "resolution"]
    asked_at: datetime
    due_at: datetime


class AlarmRaised(Data):
    """Much more was written than usual (`volume`), or much worse (`bad`). Without a channel: on all together."""

    alarm: UUID
    kind: str
    channel: UUID | None
    count: int
    expected: float | None
    at: datetime


class PostPublished(Data):
    """A post, or a part of one, stands on a network."""

    post: UUID
    delivery: UUID
    channel: UUID
    kind: str
    url: str


class PostFailed(Data):
    """A post, or a part of one, could not be sent; `problem` is the code of why."""

    post: UUID
    delivery: UUID
    channel: UUID
    kind: str
    problem: str


class LeadChanged(Data):
    """Somebody was handed over to sales, or that was taken back."""

    lead: UUID
    person: UUID | None
    conversation: UUID | None
    state: Literal["handed_over", "taken_back"]
    at: datetime


class Test(Data):
    """The button on the endpoint's page."""

    endpoint: UUID


EVENTS: Mapping[str, type[Data]] = {
    "message.received": MessageReceived,
    "conversation.changed": ConversationChanged,
    "target.breach": TargetBreach,
    "alarm.raised": AlarmRaised,
    "post.published": PostPublished,
    "post.failed": PostFailed,
    "lead.changed": LeadChanged,
}
"""By name, in the order of the form."""


def render_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) of every body."""
    told: dict[str, type[Data]] = {**EVENTS, TEST: Test}
    shared: dict[str, Any] = {}
    forms = [_schema_of(name, data, shared) for name, data in told.items()]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A webhook of Kaja",
        "oneOf": forms,
        "$defs": shared,
    }


def _schema_of(name: str, data: type[Data], shared: dict[str, Any]) -> dict[str, Any]:
    form = data.model_json_schema(mode="serialization")
    shared |= form.pop("$defs", {})  # references lead to the root of the document
    return {
        "title": name,
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "version", "timestamp", "workspace", "data"],
        "properties": {
            "type": {"const": name},
            "version": {"const": VERSION},
            "timestamp": {"type": "string", "format": "date-time"},
            "workspace": {"type": "string", "format": "uuid"},
            "data": form,
        },
    }
