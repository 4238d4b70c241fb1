"""The inbox: conversations, answers, notes, and what is done about them."""

from collections.abc import Iterable
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status

from kaja.api.conversations import (
    ActIn,
    ConversationDetail,
    ConversationFilter,
    ConversationPage,
    LinePage,
    ManyStepsIn,
    MessageOut,
    MessagePage,
    NoteIn,
    OneStepIn,
    ReplyIn,
    StepIn,
    StepOut,
    UndoIn,
    conversation_detail,
    conversation_out,
    filters_of,
    line_out,
    messages_out,
)
from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.render import delivery_out
from kaja.api.routers import actor_of, ok
from kaja.api.schemas import DeliveryOut
from kaja.inbox import actions, queries
from kaja.inbox.actions import Done
from kaja.inbox.acts import do_act, list_acts_of
from kaja.inbox.answering import list_rules_of_answer, reply, take_back
from kaja.inbox.models import Conversation, ConversationState, Priority
from kaja.inbox.queries import Filters
from kaja.inbox.threads import find_post, get_told, page_messages
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.media.item import MediaItem
from kaja.workspaces import policy
from kaja.workspaces.actor import Actor

router = Router(tags=["inbox"])
STEP_EMPTY = Problem(
    code="step_empty",
    message=gettext_noop("This step says nothing that should be done."),
    fix=gettext_noop("Give a state, an assignee, a priority, labels, or a moment."),
)
STEPS_UNKNOWN = Problem(
    code="steps_unknown",
    message=gettext_noop("One of these steps is not there; nothing was taken back."),
    field="events",
    fix=gettext_noop("Give the “events” of an answer, or ids from the conversation's list of events."),
)


@router.get("/conversations", response=ok(ConversationPage), operation_id="listConversations")
def list_conversations(
    request: HttpRequest, filters: Query[ConversationFilter], cursor: Cursor = "", limit: Limit = LIMIT
) -> ConversationPage:
    """Conversations, by their newest message."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_page(actor_of(request), filters_of(filters), cursor, limit)


def render_page(actor: Actor, filters: Filters, cursor: str = "", limit: int = LIMIT) -> ConversationPage:
    """A page of conversations as the API shows it."""
    assert actor.user_id is not None  # a token belongs to a person
    page = queries.page_conversations(filters, actor.user_id, cursor, limit)
    return ConversationPage(items=[conversation_out(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/conversations/steps", response=ok(StepOut), operation_id="workConversations")
def work_conversations(request: HttpRequest, body: ManyStepsIn) -> StepOut:
    """Do the same with many conversations: state, assignee, priority, labels, snooze, reminder."""
    return render_steps(work(actor_of(request), body.conversations, body))


@router.post("/conversations/undo", response=ok(StepOut), operation_id="undoSteps")
def undo_steps(request: HttpRequest, body: UndoIn) -> StepOut:
    """Take steps back, as far as nobody has changed the same since."""
    return render_steps([undo_known(actor_of(request), body.events)])


def undo_known(actor: Actor, event_ids: list[UUID]) -> Done:
    """Take back what was done; refused where one of the lines is not there."""
    policy.require(actor, policy.Permission.ANSWER)
    if queries.count_events(event_ids) < len(set(event_ids)):
        raise NotFound(STEPS_UNKNOWN)
    return actions.undo(actor, event_ids)


@router.get("/conversations/{uuid:conversation_id}", response=ok(ConversationDetail), operation_id="getConversation")
def get_conversation(request: HttpRequest, conversation_id: UUID) -> ConversationDetail:
    """One conversation with its newest messages, and whether it can be answered."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_conversation(conversation_id)


def render_conversation(conversation_id: UUID) -> ConversationDetail:
    """The conversation as the API shows it."""
    row = queries.get_conversation(conversation_id)
    said = _said(row, "", LIMIT)
    return conversation_detail(row, find_post(row), list_rules_of_answer(row), said.items)


@router.get("/conversations/{uuid:conversation_id}/messages", response=ok(MessagePage), operation_id="listMessages")
def list_messages(
    request: HttpRequest, conversation_id: UUID, cursor: Cursor = "", limit: Limit = LIMIT
) -> MessagePage:
    """What was said and noted, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = _said(queries.get_conversation(conversation_id), cursor, limit)
    return MessagePage(items=page.items[::-1], next_cursor=page.next_cursor)


def _said(row: Conversation, before: str, limit: int) -> MessagePage:
    page = page_messages(row, before, limit)
    acts = list_acts_of([each.message for each in page.told])
    return MessagePage(items=messages_out(page.told, acts), next_cursor=page.before)


@router.get("/conversations/{uuid:conversation_id}/events", response=ok(LinePage), operation_id="listSteps")
def list_steps(request: HttpRequest, conversation_id: UUID, cursor: Cursor = "", limit: Limit = LIMIT) -> LinePage:
    """What was done to it, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.page_events(queries.get_conversation(conversation_id).id, cursor, limit)
    return LinePage(items=[line_out(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/conversations/{uuid:conversation_id}/steps", response=ok(StepOut), operation_id="workConversation")
def work_conversation(request: HttpRequest, conversation_id: UUID, body: OneStepIn) -> StepOut:
    """Do something with one conversation: state, assignee, priority, labels, snooze, reminder."""
    return render_steps(work(actor_of(request), [conversation_id], body, body.version))


def work(actor: Actor, ids: list[UUID], step: StepIn, version: int | None = None) -> list[Done]:
    """All that a step says, in the caller's transaction."""
    seen = None if version is None else dict.fromkeys(ids, version)
    given = step.model_fields_set
    done = []
    if step.state is not None:
        done.append(actions.set_state(actor, ids, ConversationState(step.state), seen=seen))
    if "assignee" in given:
        whom = actor.user_id if step.assignee == "me" else step.assignee
        done.append(actions.assign(actor, ids, whom, seen=seen))
    if step.priority is not None:
        done.append(actions.set_priority(actor, ids, Priority(step.priority), seen=seen))
    if "snooze_until" in given:
        done.append(actions.snooze(actor, ids, step.snooze_until, seen=seen))
    if "remind_at" in given:
        done.append(actions.remind(actor, ids, step.remind_at, seen=seen))
    done += [actions.add_label(actor, ids, name) for name in step.add_labels]
    done += [actions.remove_label(actor, ids, name) for name in step.remove_labels]
    if not done:
        policy.require(actor, policy.Permission.ANSWER)
        raise Refused(STEP_EMPTY)
    return done


def render_steps(done: Iterable[Done]) -> StepOut:
    """What was done, as the API says it."""
    done = list(done)
    return StepOut(
        events=[each for one in done for each in one.events],
        changed=list(dict.fromkeys(each for one in done for each in one.changed)),
        stale=list(dict.fromkeys(each for one in done for each in one.stale)),
    )


@router.post("/conversations/{uuid:conversation_id}/notes", response=ok(MessageOut, 201), operation_id="addNote")
def add_note(request: HttpRequest, conversation_id: UUID, body: NoteIn) -> Status[MessageOut]:
    """A note, which nobody outside sees; members whose name stands in it after an @ are told."""
    note = actions.add_note(actor_of(request), conversation_id, body.text, new_id=body.id)
    return Status(201, render_message(note.id))


@router.post("/conversations/{uuid:conversation_id}/replies", response=ok(MessageOut, 201), operation_id="replyTo")
def reply_to(request: HttpRequest, conversation_id: UUID, body: ReplyIn) -> Status[MessageOut]:
    """Answer. It goes out after ten seconds, in which it can be taken back; `GET /deliveries/{id}` has its journal."""
    media = [MediaItem(asset=asset) for asset in body.media]
    said = reply(
        actor_of(request), conversation_id, body.text, media, key=body.id or new_id(), to=body.to, seen=body.seen
    )
    return Status(201, render_message(said.id))


@router.get("/messages/{uuid:message_id}", response=ok(MessageOut), operation_id="getMessage")
def get_message(request: HttpRequest, message_id: UUID) -> MessageOut:
    """One message, or an answer with how it stands in the outbox."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_message(message_id)


def render_message(message_id: UUID) -> MessageOut:
    """The message as the API shows it."""
    told = get_told(message_id)
    return messages_out([told], list_acts_of([told.message]))[0]


@router.post("/messages/{uuid:answer_id}/take-back", response=ok(MessageOut), operation_id="takeBackReply")
def take_back_reply(request: HttpRequest, answer_id: UUID) -> MessageOut:
    """Not to send an answer after all, as long as it has not begun to go out."""
    return render_message(take_back(actor_of(request), answer_id).id)


@router.post("/messages/{uuid:message_id}/acts", response=ok(DeliveryOut, 202), operation_id="doAct")
def do_one_act(request: HttpRequest, message_id: UUID, body: ActIn) -> Status[DeliveryOut]:
    """Have something done on the network to a message or to who wrote it; a second call is the same act. What can be
    done to a message stands in its `can`."""
    return Status(202, delivery_out(do_act(actor_of(request), message_id, body.act)))
