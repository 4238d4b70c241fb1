"""The JSON of what stands beside the conversations: targets for answers, rules and what they did, quality."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from ninja import Schema

from kaja.api.conversations import Kind, MemberRef, member_out
from kaja.api.render import problem_out
from kaja.api.schemas import ProblemOut
from kaja.inbox.quality.models import QualityCard, QualitySample
from kaja.inbox.quality.queries import ASPECTS, Result
from kaja.inbox.rules.models import Rule, RuleHit
from kaja.inbox.targets.models import AnswerTarget

Rated = Literal["", "yes", "partly", "no"]


class TargetOut(Schema):
    """How soon somebody is answered, in minutes of its hours; null promises nothing. No channels or kinds: all of them.
    `week`: hours by weekday, from and until in minutes of the day; null counts around the clock."""

    id: UUID
    name: str
    channels: list[UUID]
    kinds: list[Kind]
    week: dict[str, list[tuple[int, int]]] | None
    country: str
    region: str
    closed: list[date]
    first_minutes: int | None
    next_minutes: int | None
    resolution_minutes: int | None
    warn_minutes: int


class RuleOut(Schema):
    """`when` it is for a message, and what it `then` does. Without `on_since` it is switched off. `hits`: of the last
    30 days."""

    id: UUID
    name: str
    when: dict[str, Any]
    then: dict[str, Any]
    stops: bool
    on_since: datetime | None
    hits: int


class HitOut(Schema):
    """A rule was for a message. `events` go to `POST /conversations/undo`; `problem`: what of it could not be done."""

    id: UUID
    rule: UUID | None
    rule_name: str
    message: UUID
    conversation: UUID
    text: str
    events: list[UUID]
    problem: ProblemOut | None
    at: datetime
    undone_at: datetime | None


class HitPage(Schema):
    items: list[HitOut]
    next_cursor: str


class ShareOut(Schema):
    """How many of the rated ones are `yes` and `partly`, the share of `yes`, and between what it truly is (95 %)."""

    yes: int
    partly: int
    value: float | None
    between: tuple[float, float] | None


class ResultOut(Schema):
    """Of one member's answers; without a member of all of them, or of somebody who is gone."""

    member: UUID | None
    drawn: int
    rated: int
    correct: ShareOut
    tone: ShareOut
    solved: ShareOut


class SampleOut(Schema):
    """What was drawn of a week: `size` of each member's `answered`, by the ranks that the seed gives."""

    week: date
    size: int
    seed: str
    answered: int
    drawn_at: datetime


class QualityOut(Schema):
    """Of the weeks since that Monday."""

    since: date
    whole: ResultOut
    members: list[ResultOut]
    samples: list[SampleOut]


class CardOut(Schema):
    """A conversation with what one member answered in it, and how somebody else rated that."""

    id: UUID
    week: date
    conversation: UUID
    member: MemberRef | None
    correct: Rated
    tone: Rated
    solved: Rated
    note: str
    rated_by: MemberRef | None
    rated_at: datetime | None


class CardPage(Schema):
    items: list[CardOut]
    next_cursor: str


def target_out(row: AnswerTarget) -> TargetOut:
    names = ("id", "name", "kinds", "week", "country", "region", "closed", "warn_minutes")
    soon = ("first_minutes", "next_minutes", "resolution_minutes")
    return TargetOut(**{name: getattr(row, name) for name in (*names, *soon)}, channels=row.channel_ids)


def rule_out(row: Rule, hits: int) -> RuleOut:
    names = ("id", "name", "when", "then", "stops", "on_since")
    return RuleOut(**{name: getattr(row, name) for name in names}, hits=hits)


def hit_out(row: RuleHit) -> HitOut:
    names = ("id", "rule_name", "events", "at", "undone_at")
    return HitOut(
        **{name: getattr(row, name) for name in names},
        rule=row.rule_id,
        message=row.message_id,
        conversation=row.conversation_id,
        text=row.message.text,
        problem=problem_out(row.problem),
    )


def result_out(found: Result) -> ResultOut:
    shares = {
        aspect: ShareOut(
            yes=found.shares[aspect].yes,
            partly=found.partly[aspect],
            value=found.shares[aspect].value,
            between=found.shares[aspect].interval,
        )
        for aspect in ASPECTS
    }
    return ResultOut(member=found.member, drawn=found.drawn, rated=found.rated, **shares)


def sample_out(row: QualitySample) -> SampleOut:
    names = ("week", "size", "seed", "answered", "drawn_at")
    return SampleOut(**{name: getattr(row, name) for name in names})


def card_out(row: QualityCard) -> CardOut:
    names = ("id", "correct", "tone", "solved", "note", "rated_at")
    return CardOut(
        **{name: getattr(row, name) for name in names},
        week=row.sample.week,
        conversation=row.conversation_id,
        member=member_out(row.member),
        rated_by=member_out(row.rated_by),
    )
