"""What the calendar's page sends, checked before anything looks at it."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from pydantic import BaseModel, ConfigDict, Field

from kaja.kernel.problems import Problem, Refused, fill_params, gettext_noop
from kaja.kernel.times import ResolvedTime, resolve_local, wall_of
from kaja.web.kit.json import parse_body

MANY = 200
"""More posts than this are not changed in one step: nobody should wait for it, or regret it."""


class Move(BaseModel):
    """One post to a wall-clock time of the workspace."""

    model_config = ConfigDict(extra="forbid")
    post: UUID
    to: datetime


class Bulk(BaseModel):
    """One thing done to many posts."""

    model_config = ConfigDict(extra="forbid")
    do: Literal["shift", "day", "slots", "unschedule", "delete", "campaign", "label", "unlabel", "publish"]
    posts: list[UUID] = Field(min_length=1)
    days: int = Field(default=0, ge=-3660, le=3660)
    day: date | None = None
    campaign: UUID | None = None
    label: str = Field(default="", max_length=200)


UNREADABLE = Problem(
    code="calendar_invalid",
    message=gettext_noop("Kaja could not read what was asked (%(detail)s). Nothing was changed."),
    fix=gettext_noop("Load the page again and repeat it."),
)


def parse_move(request: HttpRequest) -> Move:
    """Raises Refused."""
    return parse_body(Move, request, UNREADABLE)


def parse_bulk(request: HttpRequest) -> Bulk:
    """Raises Refused, also for more posts than one step takes."""
    bulk = parse_body(Bulk, request, UNREADABLE)
    if len(bulk.posts) > MANY:
        raise Refused(
            Problem(
                code="too_many_posts",
                message=gettext_noop("%(count)s posts are chosen; at most %(limit)s can be changed in one step."),
                field="posts",
                fix=gettext_noop("Choose fewer, and repeat it for the others. Nothing was changed."),
                params={"count": len(bulk.posts), "limit": MANY},
            )
        )
    return bulk


def resolve_wall(wall: datetime, zone: ZoneInfo) -> ResolvedTime:
    """The instant of a time as the page writes it. Raises Refused for one outside the calendar."""
    if wall.tzinfo is not None:
        wall = wall_of(wall, zone)
    if not 1990 <= wall.year <= 2199:
        raise Refused(fill_params(UNREADABLE, detail=f"{wall.year}"))
    return resolve_local(wall.replace(second=0, microsecond=0), zone)
