"""Likes, reposts, blocks, mutes and reports, what is hidden below our own posts, and deleting our own.

A like is a record in our own repository. It stands under a key that is made of what it is about, so that doing it twice
is doing it once; one that was given in another app is known from the network's view.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kaja.networks.bluesky.publisher import Publisher
from kaja.networks.bluesky.records import encode_tid, parse_uri, render_time
from kaja.networks.bluesky.replies import fetch_view, find_root
from kaja.networks.bluesky.xrpc import REST, get_error
from kaja.networks.kit.answers import read_mapping, read_object
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, changing
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.moderation import Act, Own
from kaja.networks.kit.outcome import target_gone
from kaja.networks.kit.reading import Kind
from kaja.networks.kit.results import Changed, ChangeResult, Rejected, RemoteRef

_REPO = "/xrpc/com.atproto.repo"
_LIKE, _REPOST, _BLOCK = "app.bsky.feed.like", "app.bsky.feed.repost", "app.bsky.graph.block"
_GATE = "app.bsky.feed.threadgate"
_RECORDS = {"like": (_LIKE, "like"), "boost": (_REPOST, "repost")}
"""What an act writes, and where the network's view shows that it was done."""
_ON_OTHERS: frozenset[Act] = frozenset(
    {"like", "unlike", "boost", "unboost", "block", "unblock", "mute", "unmute", "report"}
)
_HIDING: frozenset[Act] = frozenset({"hide", "unhide"})

acts: Mapping[Kind | Own, frozenset[Act]] = {
    "comment": _ON_OTHERS | _HIDING,
    "reply": _ON_OTHERS | _HIDING,
    "mention": _ON_OTHERS,
    "own": frozenset({"delete"}),
}


@changing
async def act(act: Act, target: RemoteRef, author_id: str, facts: Facts, session: Session) -> ChangeResult:
    match act:
        case "like" | "boost":
            await _mark(*_RECORDS[act], target, facts, session)
        case "unlike" | "unboost":
            await _unmark(*_RECORDS[act.removeprefix("un")], target, facts, session)
        case "block":
            await _put(_BLOCK, _key_of(author_id), {"subject": author_id}, facts, session)
        case "unblock":
            await _delete(_BLOCK, _key_of(author_id), facts, session)
        case "mute" | "unmute":
            name = f"/xrpc/app.bsky.graph.{act}Actor"
            await REST.call(session, "POST", name, json={"actor": author_id}, irreversible=True)
        case "report":
            await _report(target, session)
        case "hide" | "unhide":
            await _hide(target, act == "hide", facts, session)
        case "delete":
            return await Publisher().delete(target, facts, session)
        case _:
            raise ValueError(f"nothing that is done on Bluesky: {act}")
    return Changed(None)


def _key_of(subject: str) -> str:
    """A record key (https://atproto.com/specs/tid) that follows from what the record is about."""
    return encode_tid(int.from_bytes(hashlib.sha256(subject.encode()).digest()[:8], "big") >> 1)


async def _mark(collection: str, shown: str, target: RemoteRef, facts: Facts, session: Session) -> None:
    view = await fetch_view(target.id, session)
    if view is None:
        raise Failed(Rejected(target_gone("Bluesky")))
    if read_mapping(view.get("viewer")).get(shown):
        return
    cid = str(view.get("cid") or target.data.get("cid") or "")
    await _put(collection, _key_of(target.id), {"subject": {"uri": target.id, "cid": cid}}, facts, session)


async def _unmark(collection: str, shown: str, target: RemoteRef, facts: Facts, session: Session) -> None:
    await _delete(collection, _key_of(target.id), facts, session)
    view = await fetch_view(target.id, session) or {}
    there = str(read_mapping(view.get("viewer")).get(shown) or "")
    if there.startswith(f"at://{facts.account_id}/{collection}/"):
        await _delete(collection, there.rpartition("/")[2], facts, session)


async def _put(collection: str, key: str, content: Mapping[str, Any], facts: Facts, session: Session) -> None:
    place = {"repo": facts.account_id, "collection": collection, "rkey": key}
    if await _find(place, session) is not None:
        return
    record = {"$type": collection, "createdAt": render_time(datetime.now(UTC)), **content}
    await REST.call(session, "POST", f"{_REPO}.putRecord", json={**place, "record": record}, irreversible=True)


async def _find(place: Mapping[str, str], session: Session) -> Mapping[str, Any] | None:
    answer = await REST.ask(session, "GET", f"{_REPO}.getRecord", params=place)
    if isinstance(answer, Response) and answer.status in (400, 404) and get_error(answer) == "RecordNotFound":
        return None
    return read_object(REST.read(answer), "uri", "cid", "value")


async def _delete(collection: str, key: str, facts: Facts, session: Session) -> None:
    """What is not there counts as deleted: the server says nothing else of it."""
    place = {"repo": facts.account_id, "collection": collection, "rkey": key}
    await REST.call(session, "POST", f"{_REPO}.deleteRecord", json=place, irreversible=True)


async def _report(target: RemoteRef, session: Session) -> None:
    """To the service that the account's server names for it."""
    subject = {"$type": "com.atproto.repo.strongRef", "uri": target.id, "cid": str(target.data.get("cid") or "")}
    body = {"reasonType": "com.atproto.moderation.defs#reasonOther", "subject": subject}
    await REST.call(session, "POST", "/xrpc/com.atproto.moderation.createReport", json=body, irreversible=True)


async def _hide(target: RemoteRef, hide: bool, facts: Facts, session: Session) -> None:
    """Below a thread that we began: what is hidden stands in the gate of its first post, under the same key."""
    root = find_root(target)
    owner, root_key = parse_uri(root.id) if root is not None else ("", "")
    if root is None or owner != facts.account_id:
        raise Failed(Rejected(target_gone("Bluesky"), fixable=False))
    place = {"repo": facts.account_id, "collection": _GATE, "rkey": root_key}
    found = await _find(place, session)
    gate: dict[str, Any] = dict(read_mapping(found["value"])) if found else {"$type": _GATE, "post": root.id}
    hidden = [str(uri) for uri in gate.get("hiddenReplies") or ()]
    if hide == (target.id in hidden):
        return
    gate["hiddenReplies"] = [*hidden, target.id] if hide else [uri for uri in hidden if uri != target.id]
    gate.setdefault("createdAt", render_time(datetime.now(UTC)))
    body = {**place, "record": gate, "swapRecord": found["cid"] if found else None}
    await REST.call(session, "POST", f"{_REPO}.putRecord", json=body, irreversible=True)
