"""What is done on the network to what the audience wrote: like, hide, approve, delete, block ... as deliveries.

An act may be repeated without harm (`networks/kit/moderation.py`), so one whose answer was lost is done again. A second
press is the same act. What takes it back is an act of its own; of two that contradict each other the newer holds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from kaja.channels.models import Channel, Health
from kaja.channels.sessions import facts_of
from kaja.delivery.models import OPEN_STATES, Delivery, Kind
from kaja.delivery.planning import save_changed, take_out
from kaja.inbox import refusals
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import Conversation, Direction, Message, MessageAct, MessageState
from kaja.inbox.privately.stopping import hold_open, settle_held
from kaja.inbox.standing import save_up_to_date
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock, lock_inbox
from kaja.kernel.problems import NotFound, Refused, fill_params
from kaja.kernel.signals import notify_due, notify_live
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.moderation import TO_AUTHOR, Act, Moderator, can_do
from kaja.networks.registry import CONNECTORS
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor

ACTING = "act"
"""The kind of source that an act is."""
_FAMILIES: Mapping[str, str] = {
    "like": "like", "unlike": "like", "boost": "boost", "unboost": "boost", "block": "block", "unblock": "block",
    "mute": "mute", "unmute": "mute", "report": "report",
    "hide": "state", "unhide": "state", "approve": "state", "spam": "state", "delete": "state",
}  # fmt: skip
"""Of one family the newest act holds."""
_FIRST = frozenset({"like", "boost", "block", "mute"})
_STATES: Mapping[str, MessageState] = {
    "hide": MessageState.HIDDEN, "spam": MessageState.HIDDEN, "unhide": MessageState.THERE,
    "approve": MessageState.THERE, "delete": MessageState.DELETED,
}  # fmt: skip
"""What a message is afterwards."""
_OFFERED: Mapping[str, frozenset[Act]] = {
    MessageState.THERE: frozenset({"hide", "spam", "delete"}),
    MessageState.PENDING: frozenset({"approve", "spam", "delete"}),
    MessageState.HIDDEN: frozenset({"unhide", "approve", "spam", "delete"}),
    MessageState.DELETED: frozenset(),
}
"""What may be done to a message by how it stands."""


@dataclass(frozen=True)
class Acts:
    """What can be done to a message now, and what of likes and the like was done to it, or to its author, from here."""

    offered: frozenset[Act]
    done: frozenset[Act]


def list_acts(message: Message) -> frozenset[Act]:
    """What the network, the kind and the state of a message allow."""
    return list_acts_of([message])[message.id].offered


def list_acts_of(messages: Sequence[Message]) -> dict[UUID, Acts]:
    """The same of many messages, in one statement; their channels are fetched already, or fetched one by one."""
    rows = find_acts(messages)
    return {message.id: _judge(message, rows[message.id]) for message in messages}


def find_acts(messages: Collection[Message]) -> dict[UUID, list[MessageAct]]:
    """What was wanted of each message and of its author, whichever of their messages it was pressed at."""
    handles = {message.handle_id for message in messages if message.handle_id}
    rows = MessageAct.objects.filter(message_id__in=[message.id for message in messages])
    if handles:
        rows |= MessageAct.objects.filter(message__handle_id__in=handles, act__in=TO_AUTHOR)
    found: dict[UUID, list[MessageAct]] = {message.id: [] for message in messages}
    for row in rows.select_related("message") if messages else ():
        for message in messages:
            if row.message_id == message.id or (row.act in TO_AUTHOR and row.message.handle_id == message.handle_id):
                found[message.id].append(row)
    return found


def _judge(message: Message, rows: Sequence[MessageAct]) -> Acts:
    newest = _newest(row for row in rows if row.done_at is not None)
    done = frozenset(act for act in newest.values() if act in _FIRST)
    moderator, facts = _moderator_of(message.channel)
    if moderator is None or not message.remote_id or message.channel.disconnected_at is not None:
        return Acts(frozenset(), done)
    possible = _list_possible(moderator, message, facts)
    open_families = {_FAMILIES[act] for act in done}
    offered = set()
    for act in possible:
        family = _FAMILIES[act]
        if family == "state":
            fits = act in _OFFERED[message.state]
        elif message.state == MessageState.DELETED and act not in TO_AUTHOR:
            fits = False
        else:
            fits = act == "report" or (act in _FIRST) == (family not in open_families)
        if fits:
            offered.add(act)
    return Acts(frozenset(offered), done)


def _list_possible(moderator: Moderator, message: Message, facts: Facts) -> Collection[Act]:
    kind = "own" if message.direction == Direction.OUT else message.kind
    acts: Collection[Act] = next((acts for name, acts in moderator.acts.items() if name == kind), ())
    return [act for act in acts if can_do(moderator, act, facts)]


def _moderator_of(channel: Channel) -> tuple[Moderator | None, Facts]:
    connector = CONNECTORS.get(channel.network)
    return connector.moderator if connector else None, facts_of(channel)


def _newest(rows: Iterable[MessageAct]) -> dict[str, Act]:
    """The newest act of each family."""
    found: dict[str, Act] = {}
    for row in sorted(rows, key=lambda row: (row.at, row.id)):
        found[_FAMILIES[row.act]] = cast(Act, row.act)
    return found


def is_overtaken(act: MessageAct, others: Iterable[MessageAct]) -> bool:
    """Whether somebody wanted something else of the same family afterwards."""
    family = _FAMILIES[act.act]
    return any(
        _FAMILIES[other.act] == family and (other.at, other.id) > (act.at, act.id) and other.act != act.act
        for other in others
    )


@transaction.atomic
def do_act(actor: Actor, message_id: UUID, act: Act, *, by: str = "") -> Delivery:
    """Have something done on the network to a message or its author. What was asked for already is not asked twice;
    what is still to be done, and contradicts it, is taken out. `by`: a rule's name, when no person did it."""
    policy.require(actor, policy.Permission.ANSWER)
    held = hold_open(Q(message_id=message_id) | Q(handle__messages=message_id))
    _take_out_others(message_id, act)
    message = lock(Message.objects.filter(id=message_id)).select_related("channel").first()
    if message is None or message.direction == Direction.NOTE:
        raise NotFound(refusals.MESSAGE_UNKNOWN)
    rows = find_acts([message])[message.id]
    if (earlier := _find_asked(rows, act)) is not None:
        return earlier
    _require_able(message, act)
    delivery_id = new_id()
    wanted = MessageAct.objects.create(
        message=message, act=act, actor_id=actor.user_id, by=by, delivery_id=delivery_id,
    )  # fmt: skip
    row = Delivery.objects.create(
        id=delivery_id,
        source_kind=ACTING,
        source_id=wanted.id,
        subject_id=message.conversation_id,
        channel=message.channel,
        kind=Kind.ACT,
        due_at=wanted.at,
        next_at=wanted.at,
        has_late_limit=False,
    )
    settle_held(held)  # who is blocked, or whose comment is hidden, gets no private reply any more
    audit.record(actor, f"message.{act}", message, after={"delivery": str(row.id)})
    notify_due()
    notify_live(message.workspace_id, "conversation", message.conversation_id)
    return row


def _find_asked(rows: Sequence[MessageAct], act: Act) -> Delivery | None:
    """The delivery of the same act that is under way: a second press."""
    newest = max(
        (row for row in rows if _FAMILIES[row.act] == _FAMILIES[act]), key=lambda row: (row.at, row.id), default=None
    )
    if newest is None or newest.act != act or newest.done_at is not None:
        return None
    return Delivery.objects.filter(source_kind=ACTING, source_id=newest.id, state__in=OPEN_STATES).first()


def _require_able(message: Message, act: Act) -> None:
    channel = message.channel
    if channel.disconnected_at is not None:
        raise Refused(refusals.CHANNEL_GONE)
    if channel.health == Health.RECONNECT:
        raise Refused(refusals.CHANNEL_BROKEN)
    if message.state == MessageState.DELETED and act not in TO_AUTHOR:
        raise Refused(refusals.TARGET_DELETED)
    moderator, facts = _moderator_of(channel)
    possible = _list_possible(moderator, message, facts) if moderator is not None and message.remote_id else ()
    if act not in possible:
        connector = CONNECTORS.get(channel.network)
        raise Refused(
            fill_params(refusals.ACT_UNSUPPORTED, network=connector.info.name if connector else channel.network)
        )


def _take_out_others(message_id: UUID, act: Act) -> None:
    """What contradicts it and waits is not done any more. What is being done right now comes first: a channel does one
    thing at a time; it is only not repeated."""
    against = [name for name, family in _FAMILIES.items() if family == _FAMILIES[act] and name != act]
    ids = MessageAct.objects.filter(message_id=message_id, act__in=against, done_at=None)
    rows = list(lock(Delivery.objects.filter(source_kind=ACTING, source_id__in=ids, state__in=OPEN_STATES)))
    for row in rows:
        row.allowed = False
        take_out(row, refusals.ACT_OVERTAKEN)
    save_changed(rows)


def stop_automatic() -> int:
    """What rules wanted done and what waits is not done any more; gives how much. What is being done right now is only
    not repeated. Inside a transaction that holds the workspace's row (`workspaces.queries.is_in_crisis`)."""
    ids = MessageAct.objects.exclude(by="").filter(actor=None, done_at=None)
    rows = list(lock(Delivery.objects.filter(source_kind=ACTING, source_id__in=ids, state__in=OPEN_STATES)))
    stopped = 0
    for row in rows:
        row.allowed = False
        stopped += take_out(row, refusals.IN_CRISIS)
    save_changed(rows)
    return stopped


def lock_acts(message_ids: Collection[UUID]) -> None:
    """Whatever waits to be done to these messages, for whoever locks conversations before acting: deliveries come first
    (`kernel/locks`)."""
    waiting = MessageAct.objects.filter(message_id__in=message_ids, done_at=None).values("id")
    list(lock(Delivery.objects.filter(source_kind=ACTING, source_id__in=waiting, state__in=OPEN_STATES)))


def list_hidden_by(message_ids: Collection[UUID], name: str) -> set[UUID]:
    """Which of these messages a rule of this name had hidden, and nobody wanted otherwise since."""
    messages = list(Message.objects.filter(id__in=message_ids))
    found = set()
    for message_id, rows in find_acts(messages).items():
        standing = sorted((row.at, row.id, row.act, row.by) for row in rows if _FAMILIES[row.act] == "state")
        if standing and standing[-1][2:] == ("hide", name):
            found.add(message_id)
    return found


def note_done(act_id: UUID) -> None:
    """The network has done it: the message stands by it, and its conversation by the message."""
    act = MessageAct.objects.select_related("message").filter(id=act_id).first()
    if act is None:
        return
    lock_inbox(act.message.channel_id)
    # A message changes its conversation only under this lock.
    conversation_id = Message.objects.values_list("conversation_id", flat=True).get(id=act.message_id)
    conversation = lock(Conversation.objects.filter(id=conversation_id)).select_related("channel").get()
    message = lock(Message.objects.filter(id=act.message_id)).get()
    moment = now()
    MessageAct.objects.filter(id=act_id).update(done_at=moment)
    state = _STATES.get(act.act)
    if state is not None and message.state != state:
        message.state = state
        if state == MessageState.DELETED:
            message.deleted_at = moment
        message.save(update_fields=["state", "deleted_at"])
        save_up_to_date([conversation], conversation.channel.created_at)
        tell_conversations([conversation.id])
        return
    notify_live(message.workspace_id, "conversation", message.conversation_id)
