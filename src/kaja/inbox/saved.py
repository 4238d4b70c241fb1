"""Saved replies: answers that are given often, by language, with places for names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from kaja.inbox.forms import clean_text
from kaja.inbox.models import Conversation, SavedReply
from kaja.kernel.locks import lock
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.once import find_made, insert_once

TITLE_MOST, TEXT_MOST = 120, 10_000
MOST = 500
PLACES = ("name", "first_name", "handle", "channel", "agent", "me")
"""What may stand in curly brackets in a saved reply."""
_PLACE = re.compile(r"\{(" + "|".join(PLACES) + r")\}")
NOT_FOUND = Problem(
    code="saved_reply_not_found",
    message=gettext_noop("This saved reply is not here any more."),
    fix=gettext_noop("Look at the list; somebody may have deleted it."),
)
EMPTY = Problem(
    code="saved_reply_empty",
    message=gettext_noop("A saved reply has a title, and words in at least one language."),
    field="title",
    fix=gettext_noop("Write both."),
)
TITLE_TAKEN = Problem(
    code="saved_reply_title_taken",
    message=gettext_noop("There is a saved reply with this title."),
    field="title",
    fix=gettext_noop("Choose another title, or change that one."),
)
TOO_MANY = Problem(
    code="saved_replies_too_many",
    message=gettext_noop("There are %(limit)s saved replies already, which is as many as fit."),
    fix=gettext_noop("Delete some that nobody uses."),
    params={"limit": MOST},
)


@dataclass(frozen=True)
class Filled:
    """A saved reply with its places filled, for one conversation."""

    id: UUID
    title: str
    text: str
    language: str
    """Of the words."""


def list_replies(cursor: str = "", limit: int = PAGE) -> Page[SavedReply]:
    """All of them, by title."""
    return cut_page(SavedReply.objects.all(), ("title", "id"), cursor, limit)


def list_titles() -> list[tuple[UUID, str]]:
    """What all of them are called, by title."""
    return list(SavedReply.objects.order_by("title", "id").values_list("id", "title")[:MOST])


def list_filled(conversation: Conversation, me: str, language: str, chosen: str = "") -> list[Filled]:
    """All of them as they would answer a conversation. Those that have words in the language that is wanted first
    (`fill_texts`) stand first; then by title."""
    rows = SavedReply.objects.order_by("title", "id")[:MOST]
    filled = [Filled(row.id, row.title, *fill_texts(row.texts, conversation, me, language, chosen)) for row in rows]
    wanted = _list_wanted(conversation, language, chosen)[:1]
    return sorted(filled, key=lambda each: _base(each.language) not in map(_base, wanted))


def fill_reply(reply: SavedReply, conversation: Conversation, me: str, language: str) -> str:
    """The words of one of them for a conversation."""
    return fill_texts(reply.texts, conversation, me, language)[0]


def fill_texts(
    texts: Mapping[str, str], conversation: Conversation, me: str, language: str, chosen: str = ""
) -> tuple[str, str]:
    """Words by language for a conversation, and which language that is: the one that was chosen for the answer, else
    the conversation's, else the reader's, else any. Where something is not known, its place is empty."""
    handle = conversation.handle
    name = (handle.name or handle.handle) if handle else ""
    values = {
        "name": name,
        "first_name": name.split()[0] if name.split() else "",
        "handle": handle.handle if handle else "",
        "channel": str(conversation.channel),
        "agent": me,
        "me": me,
    }
    code = _choose(texts, _list_wanted(conversation, language, chosen))
    # One pass: what a stranger is called is never a place itself.
    return _PLACE.sub(lambda found: values[found[1]], texts.get(code, "")), code


def _list_wanted(conversation: Conversation, language: str, chosen: str) -> tuple[str, ...]:
    return tuple(each for each in (chosen, conversation.language, language) if each)


def _base(language: str) -> str:
    return language.partition("-")[0].lower()


def _choose(texts: Mapping[str, str], languages: tuple[str, ...]) -> str:
    there = {code.lower(): code for code, text in texts.items() if text}
    for language in languages:
        same = [code for lowered, code in there.items() if _base(lowered) == _base(language)]
        if same:
            return there.get(language.lower(), same[0])
    return next(iter(there.values()), "")


@transaction.atomic
def save_reply(
    actor: Actor, title: str, texts: Mapping[str, str], *, reply_id: UUID | None = None, new_id: UUID | None = None
) -> SavedReply:
    """Make a saved reply, or change one. Raises Refused for a title that another one has."""
    policy.require(actor, policy.Permission.ANSWER)
    words = {code[:12]: clean_text(text, TEXT_MOST).strip() for code, text in texts.items()}
    words = {code: text for code, text in words.items() if text}
    title = " ".join(clean_text(title, TITLE_MOST).split())
    if not title or not words:
        raise Refused(EMPTY)
    same = SavedReply.objects.filter(title=title).first()
    if same is not None and same.id not in (reply_id, new_id):
        raise Refused(TITLE_TAKEN)
    if reply_id is None:
        if SavedReply.objects.count() >= MOST:
            raise Refused(TOO_MANY)
        if (made := find_made(SavedReply, new_id)) is not None:
            return made
        row = SavedReply(title=title, texts=words, created_by_id=actor.user_id, **({"id": new_id} if new_id else {}))
        if (reply := insert_once(row)) is not row:
            return reply
    else:
        reply = _get(reply_id)
        reply.title, reply.texts = title, words
        reply.save(update_fields=["title", "texts"])
    audit.record(actor, "saved_reply.save", reply, after={"title": title})
    return reply


def _get(reply_id: UUID) -> SavedReply:
    reply = lock(SavedReply.objects.filter(id=reply_id)).first()
    if reply is None:
        raise NotFound(NOT_FOUND)
    return reply


@transaction.atomic
def delete_reply(actor: Actor, reply_id: UUID) -> None:
    """Delete one; answers that were made of it stay."""
    policy.require(actor, policy.Permission.ANSWER)
    reply = _get(reply_id)
    audit.record(actor, "saved_reply.delete", reply, before={"title": reply.title})
    reply.delete()
