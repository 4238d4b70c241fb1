"""What may be said meanwhile: written by whoever answers, approved by who was named, offered only then."""

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction

from kaja.crisis.actions.log import What, clean_line, lock_crisis, write_line
from kaja.crisis.models import Crisis, Statement
from kaja.crisis.queries import can_approve
from kaja.inbox.forms import clean_text
from kaja.inbox.saved import TEXT_MOST
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Problem, Refused, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.notices import tell_members
from kaja.workspaces.once import find_made, insert_once

MOST = 50
TO_APPROVE = gettext_noop("%(person)s wrote the statement “%(title)s”. You are asked to approve it.")
EMPTY = Problem(
    code="statement_empty",
    message=gettext_noop("A statement has a title, and words in at least one language."),
    field="title",
    fix=gettext_noop("Write both."),
)
GONE = Problem(
    code="statement_not_found",
    message=gettext_noop("This statement is not here any more."),
    fix=gettext_noop("Load the page again."),
)
TOO_MANY = Problem(
    code="statements_too_many",
    message=gettext_noop("There are %(limit)s statements already, which is as many as fit."),
    fix=gettext_noop("Delete one that nobody needs."),
    params={"limit": MOST},
)
NOT_NAMED = Problem(
    code="statement_not_yours",
    message=gettext_noop("Statements are approved by those who were named for it, and you are not among them."),
    fix=gettext_noop("Ask one of them, or have a curator name you."),
)
CHANGED = Problem(
    code="statement_changed",
    message=gettext_noop("Somebody changed this statement while you were reading it. It was not approved."),
    fix=gettext_noop("Read it as it is now."),
)


@transaction.atomic
def write_statement(
    actor: Actor,
    crisis_id: UUID,
    title: str,
    texts: Mapping[str, str],
    *,
    statement_id: UUID | None = None,
    new_id: UUID | None = None,
) -> Statement:
    """A new statement, or the words of one anew. Either way it is a draft, which those who approve are told of."""
    policy.require(actor, policy.Permission.ANSWER)
    crisis = lock_crisis(crisis_id)
    words = {code[:12]: clean_text(text, TEXT_MOST).strip() for code, text in texts.items()}
    words = {code: text for code, text in words.items() if text}
    title = clean_line(title, 120)
    if not title or not words:
        raise Refused(EMPTY)
    if statement_id is not None:
        row = _get(crisis, statement_id)
        if (row.title, row.texts) == (title, words):
            return row
        row.title, row.texts, row.version = title, words, row.version + 1
        row.written_by_id, row.approved_by, row.approved_name, row.approved_at = actor.user_id, None, "", None
        row.save()
    else:
        if (made := find_made(Statement, new_id)) is not None:
            return made
        if Statement.objects.filter(crisis=crisis).count() >= MOST:
            raise Refused(TOO_MANY)
        row = Statement(
            crisis=crisis, title=title, texts=words, written_by_id=actor.user_id, written_at=now(),
            **({"id": new_id} if new_id else {}),
        )  # fmt: skip
        if (stored := insert_once(row)) is not row:
            return stored
    write_line(actor, crisis, What.WRITTEN, title=title)
    others = [UUID(each) for each in crisis.approvers if each != str(actor.user_id)]
    tell_members(
        "crisis.statement", TO_APPROVE, {"person": actor.name, "title": title}, path=f"crisis/{crisis.id}/",
        user_ids=others,
    )  # fmt: skip
    return row


@transaction.atomic
def approve_statement(actor: Actor, crisis_id: UUID, statement_id: UUID, version: int) -> Statement:
    """From now on it is offered to those who write. `version` is what the person has read."""
    policy.require(actor, policy.Permission.VIEW)
    crisis = lock_crisis(crisis_id)
    if not can_approve(crisis, actor.user_id):
        raise NotAllowed(NOT_NAMED)
    row = _get(crisis, statement_id)
    if row.version != version:
        raise Conflict(CHANGED)
    if row.approved_at is None:
        row.approved_by_id, row.approved_name, row.approved_at = actor.user_id, actor.name[:150], now()
        row.save()
        audit.record(actor, "crisis.approve", row, after={"title": row.title, "version": row.version})
        # The words themselves: what was approved can be read later, also when they were changed since.
        write_line(actor, crisis, What.APPROVED, "\n\n".join(row.texts.values()), title=row.title)
    return row


@transaction.atomic
def withdraw_approval(actor: Actor, crisis_id: UUID, statement_id: UUID) -> Statement:
    """It is offered no more; what was sent of it stays."""
    policy.require(actor, policy.Permission.VIEW)
    crisis = lock_crisis(crisis_id)
    if not can_approve(crisis, actor.user_id):
        raise NotAllowed(NOT_NAMED)
    row = _get(crisis, statement_id)
    if row.approved_at is not None:
        row.approved_by, row.approved_name, row.approved_at = None, "", None
        row.save()
        write_line(actor, crisis, What.WITHDRAWN, title=row.title)
    return row


@transaction.atomic
def delete_statement(actor: Actor, crisis_id: UUID, statement_id: UUID) -> None:
    """A draft goes. One that is approved has to lose that first, by who may."""
    policy.require(actor, policy.Permission.ANSWER)
    crisis = lock_crisis(crisis_id)
    row = _get(crisis, statement_id)
    if row.approved_at is not None and not can_approve(crisis, actor.user_id):
        raise NotAllowed(NOT_NAMED)
    if row.approved_at is not None:
        write_line(actor, crisis, What.WITHDRAWN, title=row.title)
    row.delete()


def _get(crisis: Crisis, statement_id: UUID) -> Statement:
    row = lock(Statement.objects.filter(crisis=crisis, id=statement_id)).first()
    if row is None:
        raise NotFound(GONE)
    return row
