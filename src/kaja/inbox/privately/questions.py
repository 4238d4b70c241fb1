"""May it still go? The one question that is asked when a private reply is planned, whenever something happens that it
hangs on, and each time before it is sent. Inside the workspace's scope, in five statements for all of them.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q, QuerySet

from kaja.inbox.models import (
    ConversationKind,
    ConversationState,
    Direction,
    Handle,
    Message,
    MessageAct,
    MessageState,
)
from kaja.inbox.privately import refusals
from kaja.inbox.privately.conditions import Wanted, is_about, is_asking
from kaja.inbox.privately.models import PrivateSending
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces.queries import is_in_crisis

_TAKEN_AWAY = ("hide", "spam", "delete")
_ACTS = ("block", "unblock", "unhide", "approve", *_TAKEN_AWAY)


def is_for(wanted: Wanted, message: Message) -> bool:
    """Whether a comment asks for it; its conversation is fetched."""
    talk = message.conversation
    return is_about(
        wanted,
        kind=message.kind,
        channel_id=message.channel_id,
        publication_id=talk.publication_id,
        post_ref=talk.post_ref,
        post_url=talk.post_url,
    ) and is_asking(wanted, message.text)


def fetch_asked(rows: QuerySet[PrivateSending]) -> QuerySet[PrivateSending]:
    """With all that the question looks at."""
    return rows.select_related("reply", "handle", "message__conversation__handle", "message__handle")


def find_stops(rows: Sequence[PrivateSending], *, public: bool = False) -> dict[UUID, Problem]:
    """Why these may not go any more, by their ids; nothing for those that may. Fetched as `fetch_asked` does, saved or
    not. `public`: the answer below the comment is meant, when the private one has gone: writing back is all right then.
    """
    if not rows:
        return {}
    crisis = is_in_crisis(entered_workspace_id())
    around = _look_around(rows)
    found = {row.id: _judge(row, around, crisis, public) for row in rows}
    return {row_id: problem for row_id, problem in found.items() if problem is not None}


@dataclass(frozen=True)
class _Around:
    """What was said and done by and to the people, by person as their accounts are joined now."""

    said: Mapping[UUID, Sequence[Message]]
    answers: Sequence[Message]
    person_of: Mapping[UUID, UUID]  # handle to person
    taken_away: Collection[UUID]  # messages
    blocked: Collection[UUID]  # people


def _look_around(rows: Sequence[PrivateSending]) -> _Around:
    people = {row.handle.person_id for row in rows}
    person_of = dict(Handle.objects.filter(person_id__in=people).values_list("id", "person_id"))
    messages = [row.message for row in rows if row.message is not None]
    since = min((message.at for message in messages), default=None)
    if since is None:
        return _Around({}, (), person_of, (), ())
    talks = {message.conversation_id for message in messages}
    dialogue = Q(conversation__kind=ConversationKind.DIRECT, conversation__handle_id__in=person_of)
    ours = Q(direction=Direction.OUT) & (Q(conversation_id__in=talks) | dialogue)
    theirs = Q(direction=Direction.IN, handle_id__in=person_of)
    found = list(
        Message.objects.filter(theirs | ours, at__gte=since)
        .exclude(state=MessageState.DELETED)
        .select_related("conversation")
    )
    sent = {message.delivery_id for message in found if message.direction == Direction.OUT} - {None}
    own = PrivateSending.objects.filter(Q(delivery_id__in=sent) | Q(public_delivery_id__in=sent))
    automatic = {each for pair in own.values_list("delivery_id", "public_delivery_id") for each in pair} - {None}
    said: dict[UUID, list[Message]] = defaultdict(list)
    for message in found:
        if message.direction == Direction.IN and message.handle_id in person_of:
            said[person_of[message.handle_id]].append(message)
    answers = [each for each in found if each.direction == Direction.OUT and each.delivery_id not in automatic]
    return _Around(said, answers, person_of, *_list_acts(messages, person_of))


def _list_acts(messages: Sequence[Message], person_of: Mapping[UUID, UUID]) -> tuple[set[UUID], set[UUID]]:
    """Which comments somebody wanted hidden or deleted, and which people blocked; the newest act holds, done or not."""
    about = Q(message_id__in=[message.id for message in messages]) | Q(message__handle_id__in=person_of)
    rows = MessageAct.objects.filter(about, act__in=_ACTS).order_by("at", "id")
    taken_away, blocked = set[UUID](), set[UUID]()
    for message_id, handle_id, act in rows.values_list("message_id", "message__handle_id", "act"):
        if act in ("block", "unblock"):
            person_id = person_of.get(handle_id)
            if person_id is not None:
                (blocked.add if act == "block" else blocked.discard)(person_id)
        else:
            (taken_away.add if act in _TAKEN_AWAY else taken_away.discard)(message_id)
    return taken_away, blocked


def _judge(row: PrivateSending, around: _Around, crisis: bool, public: bool) -> Problem | None:
    message, reply = row.message, row.reply
    if reply is None or reply.on_since is None:
        return refusals.SWITCHED_OFF
    if crisis:
        return refusals.IN_CRISIS
    if message is None or message.state != MessageState.THERE or message.id in around.taken_away:
        return refusals.COMMENT_GONE
    wanted = Wanted.model_validate(reply.wanted)
    if not is_for(wanted, message):
        return refusals.NOT_ASKED
    if message.conversation.state == ConversationState.SPAM:
        return refusals.SPAM
    person_id = around.person_of.get(row.handle_id, row.handle.person_id)
    if person_id in around.blocked:
        return refusals.BLOCKED
    if _is_answered(message, person_id, around):
        return refusals.ANSWERED_BY_US
    if not public and any(_is_writing_back(each, message, wanted) for each in around.said.get(person_id, ())):
        return refusals.ANSWERED_BACK
    return None


def _is_writing_back(said: Message, comment: Message, wanted: Wanted) -> bool:
    """Whatever they write directly, and in public what does not ask for the same once more."""
    if said.id == comment.id or said.at < comment.at:
        return False
    return said.conversation.kind == ConversationKind.DIRECT or not is_for(wanted, said)


def _is_answered(comment: Message, person_id: UUID, around: _Around) -> bool:
    """Somebody answered the person, there or directly; not somebody else who wrote in the same thread."""
    theirs = {each.remote_id for each in around.said.get(person_id, ())} | {comment.remote_id}
    for answer in around.answers:
        if answer.at < comment.at:
            continue
        talk = answer.conversation
        began = talk.handle_id is not None and around.person_of.get(talk.handle_id) == person_id
        same = talk.id == comment.conversation_id
        if (same and (began or answer.parent_ref in theirs)) or (talk.kind == ConversationKind.DIRECT and began):
            return True
    return False
