"""Changing and deleting what was published. Both may be repeated without harm."""

from kaja.networks.kit.answers import read_object
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_text
from kaja.networks.kit.guards import Failed, changing, removing
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import Changed, ChangeResult, Rejected, RemoteRef
from kaja.networks.kit.steps import upload_missing
from kaja.networks.kit.uploads import list_keys
from kaja.networks.wordpress.api import REST
from kaja.networks.wordpress.articles import build_ref, render_article, upload
from kaja.networks.wordpress.comments import edit_comment
from kaja.networks.wordpress.info import WORDS
from kaja.networks.wordpress.terms import find_terms


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    """Write the article anew. Its address changes only when a slug is given; an earlier version stays as a revision."""
    if ref.data.get("type") == "comment":
        return Changed(await edit_comment(ref, outgoing.text, session))
    there = ref.data.get("media") or {}
    media = await upload_missing(outgoing.media, there, lambda item, _: upload(item, session))
    for key, item in zip(list_keys(outgoing.media), outgoing.media, strict=True):
        if key in there:
            await _describe_again(int(there[key]["id"]), item.alt, session)
    article = render_article(outgoing, media, await find_terms(outgoing.options, session))
    if slug := read_text(outgoing.options, "slug"):
        article["slug"] = slug
    answer = await REST.call(session, "POST", f"/wp/v2/posts/{ref.id}", json=article, irreversible=True)
    return Changed(build_ref(read_object(answer, "id"), media))


async def _describe_again(number: int, alt: str, session: Session) -> None:
    try:
        await REST.call(session, "POST", f"/wp/v2/media/{number}", json={"alt_text": alt})
    except Failed as failed:
        if not failed.gone:
            raise


@removing
async def delete(ref: RemoteRef, facts: Facts, session: Session) -> None:
    """Move it to the site's trash, where it can be restored for 30 days."""
    kind = "comments" if ref.data.get("type") == "comment" else "posts"
    answer = await REST.ask(session, "DELETE", f"/wp/v2/{kind}/{ref.id}", irreversible=True)
    if getattr(answer, "status", 0) == 501:
        raise Failed(Rejected(WORDS.problem("no_trash"), fixable=False))
    REST.read(answer, irreversible=True)
