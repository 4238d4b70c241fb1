"""Setting terms, and deleting what is over: a little in each transaction, so nobody waits for it."""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from kaja.inbox.actions.changing import path_of
from kaja.inbox.actions.forgetting import forget_deleted_in
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import AnswerWait, Conversation, Handle, Message, Person, Reaction
from kaja.inbox.retention.terms import (
    KINDS,
    Terms,
    find_conversations,
    find_details,
    find_hits,
    find_people,
    find_reactions,
    find_versions,
    mark_of,
    terms_of,
)
from kaja.inbox.rules.models import RuleHit
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.tenancy import SystemPurpose, entered_workspace_id, run_in_workspace, system_scope
from kaja.reading.forgetting import delete_items
from kaja.reading.models import Item
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor, make_system_actor
from kaja.workspaces.models import AuditEntry, Notice, Workspace

AT_ONCE = 500
"""Rows that one transaction deletes."""
A_NIGHT = 1000
"""Transactions for one kind and night; the next night goes on."""
UNSEEN = Problem(
    code="terms_unseen",
    message=gettext_noop("Nobody has looked yet at what these terms would delete."),
    fix=gettext_noop("Look at the numbers, then confirm them."),
)


@transaction.atomic
def set_terms(actor: Actor, terms: Terms, *, seen: str) -> Workspace:
    """From the next night on. `seen` is the mark of the terms whose effect was looked at (`mark_of`); it is refused for
    others."""
    policy.require(actor, policy.Permission.MANAGE)
    if seen != mark_of(terms):
        raise Refused(UNSEEN)
    workspace = lock(Workspace.objects.filter(id=entered_workspace_id())).get()
    before = terms_of(workspace)
    if before == terms:
        return workspace
    for kind in KINDS:
        setattr(workspace, f"keep_{kind}_days", getattr(terms, kind))
    workspace.save(update_fields=[f"keep_{kind}_days" for kind in KINDS])
    audit.record(actor, "workspace.keep", workspace, before.model_dump(), terms.model_dump())
    return workspace


def delete_due() -> int:
    """In every workspace that has terms; gives the number of things. Outside any scope."""
    any_term = Q()
    for kind in KINDS:
        any_term |= Q(**{f"keep_{kind}_days__isnull": False})
    with system_scope(SystemPurpose.JOB_DISPATCH):
        ids = list(Workspace.objects.filter(any_term).order_by("id").values_list("id", flat=True))
    return sum(delete_due_in(workspace_id) for workspace_id in ids)


def delete_due_in(workspace_id: UUID) -> int:
    """The same of one. What was deleted stands in the audit log as numbers."""
    terms = run_in_workspace(workspace_id, lambda: terms_of(Workspace.objects.get(id=workspace_id)))
    moment, counts = now(), dict[str, int]()
    for kind, step in STEPS.items():
        days = getattr(terms, kind)
        if days is None:
            continue
        work = partial(step, moment - timedelta(days=days))
        for _ in range(A_NIGHT):
            found = run_in_workspace(workspace_id, work)
            if not found:
                break
            counts[kind] = counts.get(kind, 0) + found
    if counts:
        run_in_workspace(workspace_id, partial(_note, workspace_id, counts))
    return sum(counts.values())


def _note(workspace_id: UUID, counts: dict[str, int]) -> None:
    actor = make_system_actor("retention")
    audit.record(actor, "workspace.delete_due", Workspace.objects.get(id=workspace_id), {}, counts)


def _delete_messages(before: datetime) -> int:
    """Some messages of conversations that are over, then the conversations that are empty by that. What was counted of
    them for the report stays, without them."""
    talks = list(lock(find_conversations(before))[:AT_ONCE])
    ids = [talk.id for talk in talks]
    rows = list(Message.objects.filter(conversation_id__in=ids).order_by("id")[:AT_ONCE])
    refs: dict[UUID, list[str]] = defaultdict(list)
    for row in rows:
        if row.remote_id:
            refs[row.channel_id].append(row.remote_id)
    for channel_id, remote_ids in refs.items():
        delete_items(channel_id, remote_ids)
    Message.objects.filter(id__in=[row.id for row in rows]).delete()
    left = Message.objects.filter(conversation_id=OuterRef("id"))
    empty = list(Conversation.objects.filter(~Exists(left), id__in=ids))
    gone = [talk.id for talk in empty]
    AnswerWait.objects.filter(conversation_id__in=gone).update(conversation=None, warn_at=None)
    Notice.objects.filter(path__in=[path_of(talk) for talk in empty]).delete()
    Conversation.objects.filter(id__in=gone).delete()
    tell_conversations(gone)
    return len(rows) + len(gone) or _delete_items(before)


def _delete_items(before: datetime) -> int:
    """What was read and is no message: it came again after its time, or was our own post."""
    kept = Message.objects.filter(channel_id=OuterRef("channel_id"), remote_id=OuterRef("remote_id"))
    over = Item.objects.filter(~Exists(kept), at__lt=before)
    ids = list(over.order_by("id").values_list("id", flat=True)[:AT_ONCE])
    Item.objects.filter(id__in=ids).delete()
    return len(ids)


def _delete_versions(before: datetime) -> int:
    ids = list(find_versions(before).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    find_versions(before).filter(id__in=ids).delete()
    return len(ids)


def _delete_reactions(before: datetime) -> int:
    ids = list(find_reactions(before).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    return Reaction.objects.filter(id__in=ids).delete()[0]


def _delete_people(before: datetime) -> int:
    ids = list(find_people(before).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    people = [row.id for row in lock(Person.objects.filter(Q(id__in=ids) | Q(joined_to_id__in=ids)))]
    Handle.objects.filter(person_id__in=people).delete()
    Person.objects.filter(id__in=people).delete()
    return len(ids)


def _delete_hits(before: datetime) -> int:
    ids = list(find_hits(before).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    RuleHit.objects.filter(id__in=ids).delete()
    return len(ids)


def _forget_details(before: datetime) -> int:
    """Who did what and when stays."""
    ids = list(find_details(before).order_by("id").values_list("id", flat=True)[:AT_ONCE])
    return AuditEntry.objects.filter(id__in=ids).update(before={}, after={})


STEPS: dict[str, Callable[[datetime], int]] = {
    "messages": _delete_messages,
    "versions": _delete_versions,
    "deleted": forget_deleted_in,
    "reactions": _delete_reactions,
    "people": _delete_people,
    "hits": _delete_hits,
    "audit": _forget_details,
}
"""In this order: who is left without messages by the first is found by the one of people."""
