"""Notes of the team within a conversation, which nobody outside sees."""

import re
from uuid import UUID

from django.db import transaction

from kaja.inbox.actions.changing import lock_conversations, path_of
from kaja.inbox.forms import clean_text
from kaja.inbox.live import tell_conversations
from kaja.inbox.models import Direction, Message
from kaja.kernel import clock, ids
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.workspaces import audit, notices
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member
from kaja.workspaces.once import find_made, insert_once

NOTE_MOST = 10_000
EMPTY = Problem(
    code="note_empty",
    message=gettext_noop("A note has between 1 and %(limit)s characters."),
    field="text",
    fix=gettext_noop("Write what your colleagues should know."),
    params={"limit": NOTE_MOST},
)
MENTIONED = gettext_noop("%(actor)s mentioned you in a note: “%(excerpt)s”")


@transaction.atomic
def add_note(actor: Actor, conversation_id: UUID, text: str, *, new_id: UUID | None = None) -> Message:
    """A note; members whose name or address stands in it after an @ are told. The same `new_id` is the same note."""
    (conversation,) = lock_conversations(actor, [conversation_id])
    clean = clean_text(text, NOTE_MOST + 1).strip()
    if not clean or len(clean) > NOTE_MOST:
        raise Refused(EMPTY)
    if (made := find_made(Message, new_id)) is not None:
        return made
    note = Message(
        id=new_id or ids.new_id(), workspace_id=conversation.workspace_id, conversation=conversation,
        channel_id=conversation.channel_id, direction=Direction.NOTE, author_id=actor.user_id, text=clean,
        at=clock.now(),
    )  # fmt: skip
    if (kept := insert_once(note)) is not note:
        return kept
    audit.record(actor, "conversation.note", conversation, {}, {"note": str(note.id)})
    mentioned = [each for each in find_mentioned(clean) if each != actor.user_id]
    if mentioned:
        notices.tell_members(
            "inbox.mentioned",
            MENTIONED,
            {"actor": actor.name, "excerpt": " ".join(clean.split())[:60]},
            path=path_of(conversation),
            user_ids=mentioned,
        )
    tell_conversations([conversation.id])
    return note


def find_mentioned(text: str) -> list[UUID]:
    """The members whom an @ in the text names: by the whole name, the first name where only one has it, or the part of
    the address before its @."""
    if "@" not in text:
        return []
    names: dict[str, set[UUID]] = {}
    for member in Member.objects.select_related("user"):
        user = member.user
        called = {user.name.casefold(), user.email.casefold(), user.email.partition("@")[0].casefold()}
        called |= set(user.name.casefold().split()[:1])
        for name in called - {""}:
            names.setdefault(name, set()).add(user.id)
    found: dict[UUID, None] = {}
    for place in (match.end() for match in re.finditer("(?<![\\w.])@", text)):
        rest = text[place : place + 330].casefold()
        # The longest name counts: of “@Mari Tamm” and “@Mari” the first.
        fitting = [name for name in names if rest.startswith(name) and not rest[len(name) :][:1].isalnum()]
        whom = names[max(fitting, key=len)] if fitting else set()
        if len(whom) == 1:
            found |= dict.fromkeys(whom)
    return list(found)
