"""The steps of working conversations."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kaja.content.actions.groups import create_label
from kaja.content.models import Label
from kaja.inbox.actions.changing import (
    Done,
    Values,
    change_rows,
    keep_lines,
    leave_stale,
    lock_conversations,
    make_line,
    path_of,
)
from kaja.inbox.jobs import plan_reminder, plan_wake
from kaja.inbox.models import Conversation, ConversationLabel, ConversationState, Priority, SavedReply
from kaja.inbox.privately.stopping import hold_open, settle_held
from kaja.inbox.saved import NOT_FOUND as REPLY_GONE
from kaja.inbox.writing import write_rows
from kaja.kernel.clock import now
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.workspaces import notices
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member

Ids = Collection[UUID]
Seen = Mapping[UUID, int] | None
"""The versions of the conversations as they were seen; what somebody else changed since is not written over."""
LONGEST = timedelta(days=730)
NOT_A_MEMBER = Problem(
    code="assignee_unknown",
    message=gettext_noop("This person is not a member of the workspace."),
    field="assignee",
    fix=gettext_noop("Choose one of the members."),
)
TIME_WRONG = Problem(
    code="moment_wrong",
    message=gettext_noop("This moment is over already, or more than two years away."),
    field="until",
    fix=gettext_noop("Choose a moment in the next two years."),
)
TASK = gettext_noop("A task for you: %(task)s (“%(excerpt)s”)")
GIVEN_TO_YOU = gettext_noop("%(actor)s gave you a conversation: “%(excerpt)s”")
SETTLED = (ConversationState.DONE, ConversationState.SPAM)


@transaction.atomic
def set_state(
    actor: Actor, conversation_ids: Ids, state: ConversationState, *, seen: Seen = None, by: str = ""
) -> Done:
    """What somebody says of a conversation's state stands until the audience writes again. What is done or spam is
    neither snoozed nor reminded of any more."""
    # Spam gets no private reply; its deliveries are locked before conversations.
    held = hold_open(Q(conversation_id__in=list(conversation_ids))) if state == ConversationState.SPAM else None
    rows, stale = leave_stale(actor, lock_conversations(actor, conversation_ids), "state", seen)
    values: Values = {"state": str(state)}
    if state in SETTLED:
        values |= {"snoozed_until": None, "snoozed_by": None, "remind_at": None, "remind_by": None, "remind_text": ""}
        values |= {"draft_reply": None, "draft_by": ""}
    moment = now().isoformat()
    wanted = [
        (row, {**values, "by_hand": True, "touched_at": moment})
        for row in rows
        if row.state != state or not row.by_hand
    ]
    done = change_rows(actor, "state", wanted, by=by, stale=stale)
    settle_held(held)
    return done


@transaction.atomic
def assign(actor: Actor, conversation_ids: Ids, user_id: UUID | None, *, seen: Seen = None, by: str = "") -> Done:
    """Give conversations to a member, who is told, or to nobody."""
    rows, stale = leave_stale(actor, lock_conversations(actor, conversation_ids), "assignee", seen)
    if user_id is not None and not Member.objects.filter(user_id=user_id).exists():
        raise Refused(NOT_A_MEMBER)
    values = {"assignee": str(user_id) if user_id else None}
    done = change_rows(actor, "assignee", [(row, values) for row in rows], by=by, stale=stale)
    if user_id is not None and user_id != actor.user_id and done.changed:
        first = next(row for row in rows if row.id == done.changed[0])
        notices.tell_members(
            "inbox.assigned",
            GIVEN_TO_YOU,
            {"actor": actor.name, "excerpt": first.excerpt[:60] or "…"},
            path=path_of(first),
            user_ids=[user_id],
        )
    return done


@transaction.atomic
def set_priority(actor: Actor, conversation_ids: Ids, priority: Priority, *, seen: Seen = None, by: str = "") -> Done:
    """How urgent conversations are."""
    rows, stale = leave_stale(actor, lock_conversations(actor, conversation_ids), "priority", seen)
    return change_rows(actor, "priority", [(row, {"priority": int(priority)}) for row in rows], by=by, stale=stale)


@transaction.atomic
def snooze(actor: Actor, conversation_ids: Ids, until: datetime | None, *, seen: Seen = None, by: str = "") -> Done:
    """Out of sight until then, or back now. Whatever the audience writes brings a conversation back before."""
    _require_moment(until)
    rows, stale = leave_stale(actor, lock_conversations(actor, conversation_ids), "snooze", seen)
    whose = str(actor.user_id) if until and actor.user_id else None
    values = {"snoozed_until": until.isoformat() if until else None, "snoozed_by": whose}
    done = change_rows(actor, "snooze", [(row, values) for row in rows], by=by, stale=stale)
    if until is not None and done.changed:
        plan_wake(done.changed, until)
    return done


@transaction.atomic
def remind(actor: Actor, conversation_ids: Ids, at: datetime | None, *, seen: Seen = None, by: str = "") -> Done:
    """Tell the actor at that moment, and open the conversation, unless the audience has answered. None: do not."""
    _require_moment(at)
    rows, stale = leave_stale(actor, lock_conversations(actor, conversation_ids), "remind", seen)
    whose = str(actor.user_id) if at and actor.user_id else None
    values = {"remind_at": at.isoformat() if at else None, "remind_by": whose, "remind_text": ""}
    done = change_rows(actor, "remind", [(row, values) for row in rows], by=by, stale=stale)
    if at is not None and done.changed:
        plan_reminder(done.changed, at)
    return done


@transaction.atomic
def plan_task(actor: Actor, conversation_ids: Ids, text: str, user_id: UUID, at: datetime, *, by: str = "") -> Done:
    """Something that a member is to do about conversations by a moment: told now, reminded of then. What the audience
    writes does not take it off, as it does a reminder; what is done is."""
    _require_moment(at)
    rows = lock_conversations(actor, conversation_ids)
    if not Member.objects.filter(user_id=user_id).exists():
        raise Refused(NOT_A_MEMBER)
    values = {"remind_at": at.isoformat(), "remind_by": str(user_id), "remind_text": text}
    done = change_rows(actor, "remind", [(row, values) for row in rows], by=by)
    if done.changed:
        plan_reminder(done.changed, at)
        first = next(row for row in rows if row.id == done.changed[0])
        params = {"task": text, "excerpt": first.excerpt[:60] or "…"}
        notices.tell_members("inbox.task", TASK, params, path=path_of(first), user_ids=[user_id])
    return done


@transaction.atomic
def propose_draft(actor: Actor, conversation_ids: Ids, reply_id: UUID | None, *, by: str = "") -> Done:
    """Have a saved reply stand in the box of whoever opens them; None: no more. Nothing sends it but a person."""
    rows = lock_conversations(actor, conversation_ids)
    if reply_id is not None and not SavedReply.objects.filter(id=reply_id).exists():
        raise NotFound(REPLY_GONE)
    values = {"draft_reply": str(reply_id) if reply_id else None, "draft_by": by if reply_id else ""}
    return change_rows(actor, "draft", [(row, values) for row in rows], by=by)


@transaction.atomic
def add_label(actor: Actor, conversation_ids: Ids, name: str, *, by: str = "") -> Done:
    """Put a label on conversations; it is made when there is none of this name."""
    rows = lock_conversations(actor, conversation_ids)
    label = create_label(actor, name)
    there = set(
        ConversationLabel.objects.filter(label=label, conversation__in=rows).values_list("conversation_id", flat=True)
    )
    new = [row for row in rows if row.id not in there]
    ConversationLabel.objects.bulk_create(
        [ConversationLabel(workspace_id=row.workspace_id, conversation=row, label=label) for row in new],
        ignore_conflicts=True,
    )
    return _labelled(actor, new, {}, {"label": label.name}, by)


@transaction.atomic
def remove_label(actor: Actor, conversation_ids: Ids, name: str, *, by: str = "") -> Done:
    """Take a label off conversations."""
    rows = lock_conversations(actor, conversation_ids)
    label = Label.objects.filter(name=name).first()
    if label is None:
        raise NotFound(
            Problem(
                code="label_not_found",
                message=gettext_noop("There is no such label in this workspace."),
                fix=gettext_noop("Choose from the labels of this workspace."),
            )
        )
    there = ConversationLabel.objects.filter(label=label, conversation__in=rows)
    had = set(there.values_list("conversation_id", flat=True))
    there.delete()
    return _labelled(actor, [row for row in rows if row.id in had], {"label": label.name}, {}, by)


def _labelled(actor: Actor, rows: list[Conversation], before: Values, after: Values, by: str) -> Done:
    if not rows:
        return Done(())
    for row in rows:
        row.version += 1
    write_rows(rows, ("version",))
    return keep_lines(actor, [make_line(actor, row, "label", before, after, by) for row in rows])


def _require_moment(moment: datetime | None) -> None:
    if moment is not None and not now() < moment < now() + LONGEST:
        raise Refused(TIME_WRONG)
