"""Answering: a reply or a direct message from here, once, and the ways of not sending it after all."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from kaja.channels.models import Channel, Health
from kaja.channels.sessions import facts_of
from kaja.delivery.frozen import FrozenRef
from kaja.delivery.models import Delivery, State
from kaja.delivery.planning import can_stage_ahead
from kaja.inbox import refusals
from kaja.inbox.models import (
    Conversation,
    Direction,
    Message,
    MessageState,
)
from kaja.inbox.privately.stopping import hold_open, settle_held
from kaja.inbox.queries import NOT_FOUND
from kaja.inbox.source import ANSWER, REPLY, render_answer, take_out_reply
from kaja.inbox.standing import save_up_to_date
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, fill_params
from kaja.kernel.signals import notify_due, notify_live
from kaja.media.item import MediaItem
from kaja.media.open import open_assets, render_key
from kaja.networks.kit.connector import Answering, Connector, Count
from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.formats import MediaRule
from kaja.networks.kit.results import RemoteRef
from kaja.networks.registry import CONNECTORS
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.once import ID_TAKEN, find_made, insert_once

UNDO_SECONDS = 10
"""How long a reply waits before it goes out, so that it can be taken back."""
LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{1,8})*")
"""What may be told to a network as a language; what their own apps call one may be anything."""
MOST_SEEN = 2**31
"""More messages than a conversation can have, and a number that a database knows."""


@dataclass(frozen=True)
class AnswerForm:
    """What the box for an answer needs to know. `problem` says why there is no answer, where there is none."""

    can_reply: bool
    problem: Problem | None = None
    kind: Literal["reply", "message"] = "reply"
    to: UUID | None = None
    """The message that is answered unless another is chosen: their newest."""
    count: Count | None = None
    """Of an empty answer: with the mention that the network needs."""
    media: MediaRule | None = None
    until: datetime | None = None
    """When the network's window for an answer ends, where it has one."""
    takes_language: bool = False
    """Whether the network is told the language of an answer."""
    language: str = ""
    """The one that it has unless another is chosen."""
    seen: int = 0
    """How many messages there are: goes back with the answer (`reply`)."""


@dataclass(frozen=True)
class _Place:
    """Where an answer goes: the message that it answers, and how the network takes it."""

    conversation: Conversation
    channel: Channel
    connector: Connector
    answering: Answering
    target: Message
    facts: Facts

    @property
    def ref(self) -> RemoteRef:
        data = {name: value for name, value in self.target.data.items() if name != ANSWER}
        handle = self.target.handle.handle if self.target.handle else ""
        return RemoteRef(self.target.remote_id, self.target.url, {"handle": handle, **data} if handle else data)

    @property
    def kind(self) -> Literal["reply", "message"]:
        return "message" if self._kind == "message" else "reply"

    @property
    def _kind(self) -> str:
        return next(kind for name, kind in self.answering.kinds.items() if name == self.target.kind)

    @property
    def until(self) -> datetime | None:
        window = next((time for name, time in self.answering.windows.items() if name == self.target.kind), None)
        last = self.conversation.last_in_at
        return last + window if window is not None and last is not None else None

    def choose_language(self, chosen: str | None) -> str:
        """The chosen one, else the conversation's where it is one that networks know; none where none is taken."""
        if not self.answering.takes_language:
            return ""
        if chosen is not None:
            return chosen
        usual = self.conversation.language
        return usual if LANGUAGE.fullmatch(usual) else ""

    def complete(self, text: str) -> str:
        return self.answering.complete(text, self.ref, self.facts)

    def measure(self, text: str) -> Count:
        return self.answering.rules.count(self.complete(text), self.facts, {})


def list_rules_of_answer(conversation: Conversation, to: UUID | None = None) -> AnswerForm:
    """Whether and how a conversation, or one message of it, can be answered."""
    seen = _count_said(conversation.id)
    try:
        place = _find_place(conversation, to)
    except Refused as refused:
        return AnswerForm(False, refused.problems[0], seen=seen)
    return AnswerForm(
        can_reply=True,
        kind=place.kind,
        to=place.target.id,
        count=place.measure(""),
        media=place.answering.rules.formats(place.facts)[0].media,
        until=place.until,
        takes_language=place.answering.takes_language,
        language=place.choose_language(None),
        seen=seen,
    )


def count_answer(conversation: Conversation, text: str, to: UUID | None = None) -> Count | None:
    """How long an answer is in the network's own measure; None where there is no answer."""
    try:
        return _find_place(conversation, to).measure(text)
    except Refused:
        return None


def _find_place(conversation: Conversation, to: UUID | None) -> _Place:
    """Raises Refused when nothing can be answered there now."""
    channel = conversation.channel
    connector = CONNECTORS.get(channel.network)
    target = _find_target(conversation, to)
    answering = connector.answering if connector else None
    if connector is None or answering is None or target.kind not in answering.kinds:
        name = connector.info.name if connector else channel.network
        raise Refused(fill_params(refusals.NO_ANSWERS, network=name))
    place = _Place(conversation, channel, connector, answering, target, facts_of(channel))
    if not connector.can_send(place.kind):
        raise Refused(fill_params(refusals.NO_ANSWERS, network=connector.info.name))
    if channel.disconnected_at is not None:
        raise Refused(refusals.CHANNEL_GONE)
    if channel.health == Health.RECONNECT:
        raise Refused(refusals.CHANNEL_BROKEN)
    if place.until is not None and place.until <= now():
        window = next(time for name, time in answering.windows.items() if name == target.kind)
        hours = round(window / timedelta(hours=1))
        raise Refused(fill_params(refusals.WINDOW_OVER, network=connector.info.name, hours=hours))
    return place


def _find_target(conversation: Conversation, to: UUID | None) -> Message:
    """The message that is answered: the chosen one, else their newest that stands."""
    rows = Message.objects.select_related("handle").filter(conversation=conversation).exclude(remote_id="")
    if to is not None:
        target = rows.filter(id=to).exclude(direction=Direction.NOTE).first()
        if target is None:
            raise NotFound(refusals.MESSAGE_UNKNOWN)
        if target.state == MessageState.DELETED:
            raise Refused(refusals.TARGET_DELETED)
        return target
    theirs = list(rows.filter(direction=Direction.IN).order_by("-at", "-id")[:50])
    standing = next((message for message in theirs if message.state != MessageState.DELETED), None)
    if standing is None:
        raise Refused(refusals.TARGET_DELETED if theirs else refusals.NOTHING_TO_ANSWER)
    return standing


@transaction.atomic
def reply(
    actor: Actor,
    conversation_id: UUID,
    text: str,
    media: Sequence[MediaItem] = (),
    *,
    key: UUID,
    to: UUID | None = None,
    seen: int | None = None,
    language: str | None = None,
) -> Message:
    """Answer a conversation, or one message of it. It goes out after `UNDO_SECONDS`. `language` is a code, empty for
    none, None for the conversation's; where the network takes none it is not sent.

    `key` is chosen by the page (a UUIDv7): the same key is the same answer, however often it is sent. `seen` is the
    number of messages that the writer saw (`AnswerForm.seen`); with it, an answer that somebody else gave meanwhile is
    a Conflict, and without it the writer has been told.
    """
    policy.require(actor, policy.Permission.ANSWER)
    held = hold_open(Q(conversation_id=conversation_id) | Q(handle__conversations=conversation_id))
    # Two who answer at once take turns here; so does a second press.
    conversation = lock(Conversation.objects.filter(id=conversation_id)).select_related("channel").first()
    if conversation is None:
        raise NotFound(NOT_FOUND)
    if (earlier := find_made(Message, key)) is not None:
        return _same(earlier, conversation, text)
    if seen is not None:
        _require_unanswered(actor, conversation, seen)
    place = _find_place(conversation, to)
    opened = open_assets(media)
    language = place.choose_language(language)
    _require_fit(place, text, [opened[item] for item in media], language)
    moment = now()
    message = Message(
        id=key,
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        channel=place.channel,
        direction=Direction.OUT,
        kind="direct" if place.kind == "message" else "reply",
        parent_ref=place.target.remote_id,
        author_id=actor.user_id,
        text=text,
        media=[{"key": render_key(item), "alt": item.alt or opened[item].alt} for item in media],
        language=language[:12],
        data={ANSWER: _render_answer(place, text, language)},
        at=moment,
        delivery_id=new_id(),
    )
    if (made := insert_once(message)) is not message:
        return _same(made, conversation, text)
    _plan(place, message, moment + timedelta(seconds=UNDO_SECONDS))
    save_up_to_date([conversation], place.channel.created_at)  # what was said last is where the list has it
    if conversation.draft_reply_id is not None:  # what a rule proposed is answered
        Conversation.objects.filter(id=conversation.id).update(draft_reply=None, draft_by="")
    settle_held(held)  # a person answers, so nothing goes out by itself
    audit.record(actor, "message.reply", message, after={"text": text[:200], "delivery": str(message.delivery_id)})
    notify_due()
    notify_live(conversation.workspace_id, "conversation", conversation.id)
    return message


def _same(made: Message, conversation: Conversation, text: str) -> Message:
    """What an earlier press made; another thing under the same key is a Conflict."""
    if made.conversation_id != conversation.id or made.direction != Direction.OUT or made.text != text:
        raise Conflict(ID_TAKEN)
    return made


def _count_said(conversation_id: UUID) -> int:
    return _said(conversation_id).count()


def _said(conversation_id: UUID) -> QuerySet[Message]:
    """What was said, by them and by us, without notes and what was taken back."""
    taken_back = Message.objects.filter(direction=Direction.OUT, state=MessageState.DELETED, remote_id="")
    rows = Message.objects.filter(conversation_id=conversation_id).exclude(direction=Direction.NOTE)
    return rows.exclude(id__in=taken_back.values("id"))


def _require_unanswered(actor: Actor, conversation: Conversation, seen: int) -> None:
    rows = _said(conversation.id).select_related("author").order_by("arrived_at", "id")
    for message in rows[min(max(seen, 0), MOST_SEEN) :]:
        if message.direction == Direction.OUT:
            name = (message.author.name or message.author.email) if message.author else refusals.SOMEBODY
            raise Conflict(fill_params(refusals.ANSWERED_MEANWHILE, name=name))


def check_answer(
    conversation: Conversation,
    text: str,
    media: Sequence[MediaItem] = (),
    to: UUID | None = None,
    language: str | None = None,
) -> list[Problem]:
    """What the network has against an answer that is being written; nothing where there is no answer."""
    try:
        place = _find_place(conversation, to)
    except Refused:
        return []
    opened = open_assets(media)
    return _check(place, text, [opened[item] for item in media], place.choose_language(language))


def _check(place: _Place, text: str, media: Sequence[Media], language: str) -> list[Problem]:
    part = Part(place.complete(text) if text.strip() else text, tuple(media))
    found = place.answering.rules.check(Draft((part,), language=language), place.facts)
    if language and not LANGUAGE.fullmatch(language) and all(each.code != "language_invalid" for each in found):
        return [*found, fill_params(refusals.LANGUAGE_UNKNOWN, language=language[:40])]
    return found


def _require_fit(place: _Place, text: str, media: Sequence[Media], language: str) -> None:
    """The network's own rules, as for a post."""
    found = [each for each in _check(place, text, media, language) if each.severity == "error"]
    if found:
        raise Refused(*found)


def _render_answer(place: _Place, text: str, language: str) -> Mapping[str, Any]:
    ref = place.ref
    root = place.answering.root(ref)
    publication = place.conversation.publication
    if root is None and publication is not None:
        root = RemoteRef(publication.remote_id, publication.remote_url, publication.data)
    return render_answer(
        _freeze(ref),
        place.target.id,
        _freeze(root) if root else None,
        place.complete(text),
        place.answering.options(ref),
        language,
    )


def _freeze(ref: RemoteRef) -> FrozenRef:
    return FrozenRef(id=ref.id, url=ref.url, data=dict(ref.data))


def _plan(place: _Place, message: Message, due_at: datetime) -> None:
    Delivery.objects.create(
        id=message.delivery_id,
        source_kind=REPLY,
        source_id=message.id,
        subject_id=message.conversation_id,
        channel=place.channel,
        kind=place.kind,
        due_at=due_at,
        next_at=due_at,
        has_late_limit=False,
        stages_ahead=can_stage_ahead(place.channel, files=bool(message.media)),
    )


@transaction.atomic
def take_back(actor: Actor, message_id: UUID) -> Message:
    """Not to send a reply after all, as long as it has not begun to go out. Its words are given for the box. A second
    call changes nothing."""
    policy.require(actor, policy.Permission.ANSWER)
    message = Message.objects.filter(id=message_id, direction=Direction.OUT).exclude(delivery_id=None).first()
    if message is None:
        raise NotFound(refusals.MESSAGE_UNKNOWN)
    row = lock(Delivery.objects.filter(source_kind=REPLY, source_id=message.id)).first()
    conversations = Conversation.objects.filter(id=message.conversation_id)
    conversation = lock(conversations).select_related("channel").get()
    message = lock(Message.objects.filter(id=message_id)).get()
    if message.state == MessageState.DELETED and not message.remote_id:
        return message
    if row is None or row.state in (State.SENT, State.PROCESSING, State.UNCERTAIN):
        raise Conflict(refusals.BEGUN)
    stopped = take_out_reply(message.id, refusals.TAKEN_BACK)
    if stopped is None or stopped.state not in (State.CANCELLED, State.FAILED, State.MISSED):
        raise Conflict(refusals.BEGUN)  # rolls back what `take_out_reply` wrote
    Delivery.objects.filter(id=stopped.id).update(needs_person=False, announce="")
    message.state, message.deleted_at = MessageState.DELETED, now()
    message.save(update_fields=["state", "deleted_at"])
    save_up_to_date([conversation], conversation.channel.created_at)
    audit.record(actor, "message.take_back", message)
    notify_live(message.workspace_id, "conversation", message.conversation_id)
    return message
