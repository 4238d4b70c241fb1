"""Changing and deleting what was published. Both may be repeated without harm."""

from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.guards import changing
from kaja.networks.kit.http import Response, Session
from kaja.networks.kit.results import Changed, ChangeResult, Rejected, RemoteRef, Unknown
from kaja.networks.kit.uploads import list_keys
from kaja.networks.wordpress.api import call, is_missing, open_session
from kaja.networks.wordpress.blocks import render_comment
from kaja.networks.wordpress.delivery import build_comment_ref, build_ref, find_terms, render_article, upload
from kaja.networks.wordpress.rules import read_text


@changing
async def edit(ref: RemoteRef, outgoing: Outgoing, facts: Facts, session: Session) -> ChangeResult:
    """Write the article anew. Its address changes only when a slug is given; an earlier version stays as a revision."""
    open_session(session)
    return await _edit(ref, outgoing, session)


async def _edit(ref: RemoteRef, outgoing: Outgoing, session: Session) -> ChangeResult:
    if ref.data.get("type") == "comment":
        answer = await call(
            session,
            "POST",
            f"/wp/v2/comments/{ref.id}",
            json={"content": {"raw": render_comment(outgoing.text)}},
            irreversible=True,
        )
        return Changed(build_comment_ref(read_object(answer, "id"))) if isinstance(answer, Response) else answer
    media: dict[str, Any] = dict(ref.data.get("media") or {})
    for key, item in zip(list_keys(outgoing.media), outgoing.media, strict=True):
        if key not in media:
            uploaded = await upload(item, session)
            if not isinstance(uploaded, dict):
                return uploaded
            media[key] = uploaded
        else:
            described = await call(session, "POST", f"/wp/v2/media/{media[key]['id']}", json={"alt_text": item.alt})
            if not isinstance(described, Response) and not is_missing(described):
                return described
    terms = await find_terms(outgoing.options, session)
    if not isinstance(terms, dict):
        return terms
    article = render_article(outgoing, media, terms)
    if not article["categories"]:
        del article["categories"]  # an empty list would take the site's default category away
    if slug := read_text(outgoing.options, "slug"):
        article["slug"] = slug
    answer = await call(session, "POST", f"/wp/v2/posts/{ref.id}", json=article, irreversible=True)
    if not isinstance(answer, Response):
        return answer
    return Changed(build_ref(read_object(answer, "id"), outgoing, {"media": media}))


async def delete(ref: RemoteRef, facts: Facts, session: Session) -> ChangeResult:
    """Move it to the site's trash, where it can be restored for 30 days. What is already gone counts as deleted."""
    open_session(session)
    kind = "comments" if ref.data.get("type") == "comment" else "posts"
    answer = await call(session, "DELETE", f"/wp/v2/{kind}/{ref.id}", irreversible=True)
    if isinstance(answer, Response) or is_missing(answer):
        return Changed(None)
    if isinstance(answer, Unknown) and answer.reason.params.get("status") == 501:
        return Rejected(
            Problem(
                "no_trash",
                gettext_noop("This site has no trash, and Kaja does not delete for good."),
                "",
                gettext_noop("Delete it on the site itself."),
            ),
            fixable=False,
        )
    return answer
