"""Decisions in people's own words, and who approves what is said."""

from collections.abc import Collection
from uuid import UUID

from django.db import transaction

from kaja.crisis.actions.log import What, lock_crisis, write_line
from kaja.crisis.models import Crisis, LogLine
from kaja.inbox.forms import clean_text
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member

TEXT_MOST = 4000
EMPTY = Problem(
    code="decision_empty",
    message=gettext_noop("There is nothing written yet."),
    field="text",
    fix=gettext_noop("Write what was decided."),
)
NOBODY = Problem(
    code="approvers_none",
    message=gettext_noop("Somebody has to approve what is said."),
    field="approvers",
    fix=gettext_noop("Choose at least one member."),
)


@transaction.atomic
def record_decision(actor: Actor, crisis_id: UUID, text: str) -> LogLine:
    """A line in the log, with its moment and the name."""
    policy.require(actor, policy.Permission.ANSWER)
    crisis = lock_crisis(crisis_id)
    words = clean_text(text, TEXT_MOST).strip()
    if not words:
        raise Refused(EMPTY)
    return write_line(actor, crisis, What.DECISION, words)


@transaction.atomic
def choose_approvers(actor: Actor, crisis_id: UUID, user_ids: Collection[UUID]) -> Crisis:
    """Who approves from now on; what was approved stays so."""
    policy.require(actor, policy.Permission.MANAGE)
    crisis = lock_crisis(crisis_id)
    members = list(Member.objects.filter(user_id__in=user_ids).select_related("user").order_by("user_id"))
    if not members:
        raise Refused(NOBODY)
    named = [str(member.user_id) for member in members]
    if sorted(crisis.approvers) != sorted(named):
        before, crisis.approvers = crisis.approvers, named
        crisis.save(update_fields=["approvers"])
        audit.record(actor, "crisis.approvers", crisis, {"approvers": before}, {"approvers": named})
        write_line(actor, crisis, What.APPROVERS, names=[str(member.user) for member in members])
    return crisis
