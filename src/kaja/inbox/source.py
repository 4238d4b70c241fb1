"""Replies and acts as sources of deliveries: what the engine asks of them (`kaja.delivery.sources.Source`).

A reply is never changed once it is written, so its words and what it answers are kept with the message and are the same
at every try. What may change meanwhile is asked at the last moment: that it was taken back, or that what it answers is
gone.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from kaja.delivery import problems
from kaja.delivery.engine.row import Claimed, Work
from kaja.delivery.files import open_files, render_key
from kaja.delivery.frozen import Frozen, FrozenMedia, FrozenRef
from kaja.delivery.models import Delivery
from kaja.delivery.planning import is_stoppable, list_called, save_changed, take_out
from kaja.delivery.sources import Answer, Made, NotSo, Subject, Words
from kaja.inbox import refusals
from kaja.inbox.acts import find_acts, is_overtaken
from kaja.inbox.models import Message, MessageAct, MessageState
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.media.item import MediaItem
from kaja.media.open import parse_key
from kaja.networks.kit.acting import ACT, AUTHOR

REPLY = "reply"
"""The kind of source that something said is; `acts.ACTING` is that of something done."""
ANSWER = "answer"
"""In `Message.data` of ours: what is sent beside the words."""


def render_answer(
    to: FrozenRef, target_id: UUID, root: FrozenRef | None, text: str, options: Mapping[str, Any], language: str = ""
) -> dict[str, Any]:
    """What is kept with a reply when it is written."""
    return {
        "to": to.model_dump(mode="json"),
        "message": str(target_id),
        "root": root.model_dump(mode="json") if root else None,
        "text": text,
        "options": dict(options),
        "language": language,
    }


class ReplySource:
    """Replies and direct messages: the source is the message of ours."""

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        with system_scope(SystemPurpose.CLAIM):
            found = {m.id: m for m in Message.objects.filter(id__in={work.row.source_id for work in works})}
            targets = {str(message.data.get(ANSWER, {}).get("message") or "") for message in found.values()}
            gone = Message.objects.filter(id__in=targets - {""}, state=MessageState.DELETED)
            deleted = {str(message_id) for message_id in gone.values_list("id", flat=True)}
        answers: dict[UUID, Answer] = {}
        making: dict[UUID, tuple[Work, Message, list[MediaItem]]] = {}
        for work in works:
            row, message = work.row, found.get(work.row.source_id)
            # The one query sees every workspace.
            if message is None or message.workspace_id != row.workspace_id:
                answers[row.id] = NotSo.WITHDRAWN
            elif (answer := _find_change(row, message, deleted)) is not None:
                answers[row.id] = answer
            else:
                items = [parse_key(media["key"], media.get("alt") or "") for media in message.media]
                making[row.id] = work, message, items
        wanted = {(m.workspace_id, row_id): items for row_id, (_, m, items) in making.items() if items}
        files = open_files(wanted)
        for row_id, (work, message, _) in making.items():
            opened = files.get((message.workspace_id, row_id), {})
            if isinstance(opened, Problem):
                answers[row_id] = opened
                continue
            answers[row_id] = _make(work, message, {render_key(item): media for item, media in opened.items()})
        return answers

    def follow(self, source_id: UUID) -> None:
        message = Message.objects.filter(id=source_id).first()
        if message is None or message.state == MessageState.DELETED:
            take_out_reply(source_id)

    def describe(self, source_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        rows = Message.objects.filter(id__in=source_ids).values_list("id", "conversation_id", "text")
        return {message_id: Subject(subject, " ".join(text.split()), 0) for message_id, subject, text in rows}

    def list_words(self, rows: Sequence[Delivery]) -> Mapping[UUID, Words]:
        found = Message.objects.in_bulk([row.source_id for row in rows])
        return {row.id: Words(_words_of(found[row.source_id])) for row in rows if row.source_id in found}


def _find_change(row: Claimed, message: Message, deleted: Collection[str]) -> NotSo | Problem | None:
    """What forbids to send it by now; nothing of it matters once it may stand on the network."""
    if row.may_stand:
        return None
    if message.state == MessageState.DELETED:
        return NotSo.WITHDRAWN
    if str(message.data.get(ANSWER, {}).get("message") or "") in deleted:
        return refusals.TARGET_DELETED
    return None


def _words_of(message: Message) -> str:
    return str(message.data.get(ANSWER, {}).get("text") or message.text)


def _make(work: Work, message: Message, opened: Mapping[str, Any]) -> Answer:
    try:
        answer = message.data[ANSWER]
        frozen = Frozen(
            kind=work.row.kind.value,
            text=_words_of(message),
            media=tuple(FrozenMedia(key=each["key"], alt=each.get("alt") or "") for each in message.media),
            language=answer.get("language", ""),
            options=answer["options"],
            created_at=work.at,
            reply_to=FrozenRef.model_validate(answer["to"]),
            root=FrozenRef.model_validate(answer["root"]) if answer["root"] else None,
        )
    except (KeyError, ValueError, TypeError) as error:
        return problems.fill_params(problems.CONTENT_BROKE, error=type(error).__name__)
    return Made(frozen, opened)


def take_out_reply(message_id: UUID, problem: Problem = refusals.TAKEN_BACK) -> Delivery | None:
    """It may not go any more; what cannot be stopped is not sent again. Gives the row as it stands then."""
    rows = list(lock(Delivery.objects.filter(source_kind=REPLY, source_id=message_id)))
    called = list_called(rows)
    for row in rows:
        row.allowed = False
        take_out(row, problem, stoppable=is_stoppable(row, called))
    save_changed(rows)
    return rows[0] if rows else None


class ActSource:
    """Likes, hiding, deletions ...: the source is a `MessageAct`."""

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        with system_scope(SystemPurpose.CLAIM):
            ids = {work.row.source_id for work in works}
            rows = MessageAct.objects.select_related("message__handle", "workspace").filter(id__in=ids)
            found = {a.id: a for a in rows}
            others = find_acts([act.message for act in {a.message_id: a for a in found.values()}.values()])
        answers: dict[UUID, Answer] = {}
        for work in works:
            row, wanted = work.row, found.get(work.row.source_id)
            foreign = wanted is None or wanted.workspace_id != row.workspace_id
            if wanted is None or foreign or is_overtaken(wanted, others[wanted.message_id]) or _is_held(wanted):
                answers[row.id] = NotSo.WITHDRAWN
            else:
                answers[row.id] = Made(_freeze(work, wanted))
        return answers

    def follow(self, source_id: UUID) -> None:
        """Nothing of an act changes."""

    def describe(self, source_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        rows = MessageAct.objects.filter(id__in=source_ids)
        values = rows.values_list("id", "message__conversation_id", "message__text")
        return {act_id: Subject(subject, " ".join(text.split()), 0) for act_id, subject, text in values}

    def list_words(self, rows: Sequence[Delivery]) -> Mapping[UUID, Words]:
        return {}  # nothing that one could look for


def _is_held(act: MessageAct) -> bool:
    """A rule's, while a crisis lasts."""
    return act.by != "" and act.actor_id is None and act.workspace.crisis_at is not None


def _freeze(work: Work, act: MessageAct) -> Frozen:
    message = act.message
    data = {name: value for name, value in message.data.items() if name != ANSWER}
    return Frozen(
        kind="act",
        text="",
        options={ACT: act.act, AUTHOR: message.handle.remote_id if message.handle else ""},
        created_at=work.at,
        reply_to=FrozenRef(id=message.remote_id, url=message.url, data=data),
    )
