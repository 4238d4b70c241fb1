"""Planning private replies: for comments that came in, and anew where the hour or the day was over."""

import random
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q

from kaja.channels.models import Channel, Health
from kaja.channels.sessions import facts_of
from kaja.delivery.models import OPEN_STATES, Delivery, Kind
from kaja.delivery.planning import can_stage_ahead, is_stoppable, list_called, reset
from kaja.inbox.live import INBOX
from kaja.inbox.models import ConversationState, Direction, Message, MessageState
from kaja.inbox.privately import refusals
from kaja.inbox.privately.conditions import KINDS, Wanted
from kaja.inbox.privately.forms import Limits, Said
from kaja.inbox.privately.models import PrivateReply, PrivateSending, SendingState
from kaja.inbox.privately.place import Way, fill, find_way, fit_texts, ref_of, render_sent
from kaja.inbox.privately.questions import fetch_asked, find_stops, is_for
from kaja.inbox.privately.rooms import Rooms
from kaja.inbox.privately.stopping import PRIVATE, mark_stopped
from kaja.inbox.privately.times import draw_pause
from kaja.inbox.refusals import CHANNEL_BROKEN, CHANNEL_GONE
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, fill_params, render_problem
from kaja.kernel.signals import notify_due, notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces.models import Workspace

OLDEST = timedelta(hours=1)
"""It is for what is written from now on; clocks of networks differ, and what is late is still new."""
_CHANCE = random.SystemRandom()


@transaction.atomic
def plan_private(message_ids: Collection[UUID], chance: random.Random = _CHANCE) -> int:
    """What comments that came in ask for; gives how many lines there are now. Each person is planned for once, also
    when this is done again, elsewhere at the same time, or for another comment of theirs. Inside the workspace's scope.
    """
    if not PrivateReply.objects.filter(on_since__isnull=False).exists():
        return 0
    comments = Message.objects.filter(id__in=list(message_ids), direction=Direction.IN, kind__in=KINDS)
    # A crisis that begins, a page that is read of the same channel, and somebody who plans wait here: each sees the
    # others whole.
    list(lock(Workspace.objects.filter(id=entered_workspace_id())))
    list(lock(Channel.objects.filter(id__in=comments.values("channel_id"))))
    replies = sorted(
        lock(PrivateReply.objects.filter(on_since__isnull=False)), key=lambda each: (each.created_at, each.id)
    )
    rows = comments.exclude(handle=None).filter(state=MessageState.THERE)
    rows = rows.exclude(conversation__state=ConversationState.SPAM).select_related(
        "handle", "channel", "conversation__handle", "conversation__publication"
    )
    wanted = [
        (reply, message)
        for message in rows.order_by("at", "id")
        for reply in replies
        if message.at >= (reply.on_since or message.at) - OLDEST
        and is_for(Wanted.model_validate(reply.wanted), message)
    ]
    new = _leave_known(wanted)
    if not new:
        return 0
    made = [_make(reply, message) for reply, message in new]
    stops = find_stops(made)
    rooms, moment = Rooms(replies, now()), now()
    kept = [row for row in made if _plan(row, stops.get(row.id), rooms, moment, chance)]
    PrivateReply.objects.bulk_update(replies, ["last_public"])
    if kept:
        notify_due()
        notify_live(entered_workspace_id(), INBOX)
    return len(kept)


def _leave_known(wanted: Sequence[tuple[PrivateReply, Message]]) -> list[tuple[PrivateReply, Message]]:
    """Without people who had it, by any of their accounts, and comments that something was planned for."""
    people = {message.handle.person_id for _, message in wanted if message.handle}
    about = Q(handle__person_id__in=people) | Q(person_id__in=people)
    about |= Q(message_id__in=[message.id for _, message in wanted])
    rows = PrivateSending.objects.filter(about)
    had, done = set[tuple[UUID | None, UUID]](), set[UUID | None]()
    for reply_id, person_id, now_id, message_id in rows.values_list(
        "reply_id", "person_id", "handle__person_id", "message_id"
    ):
        had |= {(reply_id, person_id), (reply_id, now_id)}
        done.add(message_id)
    new = []
    for reply, message in wanted:
        assert message.handle is not None  # those without are not asked for
        key = reply.id, message.handle.person_id
        if key not in had and message.id not in done:
            had.add(key)
            done.add(message.id)
            new.append((reply, message))
    return new


def _make(reply: PrivateReply, message: Message) -> PrivateSending:
    assert message.handle is not None
    return PrivateSending(
        workspace_id=reply.workspace_id, reply=reply, reply_name=reply.name, channel=message.channel,
        handle=message.handle, person_id=message.handle.person_id, message=message,
        conversation_id=message.conversation_id, at=now(),
    )  # fmt: skip


def _plan(row: PrivateSending, problem: Problem | None, rooms: Rooms, moment: datetime, chance: random.Random) -> bool:
    """Its line, and its delivery unless something forbids it; False where somebody was quicker."""
    reply, message = row.reply, row.message
    assert reply is not None and message is not None  # noqa: PT018 - both were just put there
    said, limits = Said.model_validate(reply.said), Limits.model_validate(reply.limits)
    row.text = fill(said.text, message.conversation, message)
    public = choose_public(said.public, reply.last_public, chance)
    row.public_text = fill(public, message.conversation, message)
    way = find_way(message.channel)
    problem = problem or _find_problem(row, way)
    if problem is None and way is not None:
        pause = draw_pause(limits.pause_least, limits.pause_most, chance)
        until = message.at + way.private.window
        row.due_at = rooms.find_time(reply.id, moment + pause, until, pause)
        if row.due_at is None:
            problem = refusals.NO_HOURS if rooms.find_hours(reply.id) is None else refusals.NO_ROOM
        else:
            row.answer = {
                "private": render_sent(way, message, row.text, private=True),
                "public": render_sent(way, message, row.public_text, private=False) if row.public_text else None,
            }
    if problem is not None:
        mark_stopped(row, problem)
    else:
        row.delivery_id = new_id()
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False  # the database says that this person, or this comment, was planned for
    if row.due_at is not None and problem is None:
        reply.last_public = public or reply.last_public
        rooms.take(reply.id, row.due_at)
        make_delivery(row, row.delivery_id, row.id, Kind.MESSAGE, row.due_at)
    return True


def _find_problem(row: PrivateSending, way: Way | None) -> Problem | None:
    """What the channel, or its network's rules, have against it."""
    message = row.message
    assert message is not None
    channel = message.channel
    if way is None or message.kind not in way.private.kinds:
        return fill_params(refusals.UNSUPPORTED, network=channel.network, channel=str(channel))
    if channel.disconnected_at is not None:
        return CHANNEL_GONE
    if channel.health == Health.RECONNECT:
        return CHANNEL_BROKEN
    target, facts = ref_of(message), facts_of(channel)
    found = fit_texts(way, [row.text], target, facts, private=True)
    found += fit_texts(way, [row.public_text], target, facts, private=False)
    return found[0] if found else None


def choose_public(texts: Sequence[str], last: str, chance: random.Random) -> str:
    """One of them at random, and never the one before again."""
    others = [text for text in texts if text != last]
    return chance.choice(others) if others else ""


def make_delivery(row: PrivateSending, delivery_id: UUID | None, source_id: UUID, kind: Kind, due_at: datetime) -> None:
    """The row of the outbox for one of the two; `Delivery.source_id` is unique."""
    Delivery.objects.create(
        id=delivery_id, source_kind=PRIVATE, source_id=source_id, subject_id=row.conversation_id,
        channel=row.channel, kind=kind, due_at=due_at, next_at=due_at, has_late_limit=False,
        stages_ahead=can_stage_ahead(row.channel, files=False),
    )  # fmt: skip


def plan_again(sending_id: UUID) -> None:
    """The hour or the day was over when its turn came: it goes out at the next moment that has room, or not at all.
    Takes it from a worker that prepares it. Inside the workspace's scope and a transaction."""
    rows = list(lock(Delivery.objects.filter(source_kind=PRIVATE, source_id=sending_id, state__in=OPEN_STATES)))
    row = fetch_asked(lock(PrivateSending.objects.filter(id=sending_id, open=True))).first()
    called = list_called(rows)
    for delivery in rows:
        waits = delivery.state in ("scheduled", "waiting") or is_stoppable(delivery, called)
        if row is None or row.reply is None or row.message is None or not waits:
            continue
        way, moment = find_way(row.channel), now()
        rooms = Rooms([row.reply], moment)
        limits = rooms.limits[row.reply.id]
        pause = draw_pause(limits.pause_least, limits.pause_most, _CHANCE)
        # Itself does not take the room that it needs.
        PrivateSending.objects.filter(id=row.id).update(due_at=None)
        until = row.message.at + (way.private.window if way else timedelta())
        at = rooms.find_time(row.reply.id, moment, until, pause)
        reset(delivery, at or moment, at or moment)
        if at is None:
            row.state, row.open, row.problem = SendingState.STOPPED, False, render_problem(refusals.NO_ROOM)
        row.due_at = at
        delivery.save()
        row.save(update_fields=["due_at", "state", "open", "problem"])
        notify_live(row.workspace_id, INBOX)
