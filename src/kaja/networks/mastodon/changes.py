"""Editing and deleting what was published."""

from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.guards import changing
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.results import Changed, ChangeResult, Rejected, RemoteRef
from kaja.networks.kit.uploads import list_keys
from kaja.networks.mastodon.api import NETWORK, call, is_missing, open_session
from kaja.networks.mastodon.delivery import build_ref, render_status, upload, wait_until_ready
from kaja.networks.mastodon.limits import read_limits


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    """PUT /api/v1/statuses/:id. Files that are new go up first; descriptions of the others change with the post."""
    open_session(session)
    return await _edit(ref, outgoing, facts, session)


async def _edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    remote = dict(ref.data.get("media") or {})
    items: list[dict[str, Any]] = []
    for key, media in zip(list_keys(outgoing.media), outgoing.media, strict=True):
        item: Any = {"key": key, "id": str(remote[key])} if key in remote else None
        if item is None:
            item = await upload(media, key, read_limits(facts.limits), session)
            if isinstance(item, dict) and not item["ready"]:
                item = await wait_until_ready(item, session)
            if not isinstance(item, dict):
                return item  # type: ignore[no-any-return]
        items.append(item)
    checkpoint = {"media": items}
    body = render_status(outgoing, checkpoint)
    body = {name: value for name, value in body.items() if name not in ("visibility", "in_reply_to_id")}
    body["spoiler_text"] = body.get("spoiler_text", "")
    body["media_ids"] = [item["id"] for item in items]
    if items:
        body["media_attributes"] = [
            {"id": item["id"], "description": media.alt} for item, media in zip(items, outgoing.media, strict=True)
        ]
    answer = await call(session, "PUT", f"/api/v1/statuses/{ref.id}", json=body, irreversible=True)
    if isinstance(answer, Response):
        status = read_object(answer)
        return Changed(build_ref({"id": ref.id, "url": ref.url, **status}, outgoing, checkpoint))
    if is_missing(answer) and await _stands(ref, session) is True:
        return _unsupported(gettext_noop("This server cannot change a post through its interface for programs."))
    return answer


async def delete(ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
    """DELETE /api/v1/statuses/:id. What is already gone counts as deleted."""
    open_session(session)
    answer = await call(session, "DELETE", f"/api/v1/statuses/{ref.id}", irreversible=True)
    if isinstance(answer, Response):
        return Changed(None)
    if is_missing(answer):
        stands = await _stands(ref, session)
        if stands is False:
            return Changed(None)
        if stands is True:
            return _unsupported(gettext_noop("This server cannot delete a post through its interface for programs."))
    return answer


async def _stands(ref: RemoteRef, session: Session) -> bool | None:
    """Whether the status is there: some servers answer 404 to a method that they lack (snac2 2.75: DELETE)."""
    answer = await call(session, "GET", f"/api/v1/statuses/{ref.id}")
    if isinstance(answer, Response):
        return True
    return False if is_missing(answer) else None


def _unsupported(message: str) -> Rejected:
    fix = gettext_noop("Do it on the server's own page.")
    return Rejected(Problem("not_supported", message, "", fix, {"network": NETWORK}), fixable=False)
