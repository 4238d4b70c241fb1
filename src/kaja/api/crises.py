"""The JSON of crisis mode: what is paused, what may be said, whom it concerns, what was decided."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from ninja import Schema
from pydantic import AwareDatetime, Field

from kaja.api.conversations import MemberRef, member_out
from kaja.api.render import problem_out
from kaja.api.schemas import Body, ProblemOut
from kaja.crisis.models import Crisis, LogLine, Outcome, PausedPost, Statement
from kaja.crisis.queries import Affected, Figures, Planned, PlannedFilter, is_untouched
from kaja.workspaces.models import Member

Language = Literal["en", "ru", "et", "zh-hant"]
Verdict = Literal["resume", "keep", "delete"]
OutcomeName = Literal["paused", "begun", "resumed", "kept", "deleted", "elsewhere"]
"""`begun`: could not be stopped; `elsewhere`: somebody decided otherwise meanwhile."""


class CrisisOut(Schema):
    """`ended_at`: null while it lasts. `lesson`: what was learnt, written at its end."""

    id: UUID
    name: str
    why: str
    alarm: UUID | None
    began_at: datetime
    began_by: MemberRef | None
    ended_at: datetime | None
    lesson: str


class CrisisPage(Schema):
    items: list[CrisisOut]
    next_cursor: str


class StatementOut(Schema):
    """What may be said, by language. Only what is approved is offered to those who write. `version` goes back with an
    approval."""

    id: UUID
    title: str
    texts: dict[str, str]
    version: int
    written_at: datetime
    written_by: MemberRef | None
    approved_at: datetime | None
    approved_by: str


class FiguresOut(Schema):
    """Of the conversations that it is about, from its start until its end or now. `posts`: how many were paused, by
    what became of them."""

    conversations: int
    messages: int
    people: int
    answered: int
    waiting: int
    until: datetime
    posts: dict[OutcomeName, int]


class AffectedIO(Body):
    """Conversations with a message since then, on one of the channels, with one of the words; empty means all."""

    since: AwareDatetime
    channels: list[UUID] = Field(default=[], max_length=500)
    words: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(default=[], max_length=10)


class CrisisDetail(CrisisOut):
    """With who approves, what may be said, which conversations it is about (null: only those that somebody adds), and
    the figures: after its end this is the review."""

    approvers: list[MemberRef]
    affected: AffectedIO | None
    statements: list[StatementOut]
    figures: FiguresOut


class PlannedPost(Schema):
    id: UUID
    due_at: datetime | None
    summary: str


class PlannedOut(Schema):
    """What pausing would do now: `begun` of `count` have begun to go out and cannot be stopped; `posts` are the next of
    them. `seen` goes back with the pausing."""

    count: int
    begun: int
    posts: list[PlannedPost]
    seen: str


class PlannedIn(Schema):
    """Which scheduled posts: on one of the channels, with one of the labels, in one of the campaigns. What is empty
    does not narrow."""

    channel: list[UUID] = Field(default=[], max_length=100)
    label: list[str] = Field(default=[], max_length=100)
    campaign: list[UUID] = Field(default=[], max_length=100)


class PauseIn(Body):
    """The same filter as was counted, with the `seen` that counting gave."""

    channels: list[UUID] = Field(default=[], max_length=100)
    labels: list[str] = Field(default=[], max_length=100)
    campaigns: list[UUID] = Field(default=[], max_length=100)
    seen: str = Field(max_length=100)

    def give(self) -> PlannedFilter:
        """As the room below it takes it."""
        return PlannedFilter(frozenset(self.channels), frozenset(self.labels), frozenset(self.campaigns))


class CrisisIn(Body):
    """`alarm`: why it begins. `pause`: pause what is scheduled in the same step."""

    id: UUID | None = None
    name: str = Field(max_length=120)
    why: str = Field(default="", max_length=4000)
    alarm: UUID | None = None
    pause: PauseIn | None = None


class PausedOut(Schema):
    """`begun`: had begun to go out and could not be stopped."""

    paused: int
    begun: int


class PausedPostOut(Schema):
    """A post that was scheduled. `due_at` is the time that it had; `untouched`: it is as the crisis left it."""

    post: UUID
    summary: str
    due_at: datetime | None
    outcome: OutcomeName
    problem: ProblemOut | None
    untouched: bool
    at: datetime


class PausedPostPage(Schema):
    items: list[PausedPostOut]
    next_cursor: str


class StatementIn(Body):
    title: str = Field(max_length=120)
    texts: dict[Language, str]

    def give(self) -> dict[str, str]:
        """The words by language."""
        return {str(code): text for code, text in self.texts.items()}


class NewStatementIn(StatementIn):
    """With an `id` of your choice (a UUIDv7) the same statement is never there twice."""

    id: UUID | None = None


class ApprovalIn(Body):
    """`version`: as it was read; one that was changed since is a 409."""

    version: int = Field(ge=1, le=2**31 - 1)


class ApproversIn(Body):
    approvers: list[UUID] = Field(max_length=200)


class DecisionIn(Body):
    text: str = Field(max_length=4000)


class CrisisLineOut(Schema):
    """Who decided what, when. `text` is in their own words; `params` belong to `what`."""

    id: UUID
    at: datetime
    name: str
    what: str
    text: str
    params: dict[str, Any]


class CrisisLinePage(Schema):
    items: list[CrisisLineOut]
    next_cursor: str


class ChoiceIn(Body):
    """`at`: a new time for what is scheduled again; without it the one that it had."""

    verdict: Verdict
    at: AwareDatetime | None = None


class EndIn(Body):
    """What becomes of the paused posts: `own` by post, `usual` of all others. With “resume” as the usual, a post whose
    time has passed stays a draft."""

    usual: Verdict = "keep"
    own: dict[UUID, ChoiceIn] = Field(default={}, max_length=10_000)
    lesson: str = Field(default="", max_length=8000)


def render_short_crisis(row: Crisis) -> CrisisOut:
    return CrisisOut(**_told(row))


def _told(row: Crisis) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("id", "name", "why", "began_at", "ended_at", "lesson")}
    return plain | {"alarm": row.alarm_id, "began_by": member_out(row.began_by)}


def crisis_detail(row: Crisis, approvers: list[Member], statements: list[Statement], figures: Figures) -> CrisisDetail:
    wanted = Affected.model_validate(row.affected) if row.affected else None
    return CrisisDetail(
        **_told(row),
        approvers=[each for each in map(member_out, (member.user for member in approvers)) if each],
        affected=AffectedIO(since=wanted.since, channels=list(wanted.channels), words=list(wanted.words))
        if wanted
        else None,
        statements=[render_statement(each) for each in statements],
        figures=FiguresOut(
            conversations=figures.conversations,
            messages=figures.messages,
            people=figures.people,
            answered=figures.answered,
            waiting=figures.waiting,
            until=figures.until,
            posts={_outcome(outcome): number for outcome, number in figures.posts.items()},
        ),
    )


def _outcome(outcome: str) -> Any:
    return "paused" if outcome == Outcome.OPEN else outcome


def planned_out(planned: Planned, wanted: PlannedFilter) -> PlannedOut:
    posts = [PlannedPost(id=post.id, due_at=post.due_at, summary=post.summary) for post in planned.shown]
    return PlannedOut(count=planned.count, begun=planned.begun, posts=posts, seen=wanted.mark)


def paused_out(row: PausedPost) -> PausedPostOut:
    return PausedPostOut(
        post=row.post_id,
        summary=row.post.summary,
        due_at=row.due_at,
        outcome=_outcome(row.outcome),
        problem=problem_out(row.problem),
        untouched=is_untouched(row),
        at=row.at,
    )


def render_statement(row: Statement) -> StatementOut:
    plain = {name: getattr(row, name) for name in ("id", "title", "texts", "version", "written_at", "approved_at")}
    return StatementOut(**plain, written_by=member_out(row.written_by), approved_by=row.approved_name)


def render_crisis_line(row: LogLine) -> CrisisLineOut:
    plain = {name: getattr(row, name) for name in ("id", "at", "name", "what", "text", "params")}
    return CrisisLineOut(**plain)
