"""Editing and deleting what was published."""

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, changing
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import Changed, ChangeResult, Rejected, RemoteRef
from kaja.networks.mastodon.api import NETWORK, REST
from kaja.networks.mastodon.files import FILES
from kaja.networks.mastodon.statuses import build_ref, render_status


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    """PUT /api/v1/statuses/:id. Files that are new go up first; descriptions of the others change with the post."""
    there = {key: str(number) for key, number in (ref.data.get("media") or {}).items()}
    media = await FILES.fill(outgoing.media, there, facts, session)
    ids = [item["id"] for item in media.values()]
    body = render_status(outgoing, media)
    body = {name: value for name, value in body.items() if name not in ("visibility", "in_reply_to_id")}
    body |= {"spoiler_text": body.get("spoiler_text", ""), "media_ids": ids}
    if ids:
        described = zip(ids, outgoing.media, strict=True)
        body["media_attributes"] = [{"id": number, "description": item.alt} for number, item in described]
    try:
        answer = await REST.call(session, "PUT", f"/api/v1/statuses/{ref.id}", json=body, irreversible=True)
    except Failed as failed:
        if failed.gone and await _stands(ref, session):
            return _unsupported(gettext_noop("This server cannot change a post through its interface for programs."))
        raise
    return Changed(build_ref({"id": ref.id, "url": ref.url, **read_object(answer)}, media))


@changing
async def delete(ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
    """DELETE /api/v1/statuses/:id. What is already gone counts as deleted."""
    try:
        await REST.call(session, "DELETE", f"/api/v1/statuses/{ref.id}", irreversible=True)
    except Failed as failed:
        if not failed.gone:
            raise
        stands = await _stands(ref, session)
        if stands is None:
            raise
        if stands:
            return _unsupported(gettext_noop("This server cannot delete a post through its interface for programs."))
    return Changed(None)


async def _stands(ref: RemoteRef, session: Session) -> bool | None:
    """Whether the status is there: some servers answer 404 to a method that they lack (snac2 2.75: DELETE)."""
    try:
        await REST.call(session, "GET", f"/api/v1/statuses/{ref.id}")
    except Failed as failed:
        return False if failed.gone else None
    return True


def _unsupported(message: str) -> Rejected:
    fix = gettext_noop("Do it on the server's own page.")
    return Rejected(Problem("not_supported", message, "", fix, {"network": NETWORK}), fixable=False)
