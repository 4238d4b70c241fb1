"""The JSON of webhooks: the addresses that are told, and the log of what they were told."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from ninja import Schema
from pydantic import Field

from kaja.api.render import problem_out
from kaja.api.schemas import Body, ProblemOut
from kaja.outgoing.models import Endpoint
from kaja.outgoing.queries import Logged

EventName = Literal[
    "message.received", "conversation.changed", "target.breach", "alarm.raised", "post.published", "post.failed",
    "lead.changed",
]  # fmt: skip
SendingStates = Literal["waiting", "sent", "failed"]


class WebhookIn(Body):
    """`events`: what it is told of."""

    name: str = Field(max_length=200)
    address: str = Field(max_length=2000)
    events: list[EventName] = Field(max_length=50)


class NewWebhookIn(WebhookIn):
    """With an `id` of your choice (a UUIDv7) the same webhook is never there twice."""

    id: UUID | None = None


class WebhookOut(Schema):
    """`off_why`: person, gone (its server answered 410) or failing (for days). Until `old_secret_until` it is signed
    with the secret before, too."""

    id: UUID
    name: str
    address: str
    events: list[str]
    off_at: datetime | None
    off_why: Literal["", "person", "gone", "failing"]
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_at: datetime


class WebhookPage(Schema):
    items: list[WebhookOut]
    next_cursor: str


class WebhookMade(WebhookOut):
    """With the `secret`, which is shown no more."""

    secret: str


class SecretOut(Schema):
    """Shown no more."""

    secret: str


class WebhookTryOut(Schema):
    """One request: `answer` is the beginning of what came back; without a `status` nothing did."""

    at: datetime
    seconds: float
    status: int | None
    answer: str
    problem: ProblemOut | None


class WebhookSendingOut(Schema):
    """One event for one webhook, with its tries, the newest first. `event` is the id in its `webhook-id`."""

    id: UUID
    event: UUID
    type: str
    at: datetime
    state: SendingStates
    next_at: datetime | None
    tries: list[WebhookTryOut]


class WebhookSendingPage(Schema):
    items: list[WebhookSendingOut]
    next_cursor: str


def render_webhook(row: Endpoint) -> WebhookOut:
    names = ("id", "name", "address", "off_at", "off_why", "failing_since", "created_at")
    plain = {name: getattr(row, name) for name in names}
    return WebhookOut(**plain, events=list(row.kinds), old_secret_until=row.old_until)


def render_made_webhook(row: Endpoint, secret: str) -> WebhookMade:
    return WebhookMade(**render_webhook(row).model_dump(), secret=secret)


def sending_out(logged: Logged) -> WebhookSendingOut:
    row = logged.sending
    return WebhookSendingOut(
        **{name: getattr(row, name) for name in ("id", "state", "next_at")},
        event=row.event_id,
        type=row.event.kind,
        at=row.event.at,
        tries=[
            WebhookTryOut(
                at=one.at, seconds=one.seconds, status=one.status, answer=one.answer, problem=problem_out(one.problem)
            )
            for one in logged.tries
        ],
    )
