"""How the account answers what the audience wrote on the practice network, and what else it can do to it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote

from kaja.kernel.problems import gettext_noop
from kaja.networks.kit.connector import Answering, PrivateAnswering
from kaja.networks.kit.content import Kind as SentKind
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.formats import Format, MediaRule, by_limits
from kaja.networks.kit.guards import Failed, changing
from kaja.networks.kit.http import Session
from kaja.networks.kit.moderation import TO_AUTHOR, Act, Own
from kaja.networks.kit.reading import Kind
from kaja.networks.kit.results import Changed, ChangeResult, RemoteRef
from kaja.networks.practice.answers import REST
from kaja.networks.practice.info import INFO
from kaja.networks.practice.rules import RULES

ANSWERS: frozenset[SentKind] = frozenset({"comment", "reply", "message"})
"""What is said below something else, in one call."""


@by_limits
def _list_answers(facts: Facts) -> tuple[Format, ...]:
    """An answer is words alone."""
    return (Format("answer", gettext_noop("Answer"), MediaRule(), "required", threads=False),)


ANSWERING = Answering(
    kinds={"comment": "reply", "reply": "reply", "mention": "reply", "review": "reply", "direct": "message"},
    rules=replace(RULES, info=replace(INFO, options=()), formats=_list_answers),
    windows={"direct": timedelta(hours=24)},
    private=PrivateAnswering(kinds=("comment", "reply"), window=timedelta(days=7)),
)


def list_of(outgoing: Outgoing) -> tuple[str, str]:
    """Where something goes and is looked for, and what the list is called there."""
    if outgoing.kind not in ANSWERS:
        return "/api/v1/account/posts", "posts"
    target = outgoing.reply_to
    if target is None:
        raise ValueError("an answer to nothing")
    if outgoing.kind == "message" and "dialogue" not in target.data:
        return f"/api/v1/entries/{target.id}/private", "messages"
    if outgoing.kind == "message":
        return f"/api/v1/dialogues/{quote(str(target.data['dialogue']), safe='')}/messages", "messages"
    if outgoing.kind == "comment":
        return f"/api/v1/posts/{target.id}/comments", "comments"
    return f"/api/v1/entries/{target.id}/replies", "replies"


_LIKES: frozenset[Act] = frozenset({"like", "unlike"})
_BELOW = _LIKES | frozenset[Act]({"hide", "unhide", "approve", "spam", "delete"})

acts: Mapping[Kind | Own, frozenset[Act]] = {
    "comment": _BELOW | TO_AUTHOR,
    "reply": _BELOW | TO_AUTHOR,
    "mention": _LIKES | TO_AUTHOR,
    "direct": _LIKES | TO_AUTHOR,
    "review": _LIKES | TO_AUTHOR,
    "own": frozenset({"delete"}),
}


@changing
async def act(act: Act, target: RemoteRef, author_id: str, facts: Facts, session: Session) -> ChangeResult:
    """Repeating it does no harm: the network answers what is so already as if it was done."""
    whose = act in TO_AUTHOR and act != "report"  # here a report is of what somebody wrote
    path = f"/api/v1/people/{quote(author_id, safe='')}/acts" if whose else f"/api/v1/entries/{target.id}/acts"
    try:
        await REST.call(session, "POST", path, json={"act": act})
    except Failed as failed:
        if not (act == "delete" and failed.gone):
            raise
    return Changed(None if act == "delete" else target)
