"""Comments of the account below its own articles: WordPress refuses a second one with the same words."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kaja.networks.kit.alike import letters_of
from kaja.networks.kit.answers import read_list, read_mapping, read_object
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.markup import parse_html
from kaja.networks.kit.newest import judge
from kaja.networks.kit.results import AbsentAsOf, Reconciliation, RemoteRef, Sent
from kaja.networks.kit.steps import Sending, send_once
from kaja.networks.wordpress.api import DUPLICATE, NETWORK, REST
from kaja.networks.wordpress.blocks import render_comment

ROUTE = "/wp/v2/comments"


def build_comment_ref(comment: Mapping[str, Any]) -> RemoteRef:
    return RemoteRef(str(comment["id"]), str(comment.get("link") or ""), {"type": "comment"})


async def comment(sending: Sending) -> Sent:
    """Looked for first, since an earlier call may have been stored. Raises Failed."""
    outgoing = sending.outgoing
    if outgoing.root is None:
        raise ValueError("a comment without an article")
    body: dict[str, Any] = {"post": int(outgoing.root.id), "content": {"raw": render_comment(outgoing.text)}}
    if parent := _parent_of(outgoing):
        body["parent"] = parent

    async def find() -> Reconciliation:
        return await find_comment(outgoing, sending.facts, sending.session)

    async def send() -> RemoteRef:
        made = await REST.call(sending.session, "POST", ROUTE, json=body, irreversible=True)
        return build_comment_ref(read_object(made, "id"))

    return await send_once(find, send, DUPLICATE)


def _parent_of(outgoing: Outgoing) -> int:
    """The comment that is answered; 0 for one below the article itself."""
    above = outgoing.reply_to
    answers = above is not None and (outgoing.kind == "reply" or above.data.get("type") == "comment")
    return int(above.id) if above is not None and answers else 0


async def find_comment(outgoing: Outgoing, facts: Facts, session: Session) -> Reconciliation:
    """The account's comment with these words in this place that no other delivery made, shown or not. Raises Failed."""
    looked_at = datetime.now(UTC)
    if outgoing.root is None:
        return AbsentAsOf(looked_at)
    params = {"post": outgoing.root.id, "author": facts.limits["user_id"], "per_page": 100, "order": "desc"}
    params["status"] = "all"  # a site that moderates holds ours back, too
    listed = read_list(await REST.call(session, "GET", ROUTE, params=params))
    # Letters and digits only: WordPress turns quotes and dashes typographic when it renders (wptexturize).
    wanted, parent = letters_of(parse_html(render_comment(outgoing.text))), _parent_of(outgoing)
    here = [entry for entry in listed if entry.get("parent", parent) == parent]
    matching = [build_comment_ref(entry) for entry in here if letters_of(_words_of(entry)) == wanted]
    return judge(outgoing, matching, complete=True, as_of=looked_at, network=NETWORK)


def _words_of(comment: Mapping[str, Any]) -> str:
    return parse_html(str(read_mapping(comment.get("content")).get("rendered") or ""))


async def edit_comment(ref: RemoteRef, text: str, session: Session) -> RemoteRef:
    """Raises Failed."""
    body = {"content": {"raw": render_comment(text)}}
    return build_comment_ref(
        read_object(await REST.call(session, "POST", f"{ROUTE}/{ref.id}", json=body, irreversible=True), "id")
    )
