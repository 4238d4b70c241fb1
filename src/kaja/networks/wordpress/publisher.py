"""Publishing an article: everything goes into a draft first; the call that counts only makes the draft public.

So the irreversible call is idempotent by nature: publishing a published post changes nothing. The draft carries a slug
made from the delivery's key and is found again by it. docs/decisions/ says why.
"""

from datetime import UTC, datetime

from kaja.networks.kit.answers import read_list, read_object
from kaja.networks.kit.connector import Stage
from kaja.networks.kit.content import Kind, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_terms, read_text
from kaja.networks.kit.guards import Failed, looking
from kaja.networks.kit.http import Session
from kaja.networks.kit.newest import look_at_noted
from kaja.networks.kit.outcome import file_again, file_gone
from kaja.networks.kit.results import (
    AbsentAsOf,
    Checkpoint,
    Reconciliation,
    Rejected,
    Sent,
    StageResult,
)
from kaja.networks.kit.steps import UPLOADS, Sending, list_uploads, list_used, make_run, upload_one
from kaja.networks.kit.uploads import list_keys
from kaja.networks.wordpress import comments
from kaja.networks.wordpress.api import NETWORK, REST
from kaja.networks.wordpress.articles import build_ref, render_article, upload
from kaja.networks.wordpress.info import WORDS
from kaja.networks.wordpress.lookup import find_post, list_recent
from kaja.networks.wordpress.terms import TAXONOMIES, find_terms

__all__ = ["find_delivery", "find_post", "kinds", "list_recent", "run", "stages"]

TERMS, DRAFT, PUBLISH, COMMENT = "terms", "draft", "publish", "comment"
POSTS = "/wp/v2/posts"

kinds: frozenset[Kind] = frozenset({"post", "comment", "reply"})


def stages(outgoing: Outgoing, facts: Facts) -> tuple[Stage, ...]:
    """A comment is one call; an article is files, terms, a draft, and its publication."""
    if outgoing.kind != "post":
        return (Stage(COMMENT, irreversible=True),)
    terms = [Stage(TERMS)] if any(read_terms(outgoing.options, name) for name in TAXONOMIES) else []
    # Nothing ahead: a file in the library has a public address, and a public page, before any article shows it.
    return (*list_uploads(outgoing, ahead=False), *terms, Stage(DRAFT), Stage(PUBLISH, irreversible=True))


async def _upload(sending: Sending) -> StageResult:
    return await upload_one(sending, lambda media, key: upload(media, sending.session))


async def _find_terms(sending: Sending) -> StageResult:
    return sending.note(terms=await find_terms(sending.outgoing.options, sending.session))


async def _save_draft(sending: Sending) -> StageResult:
    """Make the draft, or find the one that an earlier attempt made and bring it up to date."""
    marker, session = f"kaja-{sending.outgoing.key}", sending.session
    params = {"slug": marker, "status": "draft", "_fields": "id,status"}
    earlier = read_list(await REST.call(session, "GET", POSTS, params=params))
    body = render_article(sending.outgoing, sending.uploaded, sending.checkpoint.get("terms", {}))
    body |= {"status": "draft", "slug": marker}
    route = f"{POSTS}/{int(earlier[0]['id'])}" if earlier else POSTS
    draft = read_object(await REST.call(session, "POST", route, json=body), "id")
    if (lost := await _first_lost_file(sending)) is not None:
        return sending.begin_again(f"{UPLOADS}-{lost}", file_again(NETWORK), file_gone(NETWORK))
    return sending.note(post_id=int(draft["id"]))


async def _first_lost_file(sending: Sending) -> int | None:
    """The first file that is no longer in the site's library. WordPress takes an article without a word about that
    (handle_featured_media, 6.8), and its readers would see a hole."""
    ids = [int(sending.uploaded[key]["id"]) for key in list_keys(sending.outgoing.media)]
    if not ids:
        return None
    params = {"include": ",".join(map(str, ids)), "per_page": 100, "_fields": "id"}
    try:
        listed = read_list(await REST.call(sending.session, "GET", "/wp/v2/media", params=params))
    except Failed:
        return None  # a site that does not list its library says nothing about it
    present = {entry.get("id") for entry in listed}
    return next((index for index, number in enumerate(ids) if number not in present), None)


async def _publish(sending: Sending) -> StageResult:
    """The irreversible call, alone in its function. An empty slug lets WordPress make one from the title."""
    body = {"status": "publish", "slug": read_text(sending.outgoing.options, "slug")}
    route = f"{POSTS}/{sending.checkpoint['post_id']}"
    try:
        answer = await REST.call(sending.session, "POST", route, json=body, irreversible=True)
    except Failed as failed:
        if not failed.gone:
            raise
        gone = WORDS.problem("draft_gone")
        return sending.begin_again(DRAFT, gone, gone, without=("post_id",))
    post = read_object(answer, "id", "status")
    if post["status"] != "publish":
        return Rejected(WORDS.problem("not_public", status=str(post["status"])))
    return Sent(build_ref(post, list_used(sending.outgoing, sending.checkpoint)))


run = make_run(
    {UPLOADS: _upload, TERMS: _find_terms, DRAFT: _save_draft, PUBLISH: _publish, COMMENT: comments.comment}, stages
)


@looking
async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    """Look at the draft by its id: it is public or it is not. A comment is looked for by its words."""
    if outgoing.kind != "post":
        return await comments.find_comment(outgoing, facts, session)
    if "post_id" not in checkpoint:
        return AbsentAsOf(datetime.now(UTC))  # no draft was noted, so nothing can have become public
    return await look_at_noted(
        REST.fetch(session, f"{POSTS}/{checkpoint['post_id']}", "id", "status", context="edit"),
        is_public=lambda post: post["status"] == "publish",
        ref_of=lambda post: build_ref(post, list_used(outgoing, checkpoint)),
    )
