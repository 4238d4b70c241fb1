"""Bringing what was waited for in line with what was said and done. Inside the workspace's scope."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Subquery, Value
from django.db.models.functions import Coalesce

from kaja.inbox.models import Conversation, ConversationEvent, ConversationState, Direction, Message
from kaja.inbox.targets.holidays import list_holidays
from kaja.inbox.targets.hours import Hours, count_open, find_end, list_closed, parse_week
from kaja.inbox.targets.models import NEVER, AnswerTarget, AnswerWait
from kaja.inbox.targets.timeline import Measure as Measured
from kaja.inbox.targets.timeline import Moment, Waited, What, list_waits
from kaja.inbox.writing import write_rows
from kaja.kernel.locks import lock
from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces.models import Workspace

_STATES: dict[str, What] = {ConversationState.DONE: "done", ConversationState.SPAM: "spam"}


def follow_waits(conversation_ids: Collection[UUID]) -> None:
    """The questions of these conversations, made anew of their messages and of what was done to them.

    Repeating it changes nothing. A question that is known keeps what was promised for it. A handful of statements for
    all of them together.
    """
    ids = list(conversation_ids)
    conversations = list(lock(Conversation.objects.filter(id__one_of=ids)))
    if not conversations:
        return
    moments = _list_moments(ids)
    known: dict[UUID, list[AnswerWait]] = defaultdict(list)
    for row in AnswerWait.objects.filter(conversation_id__one_of=ids).select_related("target"):
        assert row.conversation_id is not None  # they were asked for by it
        known[row.conversation_id].append(row)
    promises = Promises()
    new: list[AnswerWait] = []
    changed: list[AnswerWait] = []
    gone: list[UUID] = []
    for conversation in conversations:
        waits = {(each.measure, each.begun_at): each for each in list_waits(moments[conversation.id])}
        for row in known[conversation.id]:
            wait = waits.pop((cast(Measured, row.measure), row.begun_at), None)
            if wait is None:
                gone.append(row.id)
            elif (row.ended_at, row.by_id) != (wait.ended_at, wait.by):
                promises.settle(row, wait)
                changed.append(row)
        new.extend(promises.make(conversation, wait) for wait in waits.values())
    if gone:
        AnswerWait.objects.filter(id__in=gone).delete()
    write_rows([*changed, *new], ("ended_at", "by", "open_seconds", "warn_at"))
    if gone or changed or new:
        mark_due(ids)


def mark_due(conversation_ids: Collection[UUID]) -> None:
    """Bring the moments by which the list is ordered in line with what is promised and open. One statement."""
    promised = AnswerWait.objects.filter(conversation=OuterRef("pk"), ended_at=None, due_at__isnull=False)
    first = Coalesce(Subquery(promised.order_by("due_at").values("due_at")[:1]), Value(NEVER))
    Conversation.objects.filter(id__one_of=conversation_ids).exclude(due_at=first).update(due_at=first)


def _list_moments(ids: Sequence[UUID]) -> dict[UUID, list[Moment]]:
    """What counts of each conversation: what stands on the network, and states that were set. Two statements."""
    found: dict[UUID, list[Moment]] = defaultdict(list)
    said = Message.objects.filter(conversation_id__one_of=ids, direction__in=(Direction.IN, Direction.OUT))
    for conversation_id, at, direction, by in said.exclude(remote_id="").values_list(
        "conversation_id", "at", "direction", "author_id"
    ):
        found[conversation_id].append(Moment(at, "in" if direction == Direction.IN else "out", by))
    for conversation_id, at, after, by in ConversationEvent.objects.filter(
        conversation_id__one_of=ids, what="state", after__has_key="state", undone_at=None
    ).values_list("conversation_id", "at", "after", "actor_id"):
        found[conversation_id].append(Moment(at, _STATES.get(after.get("state"), "open"), by))
    return found


def hours_of(target: AnswerTarget | None, zone: ZoneInfo, moments: Iterable[datetime]) -> Hours:
    """The hours of a target, with the holidays of the years around these moments; always, without one."""
    if target is None:
        return Hours(zone)
    years = {moment.year + more for moment in moments for more in (-1, 0, 1)}
    closed = {date.fromisoformat(each) for each in target.closed}
    if target.country:
        closed |= set(list_holidays(target.country, target.region, years))
    return Hours(zone, None if target.week is None else parse_week(target.week), frozenset(closed))


class Promises:
    """The workspace's targets, read once: which one counts for a conversation, and until when that is."""

    def __init__(self) -> None:
        self._zone = ZoneInfo(Workspace.objects.get(id=entered_workspace_id()).time_zone)
        self._targets = list(AnswerTarget.objects.order_by("position", "id"))

    def find_target(self, conversation: Conversation) -> AnswerTarget | None:
        """The first that is for its channel and kind."""
        channel_id = str(conversation.channel_id)
        for target in self._targets:
            if (not target.channel_ids or channel_id in target.channel_ids) and (
                not target.kinds or conversation.kind in target.kinds
            ):
                return target
        return None

    def hours_of(self, target: AnswerTarget | None, moments: Iterable[datetime]) -> Hours:
        """When somebody is there, with the holidays of the years around these moments."""
        return hours_of(target, self._zone, moments)

    def make(self, conversation: Conversation, wait: Waited) -> AnswerWait:
        """A new row, with what is promised now. Not saved."""
        target = self.find_target(conversation)
        row = AnswerWait(
            workspace_id=conversation.workspace_id,
            conversation=conversation,
            channel_id=conversation.channel_id,
            measure=wait.measure,
            begun_at=wait.begun_at,
            target=target,
        )
        minutes = getattr(target, f"{wait.measure}_minutes", None)
        # Nobody promised anything about what was asked before.
        if target is not None and minutes is not None and wait.begun_at >= target.created_at:
            hours = self.hours_of(target, [wait.begun_at])
            row.due_at = find_end(wait.begun_at, timedelta(minutes=minutes), hours)
            if row.due_at is not None:
                row.warn_at = row.due_at - timedelta(minutes=target.warn_minutes)
                row.pauses = [
                    [int(begins.timestamp()), int(ends.timestamp())]
                    for begins, ends in list_closed(wait.begun_at, row.due_at, hours)
                ]
        self.settle(row, wait)
        return row

    def settle(self, row: AnswerWait, wait: Waited) -> None:
        """How it ended, or that it has not. Not saved."""
        row.ended_at, row.by_id, row.open_seconds = wait.ended_at, wait.by, None
        if wait.ended_at is not None:
            hours = self.hours_of(row.target, [wait.begun_at, wait.ended_at])
            row.open_seconds = int(count_open(wait.begun_at, wait.ended_at, hours).total_seconds())
            row.warn_at = None
