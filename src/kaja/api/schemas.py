"""The JSON of the API. Times are RFC 3339 with an offset; ids are UUIDs."""

from datetime import datetime
from datetime import time as clock_time
from typing import Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field

from kaja.content.document import Document, Overrides


class Body(Schema):
    """What a request brings. A field that is not known is refused: who sends one believes that it does something."""

    model_config = ConfigDict(extra="forbid")


class ProblemOut(Schema):
    """One finding: `code`, `field` and `params` for programs, `message` and `fix` for people."""

    code: str
    field: str
    severity: Literal["error", "warning"]
    message: str
    fix: str
    params: dict[str, Any]


class ProblemDocument(Schema):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    problems: list[ProblemOut] = []
    revision: int | None = None
    theirs: dict[str, Any] | None = None
    yours: dict[str, Any] | None = None


class WorkspaceOut(Schema):
    id: UUID
    name: str
    slug: str
    time_zone: str
    language: str
    late_limit_minutes: int
    paused_at: datetime | None
    held_at: datetime | None
    crisis_at: datetime | None


class QuotaOut(Schema):
    bucket: str
    limit: int | None
    remaining: int | None
    resets_at: datetime | None
    blocked_until: datetime | None


class ChannelOut(Schema):
    id: UUID
    network: str
    name: str
    handle: str
    url: str
    health: str
    health_problem: ProblemOut | None
    moved_to: str = Field(description="Where the channel's server says it has moved to; empty when it does not.")
    expires_at: datetime | None
    permissions: list[str]
    quotas: list[QuotaOut]
    disconnected_at: datetime | None


class ChannelPage(Schema):
    items: list[ChannelOut]
    next_cursor: str


class FollowIn(Body):
    """Follow a server that has moved; `to` is the channel's `moved_to` as it was read."""

    to: str = Field(max_length=300)


class ChannelIn(Body):
    """Connect a channel of a network whose form takes everything at once (not OAuth)."""

    network: str = Field(max_length=30)
    form: dict[str, str] = Field(max_length=20)


class OptionOut(Schema):
    """A field of a post that only some networks or formats have; `choices` are empty where the account has its own."""

    name: str
    kind: str
    required: bool
    default: str
    choices: list[str]


class FormatOut(Schema):
    """A way in which a network shows a post: the option `format` names it, and it may have options of its own."""

    key: str
    text: Literal["required", "optional", "none"]
    least_files: int
    most_files: int
    kinds: list[str]
    options: list[OptionOut]


class NetworkOut(Schema):
    key: str
    name: str
    connect: Literal["form", "oauth"]
    form: list[str]
    options: list[str]
    formats: list[FormatOut]
    practice: bool


class SlotIO(Body):
    """A weekly time in the workspace's zone; Monday is 0."""

    weekday: int = Field(ge=0, le=6)
    time: clock_time


class SlotsIn(Body):
    slots: list[SlotIO] = Field(max_length=500)


class VariantIO(Body):
    """What one channel has of its own."""

    overrides: Overrides = Overrides()
    options: dict[str, Any] = Field(default={}, max_length=50)


class DeliveryOut(Schema):
    id: UUID
    channel: UUID
    kind: str
    position: int
    state: str
    due_at: datetime
    sent_at: datetime | None
    remote_id: str
    remote_url: str
    needs_person: bool
    problem: ProblemOut | None


class AttemptOut(Schema):
    stage: str
    irreversible: bool
    started_at: datetime
    seconds: float | None
    outcome: str
    message: str
    reason: ProblemOut | None
    worker: str
    evidence: list[Any]


class CandidateOut(Schema):
    id: str
    url: str
    text: str
    posted_at: datetime | None


PostStands = Literal["idea", "draft", "scheduled", "underway", "sent", "needs", "cancelled"]


class PostOut(Schema):
    """`state` is what people decided: idea, draft or scheduled. `standing` is what became of it, as the screen says
    it: beside these underway, sent, needs (a person has to decide) or cancelled."""

    id: UUID
    state: str
    standing: PostStands
    summary: str
    document: Document
    variants: dict[str, VariantIO]
    due_at: datetime | None
    campaign: str | None
    labels: list[str]
    revision: int
    created_at: datetime
    updated_at: datetime
    deliveries: list[DeliveryOut]


class PostPage(Schema):
    items: list[PostOut]
    next_cursor: str


class DeliveryPage(Schema):
    items: list[DeliveryOut]
    next_cursor: str


class PostIn(Body):
    """A new post. `text` and `media` are short for a document of one part. With an `id` of your choice (a UUIDv7) the
    request can be repeated: the same id is the same post."""

    id: UUID | None = None
    text: str | None = Field(default=None, max_length=200_000)
    media: list[UUID] = Field(default=[], max_length=100)
    document: Document | None = None
    channels: list[UUID] = Field(default=[], max_length=200)
    variants: dict[UUID, VariantIO] = Field(default={}, max_length=200)
    due_at: AwareDatetime | None = None
    campaign: UUID | None = None
    labels: list[str] = Field(default=[], max_length=50)
    state: Literal["idea", "draft"] = "draft"


class PostPatch(Body):
    """What changes; an absent field stays. `base_revision` is the revision that you saw."""

    base_revision: int = Field(ge=1)
    document: Document | None = None
    channels: list[UUID] | None = Field(default=None, max_length=200)
    variants: dict[UUID, VariantIO] | None = Field(default=None, max_length=200)
    due_at: AwareDatetime | None = None
    campaign: UUID | None = None
    labels: list[str] | None = Field(default=None, max_length=50)


class ScheduleIn(Body):
    """When: a time, or the next free slot of the post's channels."""

    due_at: AwareDatetime | None = None
    next_free_slot: bool = False


class RevisionOut(Schema):
    number: int
    author_name: str
    created_at: datetime


class RevisionPage(Schema):
    items: list[RevisionOut]
    next_cursor: str


class AssetOut(Schema):
    id: UUID
    kind: str
    filename: str
    mime: str
    size: int
    width: int
    height: int
    duration: float
    alt: str


class NameIn(Body):
    """With an `id` of your choice (a UUIDv7) the request can be repeated: the same id is the same thing."""

    id: UUID | None = None
    name: str = Field(min_length=1, max_length=120)


class NamedOut(Schema):
    id: UUID
    name: str


class NamedPage(Schema):
    items: list[NamedOut]
    next_cursor: str


class SettleIn(Body):
    """What a person found about an uncertain delivery.

    `there`: it stands on the network, as one of the candidates or at `url`; `send_again`: it does not; `drop`: leave
    it, whatever stands there.
    """

    decision: Literal["there", "send_again", "drop"]
    candidate: str = Field(default="", max_length=500)
    url: str = Field(default="", max_length=1000)


class ResolveMissedIn(Body):
    """What to do with a delivery that was too late."""

    decision: Literal["send_now", "reschedule", "drop"]
    due_at: AwareDatetime | None = None


class PublicationOut(Schema):
    id: UUID
    delivery: UUID
    remote_id: str
    remote_url: str
    published_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None


class ChangeOut(Schema):
    """A wish to edit or delete what stands on a network; `state` is wanted, done or failed."""

    id: UUID
    kind: str
    state: str
    problem: ProblemOut | None
    created_at: datetime
    finished_at: datetime | None


class DeliveryDetail(DeliveryOut):
    """A delivery with its journal, what may be it on the network, and what it became."""

    attempts: list[AttemptOut]
    candidates: list[CandidateOut]
    publication: PublicationOut | None


class UnsettledOut(Schema):
    """`there`: found on the network for certain; `missing`: certainly not there; `unclear`: nobody can tell."""

    delivery: UUID
    post: UUID
    channel: UUID
    due_at: datetime
    verdict: Literal["there", "missing", "unclear"]
    url: str


class UnknownPostOut(Schema):
    url: str
    text: str
    at: datetime | None


class StrangerOut(Schema):
    """What stands on a channel that Kaja does not know, or why it could not be asked for."""

    channel: UUID
    problem: ProblemOut | None
    posts: list[UnknownPostOut]


class SettlementOut(Schema):
    """`since`: the last time of which this database certainly knows everything. `due` comes in pages; `unknown` stands
    on the first one. `looked` of `channels` were asked what stands there."""

    held_at: datetime | None
    reason: str
    since: datetime | None
    looked: int
    channels: int
    due: list[UnsettledOut]
    unknown: list[StrangerOut]
    next_cursor: str


class SettlementIn(Body):
    """What was found for certain is marked as sent. `later` is the time for what is to go out later; `own` decides
    single deliveries otherwise."""

    missing: Literal["send", "skip", "later"]
    unclear: Literal["send", "skip", "later"]
    later: AwareDatetime | None = None
    own: dict[UUID, Literal["there", "send", "skip", "later"]] = Field(default={}, max_length=10_000)


class SettledOut(Schema):
    there: int
    send: int
    skip: int
    later: int
