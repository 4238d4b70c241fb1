"""The JSON of the inbox: conversations, what was said in them, and what is done about them."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from kaja.api.render import problem_out
from kaja.api.schemas import Body, ProblemOut
from kaja.inbox.acts import Acts
from kaja.inbox.answering import AnswerForm
from kaja.inbox.models import Conversation, ConversationEvent, Handle
from kaja.inbox.queries import Filters, list_promises
from kaja.inbox.threads import Sending, Told, UnderPost
from kaja.networks.kit.moderation import Act
from kaja.workspaces.models import User

Kind = Literal["comments", "mention", "direct", "review"]
ConversationStates = Literal["new", "open", "waiting", "done", "spam"]
PriorityValue = Literal[-1, 0, 1, 2]
LabelName = Annotated[str, Field(min_length=1, max_length=60)]


class MemberRef(Schema):
    """Somebody of the team."""

    id: UUID
    name: str


class HandleOut(Schema):
    """An account of somebody outside, as it was seen last; `person` joins the accounts of one."""

    id: UUID
    person: UUID
    network: str
    handle: str
    name: str
    url: str


class DueOut(Schema):
    """An answer that was promised and is still open."""

    what: Literal["first", "next", "resolution"]
    at: datetime


class ConversationOut(Schema):
    """`state`: what there is to do. `waiting_since`: their oldest message that has no answer. `due`: what was promised
    of it and is open, the first of which is at `due_at`; null where nothing is. `version` counts what the team did
    about it and goes back with a step."""

    id: UUID
    channel: UUID
    network: str
    kind: Kind
    state: ConversationStates
    assignee: MemberRef | None
    priority: PriorityValue
    labels: list[str]
    language: str
    excerpt: str
    messages: int
    author: HandleOut | None
    snoozed_until: datetime | None
    remind_at: datetime | None
    waiting_since: datetime | None
    due_at: datetime | None
    due: list[DueOut]
    first_in_at: datetime | None
    last_in_at: datetime | None
    last_out_at: datetime | None
    last_at: datetime
    post_url: str
    version: int


class ConversationPage(Schema):
    items: list[ConversationOut]
    next_cursor: str


class SendingOut(Schema):
    """How an answer of ours stands in the outbox."""

    id: UUID
    state: str
    needs_person: bool
    problem: ProblemOut | None
    due_at: datetime
    remote_url: str


class FileOut(Schema):
    """A file of a message: theirs has an address on the network, ours is one of the workspace's files."""

    kind: str
    url: str
    asset: UUID | None
    alt: str


class MessageOut(Schema):
    """`direction`: in (theirs), out (ours), note (of the team, seen by nobody outside). `earlier`: the words before it
    was edited, the newest first. `can`: what may be done on the network now; `done`: what was."""

    id: UUID
    conversation: UUID
    direction: Literal["in", "out", "note"]
    kind: str
    state: Literal["there", "pending", "hidden", "deleted"]
    text: str
    language: str
    rating: int | None
    url: str
    author: HandleOut | None
    member: MemberRef | None
    files: list[FileOut]
    at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    earlier: list[str]
    delivery: SendingOut | None
    can: list[Act]
    done: list[Act]


class MessagePage(Schema):
    items: list[MessageOut]
    next_cursor: str


class AnswerOut(Schema):
    """Whether it can be answered now, and how. `seen` goes back with the answer: who answered meanwhile is told."""

    possible: bool
    problem: ProblemOut | None
    kind: Literal["reply", "message"]
    to: UUID | None
    limit: int | None
    until: datetime | None
    seen: int


class ConversationDetail(ConversationOut):
    """With the newest messages in the order in which they were said; older ones come from its list of messages."""

    post: UUID | None
    answer: AnswerOut
    said: list[MessageOut]


class LineOut(Schema):
    """Something that was done to a conversation. `by`: a rule's name, or the machinery, when no person did it."""

    id: UUID
    what: str
    before: dict[str, Any]
    after: dict[str, Any]
    member: MemberRef | None
    by: str
    at: datetime
    undone_at: datetime | None


class LinePage(Schema):
    items: list[LineOut]
    next_cursor: str


class ConversationFilter(Schema):
    """Without `state` all are shown, else those of that state which are not snoozed."""

    state: list[ConversationStates] = Field(default=[], max_length=5)
    channel: list[UUID] = Field(default=[], max_length=100)
    kind: list[Kind] = Field(default=[], max_length=4)
    # In the order of `Filters`: Python keeps one object for both, and its order would be the luck of imports.
    assignee: UUID | Literal["me", "nobody"] | None = None
    label: list[LabelName] = Field(default=[], max_length=10)
    priority: int | None = Field(default=None, ge=-1, le=2)
    language: str = Field(default="", max_length=12)
    snoozed: bool = False
    waiting: bool = Field(default=False, description="Only those in which they wait for us.")
    due: Literal["", "late", "hour", "day"] = Field(
        default="", description="Only what is late, or due within an hour or a day; what is late is in each."
    )
    due_first: bool = Field(default=False, description="In the order of what is due first.")
    text: str = Field(default="", max_length=200)
    post: UUID | None = None
    person: UUID | None = None


class StepIn(Body):
    """What is given is done, all of it or nothing. `assignee`: a member, “me”, or null for nobody. `snooze_until` and
    `remind_at`: null ends it."""

    state: Literal["open", "waiting", "done", "spam"] | None = None
    assignee: Literal["me"] | UUID | None = None
    priority: PriorityValue | None = None
    snooze_until: AwareDatetime | None = None
    remind_at: AwareDatetime | None = None
    add_labels: list[LabelName] = Field(default=[], max_length=20)
    remove_labels: list[LabelName] = Field(default=[], max_length=20)


class OneStepIn(StepIn):
    """With `version`, what somebody else changed since is not written over: the answer is then 409."""

    version: int | None = Field(default=None, ge=0, le=2**31 - 1)


class ManyStepsIn(StepIn):
    """The same step for many conversations."""

    conversations: list[UUID] = Field(min_length=1, max_length=200)


class StepOut(Schema):
    """`events` are the lines that `undo` takes back; `changed` the conversations that are otherwise than before; what
    is in `stale` was left as it is, because somebody else changed it meanwhile."""

    events: list[UUID]
    changed: list[UUID]
    stale: list[UUID]


class UndoIn(Body):
    events: list[UUID] = Field(min_length=1, max_length=2000)


class NoteIn(Body):
    """With an `id` of your choice (a UUIDv7) the same note is never there twice."""

    id: UUID | None = None
    text: str = Field(min_length=1, max_length=10_000)


class ReplyIn(Body):
    """With an `id` of your choice (a UUIDv7) the same answer never goes out twice. `to`: a message other than their
    newest. `media`: files of the workspace. `seen`: as it was read; an answer that a colleague gave since is a 409."""

    id: UUID | None = None
    text: str = Field(default="", max_length=100_000)
    media: list[UUID] = Field(default=[], max_length=20)
    to: UUID | None = None
    seen: int | None = Field(default=None, ge=0, le=2**31 - 1)


class ActIn(Body):
    act: Act


def filters_of(given: ConversationFilter) -> Filters:
    """What a list of the API asks for, as the room below it does."""
    return Filters(
        states=frozenset(given.state),
        channel_ids=frozenset(given.channel),
        kinds=frozenset(given.kind),
        assignee=given.assignee,
        labels=frozenset(given.label),
        priority=given.priority,
        language=given.language,
        snoozed=given.snoozed,
        waiting=given.waiting,
        due=given.due,
        due_first=given.due_first,
        text=given.text,
        post=given.post,
        person=given.person,
    )


def conversation_out(row: Conversation) -> ConversationOut:
    return ConversationOut(**_told(row))


def _told(row: Conversation) -> dict[str, Any]:
    plain = (
        "id", "kind", "state", "priority", "language", "excerpt", "snoozed_until", "remind_at", "waiting_since",
        "first_in_at", "last_in_at", "last_out_at", "last_at", "post_url", "version",
    )  # fmt: skip
    promises = list_promises(row)
    return {name: getattr(row, name) for name in plain} | {
        "channel": row.channel_id,
        "network": row.channel.network,
        "assignee": member_out(row.assignee),
        "due_at": promises[0][1] if promises else None,
        "due": [{"what": what, "at": at} for what, at in promises],
        "labels": list(row.label_names),  # type: ignore[attr-defined]  # the query brings them
        "messages": row.messages_count,
        "author": handle_out(row.handle),
    }


def conversation_detail(
    row: Conversation, post: UnderPost | None, answer: AnswerForm, said: list[MessageOut]
) -> ConversationDetail:
    shown = AnswerOut(
        possible=answer.can_reply,
        problem=problem_out(answer.problem),
        kind=answer.kind,
        to=answer.to,
        limit=answer.count.limit if answer.count else None,
        until=answer.until,
        seen=answer.seen,
    )
    return ConversationDetail(**_told(row), post=post.id if post else None, answer=shown, said=said)


def messages_out(told: Collection[Told], acts: Mapping[UUID, Acts]) -> list[MessageOut]:
    return [_message(each, acts.get(each.message.id)) for each in told]


def _message(told: Told, acts: Acts | None) -> MessageOut:
    row = told.message
    plain = (
        "id", "direction", "kind", "state", "text", "language", "rating", "url", "at", "edited_at", "deleted_at",
    )  # fmt: skip
    return MessageOut(
        **{name: getattr(row, name) for name in plain},
        conversation=row.conversation_id,
        author=handle_out(row.handle),
        member=member_out(row.author),
        files=[_file(each) for each in row.media],
        earlier=list(told.earlier),
        delivery=_sending(told.sending) if told.sending else None,
        can=sorted(acts.offered) if acts else [],
        done=sorted(acts.done) if acts else [],
    )


def line_out(row: ConversationEvent) -> LineOut:
    plain = {name: getattr(row, name) for name in ("id", "what", "before", "after", "by", "at", "undone_at")}
    return LineOut(**plain, member=member_out(row.actor))


def _sending(row: Sending) -> SendingOut:
    return SendingOut(
        id=row.id,
        state=row.state,
        needs_person=row.needs_person,
        problem=problem_out(row.problem),
        due_at=row.due_at,
        remote_url=row.remote_url,
    )


def _file(given: Mapping[str, Any]) -> FileOut:
    key = str(given.get("key") or "").partition(":")[0]
    return FileOut(
        kind=str(given.get("kind") or ""),
        url=str(given.get("url") or ""),
        asset=UUID(key) if key else None,
        alt=str(given.get("alt") or ""),
    )


def member_out(user: User | None) -> MemberRef | None:
    return MemberRef(id=user.id, name=user.name or user.email) if user else None


def handle_out(row: Handle | None) -> HandleOut | None:
    """Somebody outside, as the API shows them."""
    if row is None:
        return None
    plain = {name: getattr(row, name) for name in ("id", "network", "handle", "name", "url")}
    return HandleOut(**plain, person=row.person_id)
