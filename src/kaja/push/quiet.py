"""Hours in which a person's devices are told nothing: by their own clock, and only if they chose so."""

from collections.abc import Mapping
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from kaja.kernel.clock import now
from kaja.kernel.given import parse_given
from kaja.kernel.problems import Problem, gettext_noop
from kaja.kernel.times import wall_of
from kaja.push.models import QuietHours
from kaja.workspaces.models import User, list_time_zones

URGENT = ("inbox.alarm", "crisis.started", "crisis.statement")
"""Kinds of notices that may ring all the same, where their person said so."""


class QuietForm(BaseModel):
    """From when until when, perhaps over midnight, on the clock of a time zone."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    begins: time
    ends: time
    time_zone: str
    urgent: bool = False

    @field_validator("time_zone")
    @classmethod
    def _check_zone(cls, name: str) -> str:
        if name not in list_time_zones():
            raise ValueError("unknown")
        return name

    @field_validator("ends")
    @classmethod
    def _check_ends(cls, ends: time) -> time:
        if ends.tzinfo is not None:
            raise ValueError("a time with an offset")
        return ends

    @model_validator(mode="after")
    def _check_span(self) -> "QuietForm":
        if self.begins == self.ends or self.begins.tzinfo is not None:
            raise ValueError("no hours")
        return self


def parse_quiet(given: Mapping[str, Any]) -> QuietForm:
    """Raises Refused, which says what is wrong."""
    return parse_given(QuietForm, given, _explain)


def _explain(field: str) -> Problem:
    fixes = {
        "time_zone": gettext_noop("Choose a time zone from the list."),
        "begins": gettext_noop("Write a time such as 22:00."),
        "ends": gettext_noop("Write a time such as 22:00."),
    }
    return Problem(
        code="quiet_invalid",
        message=gettext_noop("These are no quiet hours."),
        field=field,
        fix=fixes.get(field, gettext_noop("They begin at another time than they end.")),
    )


def find_quiet(user: User) -> QuietHours | None:
    """What they chose; None: devices are told at any hour."""
    return QuietHours.objects.filter(user=user).first()


@transaction.atomic
def choose_quiet(user: User, form: QuietForm | None) -> None:
    """On all devices of the person, from now on; None ends it."""
    if form is None:
        QuietHours.objects.filter(user=user).delete()
    else:
        QuietHours.objects.update_or_create(user=user, defaults=form.model_dump())


def is_quiet(user: User, kind: str) -> bool:
    """Whether a notice of this kind rings nowhere now. It stands under “Needs you” all the same."""
    row = find_quiet(user)
    if row is None or (row.urgent and kind in URGENT):
        return False
    at = wall_of(now(), ZoneInfo(row.time_zone)).time()
    if row.begins < row.ends:
        return row.begins <= at < row.ends
    return at >= row.begins or at < row.ends
