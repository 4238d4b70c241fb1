"""Promising answers, and telling before a promise is broken."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Max, QuerySet
from pydantic import BaseModel, ConfigDict, Field, field_validator

from kaja.inbox.targets.holidays import list_holidays
from kaja.inbox.targets.hours import parse_week
from kaja.inbox.targets.models import AnswerTarget, AnswerWait, Measure
from kaja.kernel.clock import now
from kaja.kernel.given import parse_given
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.outgoing.events import TargetBreach
from kaja.outgoing.telling import tell
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.notices import create_notice

TARGETS_MAX = 100
YEAR = 366 * 24 * 60
Minutes = Annotated[int, Field(ge=1, le=YEAR)]
LATE_SOON = {
    Measure.FIRST: gettext_noop("%(person)s waits for a first answer on %(channel)s. It is due in %(minutes)s min."),
    Measure.NEXT: gettext_noop("%(person)s waits for the next answer on %(channel)s. It is due in %(minutes)s min."),
    Measure.RESOLUTION: gettext_noop(
        "The conversation with %(person)s on %(channel)s should be done in %(minutes)s min."
    ),
}


class TargetForm(BaseModel):
    """What a target says, as a person or a script gives it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: Annotated[str, Field(min_length=1, max_length=80)]
    channel_ids: tuple[UUID, ...] = ()
    kinds: tuple[Literal["comments", "mention", "direct", "review"], ...] = ()
    week: dict[str, list[tuple[int, int]]] | None = None
    country: Annotated[str, Field(max_length=2)] = ""
    region: Annotated[str, Field(max_length=12)] = ""
    closed: tuple[date, ...] = ()
    first_minutes: Minutes | None = None
    next_minutes: Minutes | None = None
    resolution_minutes: Minutes | None = None
    warn_minutes: Annotated[int, Field(ge=0, le=YEAR)] = 15

    @field_validator("week")
    @classmethod
    def _check_week(cls, week: dict[str, list[tuple[int, int]]] | None) -> dict[str, list[tuple[int, int]]] | None:
        if week is not None and not any(parse_week(week).values()):
            raise ValueError("a week without hours")
        return week

    def render(self) -> dict[str, Any]:
        """The columns of the row."""
        values = self.model_dump(mode="json")
        return values | {"country": self.country.upper(), "region": self.region.upper()}


def parse_target(given: Mapping[str, Any]) -> TargetForm:
    """Raises Refused, which says what is wrong."""
    form = parse_given(TargetForm, given, _explain)
    if form.country:
        try:
            list_holidays(form.country.upper(), form.region.upper(), [now().year])
        except ValueError as error:
            raise Refused(_explain("country")) from error
    if form.first_minutes is form.next_minutes is form.resolution_minutes is None:
        raise Refused(_explain("first_minutes"))
    return form


def _explain(field: str) -> Problem:
    fixes = {
        "name": gettext_noop("Give it a name of at most 80 characters."),
        "week": gettext_noop("Give at least one day with hours that begin before they end and do not overlap."),
        "country": gettext_noop("Choose a country, and a region of it, from the list."),
        "first_minutes": gettext_noop("Say how soon: at least one of the three times, between a minute and a year."),
    }
    return Problem(
        code="target_invalid",
        message=gettext_noop("This is no target for answers."),
        field=field,
        fix=fixes.get(field, gettext_noop("Look at the field “%(field)s”.")),
        params={"field": field},
    )


_TAKEN = Problem(
    code="target_name_taken",
    message=gettext_noop("There is a target of this name already."),
    field="name",
    fix=gettext_noop("Choose another name."),
)
GONE = Problem(
    code="target_not_found",
    message=gettext_noop("There is no such target any more."),
    fix=gettext_noop("Load the page again."),
)


@transaction.atomic
def create_target(actor: Actor, form: TargetForm) -> AnswerTarget:
    """Promise something from now on: what was asked before keeps what was promised then."""
    policy.require(actor, policy.Permission.MANAGE)
    if AnswerTarget.objects.count() >= TARGETS_MAX or AnswerTarget.objects.filter(name=form.name).exists():
        raise Refused(_TAKEN)
    last = AnswerTarget.objects.aggregate(last=Max("position"))["last"]
    target = AnswerTarget.objects.create(position=0 if last is None else last + 1, **form.render())
    audit.record(actor, "inbox.target", target, {}, form.render())
    return target


@transaction.atomic
def update_target(actor: Actor, target_id: UUID, form: TargetForm) -> AnswerTarget:
    """The same, of one that stands."""
    policy.require(actor, policy.Permission.MANAGE)
    target = _get(target_id)
    if AnswerTarget.objects.filter(name=form.name).exclude(id=target_id).exists():
        raise Refused(_TAKEN)
    before = {name: getattr(target, name) for name in form.render()}
    for name, value in form.render().items():
        setattr(target, name, value)
    target.save()
    audit.record(actor, "inbox.target", target, before, form.render())
    return target


@transaction.atomic
def delete_target(actor: Actor, target_id: UUID) -> None:
    """Promise it no longer. What was promised stays as it was."""
    policy.require(actor, policy.Permission.MANAGE)
    target = _get(target_id)
    audit.record(actor, "inbox.target", target, {"name": target.name}, {})
    target.delete()


@transaction.atomic
def move_target(actor: Actor, target_id: UUID, place: int) -> None:
    """Which one counts where several fit: the first."""
    policy.require(actor, policy.Permission.MANAGE)
    targets = list(lock(AnswerTarget.objects.all()))
    targets.sort(key=lambda each: (each.position, each.id))
    moved = next((each for each in targets if each.id == target_id), None)
    if moved is None:
        raise NotFound(GONE)
    targets.remove(moved)
    targets.insert(max(0, place), moved)
    for position, each in enumerate(targets):
        each.position = position
    AnswerTarget.objects.bulk_update(targets, ["position"])


def _get(target_id: UUID) -> AnswerTarget:
    target = lock(AnswerTarget.objects.filter(id=target_id)).first()
    if target is None:
        raise NotFound(GONE)
    return target


def warn_of_due() -> int:
    """Tell of every promise that is about to be broken, once; gives their number. Outside any scope."""
    with system_scope(SystemPurpose.JOB_DISPATCH):
        rows = AnswerWait.objects.filter(warn_at__lte=now()).order_by("workspace_id")
        workspaces = list(rows.values_list("workspace_id", flat=True).distinct())
    return sum(_warn_in(workspace_id) for workspace_id in workspaces)


def _warn_in(workspace_id: UUID) -> int:
    with workspace_scope(workspace_id):
        rows = lock(AnswerWait.objects.filter(warn_at__lte=now()), skip_locked=True)
        soon = list(rows.select_related("conversation__handle", "conversation__channel"))
        for row in soon:
            conversation = row.conversation
            if conversation is not None and row.ended_at is None and row.due_at is not None:
                handle = conversation.handle
                create_notice(
                    "inbox.due",
                    LATE_SOON[Measure(row.measure)],
                    {
                        "person": (handle and (handle.name or handle.handle)) or "…",
                        "channel": str(conversation.channel),
                        "minutes": max(0, round((row.due_at - now()).total_seconds() / 60)),
                    },
                    path=f"inbox/{conversation.id}/",
                    permission=policy.Permission.ANSWER,
                    owner=conversation.assignee_id,
                )
        AnswerWait.objects.filter(id__in=[row.id for row in soon]).update(warn_at=None)
    return len(soon)


def tell_of_late() -> int:
    """Tell programs outside of every promise that was broken, once; gives their number. Outside any scope."""
    with system_scope(SystemPurpose.JOB_DISPATCH):
        workspaces = list(_late().order_by("workspace_id").values_list("workspace_id", flat=True).distinct())
    return sum(_tell_in(workspace_id) for workspace_id in workspaces)


def _late() -> QuerySet[AnswerWait]:
    # Of a conversation that is kept no longer nobody is told.
    return AnswerWait.objects.filter(due_at__lte=now(), ended_at=None, late_at=None, conversation__isnull=False)


def _tell_in(workspace_id: UUID) -> int:
    with workspace_scope(workspace_id):
        rows = list(lock(_late(), skip_locked=True))
        tell(
            "target.breach",
            [
                TargetBreach(
                    conversation=row.conversation_id,
                    channel=row.channel_id,
                    target=row.target_id,
                    measure=row.measure,
                    asked_at=row.begun_at,
                    due_at=row.due_at,
                )
                for row in rows
                if row.due_at is not None and row.conversation_id is not None
            ],
        )
        AnswerWait.objects.filter(id__in=[row.id for row in rows]).update(late_at=now())
    return len(rows)
