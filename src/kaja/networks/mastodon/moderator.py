"""Favourites, boosts, blocks, mutes and reports, and deleting our own. What is so already is answered like new.

https://docs.joinmastodon.org/methods/statuses/, accounts/ and reports/, read 2026-11-30. No server hides a reply
of somebody else's below our post.
"""

from collections.abc import Mapping

from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, changing
from kaja.networks.kit.http import Session
from kaja.networks.kit.moderation import Act, Own
from kaja.networks.kit.outcome import target_gone
from kaja.networks.kit.reading import Kind
from kaja.networks.kit.results import Changed, ChangeResult, Rejected, RemoteRef
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.changes import delete

_CALLS: Mapping[str, str] = {"like": "favourite", "unlike": "unfavourite", "boost": "reblog", "unboost": "unreblog"}
_SCOPES: Mapping[str, str] = {
    "like": "write:favourites", "unlike": "write:favourites", "boost": "write:statuses", "unboost": "write:statuses",
    "block": "write:blocks", "unblock": "write:blocks", "mute": "write:mutes", "unmute": "write:mutes",
    "report": "write:reports", "delete": "write:statuses",
}  # fmt: skip
_ON_AUTHOR: frozenset[Act] = frozenset({"block", "unblock", "mute", "unmute", "report"})
_ON_PUBLIC: frozenset[Act] = _ON_AUTHOR | {"like", "unlike", "boost", "unboost"}

acts: Mapping[Kind | Own, frozenset[Act]] = {
    "comment": _ON_PUBLIC,
    "reply": _ON_PUBLIC,
    "mention": _ON_PUBLIC,
    "direct": _ON_AUTHOR | {"like", "unlike"},
    "own": frozenset({"delete"}),
}


def can_act(act: Act, facts: Facts) -> bool:
    """By what the person allowed when the channel was connected; where the server did not say, it may."""
    granted = set(facts.permissions)
    return not granted or bool({"write", _SCOPES[act]} & granted)


@changing
async def act(act: Act, target: RemoteRef, author_id: str, facts: Facts, session: Session) -> ChangeResult:
    if act == "delete":
        return await delete(target, facts, session)
    if act in _CALLS:
        try:
            await REST.call(session, "POST", f"/api/v1/statuses/{target.id}/{_CALLS[act]}", irreversible=True)
        except Failed as failed:
            # What is gone is liked by nobody any more.
            if not (failed.gone and act.startswith("un")):
                raise
        return Changed(None)
    number = await _find_account(target, author_id, session)
    if act == "report":
        body = {"account_id": number, "status_ids": [target.id]}
        await REST.call(session, "POST", "/api/v1/reports", json=body, irreversible=True)
    else:
        await REST.call(session, "POST", f"/api/v1/accounts/{number}/{act}", irreversible=True)
    return Changed(None)


async def _find_account(target: RemoteRef, author_id: str, session: Session) -> str:
    """The number that this server gives to whoever wrote it: noted when it was read, else asked for."""
    if number := str(target.data.get("account") or ""):
        return number
    try:
        status = await REST.fetch(session, f"/api/v1/statuses/{target.id}", "id")
        number = str(read_mapping(status.get("account")).get("id") or "")
    except Failed as failed:
        if not failed.gone:
            raise
    name = str(target.data.get("acct") or target.data.get("handle") or "").lstrip("@")
    if not number and name:
        number = str((await REST.fetch(session, "/api/v1/accounts/lookup", "id", acct=name))["id"])
    if not number:
        raise Failed(Rejected(target_gone(NETWORK)))
    return number
