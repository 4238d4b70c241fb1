"""Publishing an article: everything goes into a draft first; the call that counts only makes the draft public.

So the irreversible call is idempotent by nature: publishing a published post changes nothing. The draft carries a slug
made from the delivery's key and is found again by it. docs/decisions/ says why.
"""

import asyncio
import html
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.answers import read_list, read_mapping, read_object
from kaja.networks.kit.connector import Facts, Stage
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.guards import problem_of
from kaja.networks.kit.http import Response, Session, TransportError
from kaja.networks.kit.media import ImageRefused, ImageRules, fit_image
from kaja.networks.kit.outcome import SOON, Failure, classify, file_again, file_gone, refused_problem, wait_of
from kaja.networks.kit.results import (
    AbsentAsOf,
    CannotTell,
    Checkpoint,
    Found,
    Later,
    Next,
    Reconciliation,
    Rejected,
    RemoteRef,
    Restart,
    Sent,
    StageResult,
)
from kaja.networks.kit.uploads import list_keys, name_upload
from kaja.networks.kit.wire import FileBody
from kaja.networks.wordpress.api import NETWORK, call, is_missing, open_session, reject
from kaja.networks.wordpress.blocks import Attachment, render_blocks, render_comment
from kaja.networks.wordpress.literal import keep_entities, keep_smileys
from kaja.networks.wordpress.rules import MAX_SIDE, read_terms, read_text, wants_featured

MEDIA = "media-"
TERMS = "terms"
DRAFT = "draft"
PUBLISH = "publish"
COMMENT = "comment"
UPLOAD_SECONDS = 300.0
AGAIN = 2
"""How often what the site has lost is made anew."""
PICTURE = ImageRules(max_bytes=8 * 1024 * 1024, max_side=MAX_SIDE)


def list_stages(outgoing: Outgoing) -> tuple[Stage, ...]:
    """A comment is one call; an article is files, terms, a draft, and its publication."""
    if outgoing.kind == "comment":
        return (Stage(COMMENT, irreversible=True),)
    # Nothing ahead: a file in the library has a public address, and a public page, before any article shows it.
    uploads = [Stage(f"{MEDIA}{index}") for index in range(len(outgoing.media))]
    terms = [Stage(TERMS)] if read_terms(outgoing.options, "categories") or read_terms(outgoing.options, "tags") else []
    return (*uploads, *terms, Stage(DRAFT), Stage(PUBLISH, irreversible=True))


async def run_stage(
    stage: str, outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session
) -> StageResult:
    """Run one stage. Raises TransportError for an answer that cannot be read."""
    open_session(session)
    if stage.startswith(MEDIA):
        return await _upload_one(outgoing, int(stage.removeprefix(MEDIA)), checkpoint, session)
    if stage == TERMS:
        return await _find_terms(outgoing, checkpoint, session)
    if stage == DRAFT:
        return await _save_draft(outgoing, checkpoint, session)
    if stage == PUBLISH:
        return await _publish(outgoing, checkpoint, session)
    if stage == COMMENT:
        return await _comment(outgoing, facts, session)
    raise ValueError(stage)


async def _upload_one(outgoing: Outgoing, index: int, checkpoint: Checkpoint, session: Session) -> StageResult:
    uploaded = await upload(outgoing.media[index], session)
    if not isinstance(uploaded, dict):
        return uploaded
    key = list_keys(outgoing.media)[index]
    return Next({**checkpoint, "media": {**checkpoint.get("media", {}), key: uploaded}})


def marker(outgoing: Outgoing) -> str:
    """The slug that the draft has until it is published."""
    return f"kaja-{outgoing.key}"


async def upload(media: Media, session: Session) -> dict[str, Any] | Failure:
    """Send one file with its description to the media library; gives its id and address."""
    try:
        name, content, mime = await asyncio.to_thread(_open, media)
    except ImageRefused as refused:
        return refused.as_result("parts.0.media")
    answer = await call(
        session,
        "POST",
        "/wp/v2/media",
        files={"file": (name, content, mime)},
        data=_describe(media),
        timeout=UPLOAD_SECONDS,
    )
    if not isinstance(answer, Response):
        return answer
    remote = read_object(answer, "id", "source_url")
    return {"id": int(remote["id"]), "url": str(remote["source_url"])}


def _describe(media: Media) -> dict[str, str]:
    """The title is what the library of the site shows instead of the file's name."""
    title = {"title[raw]": media.filename.rpartition(".")[0][:200]} if media.filename else {}
    return title | ({"alt_text": media.alt} if media.alt.strip() else {})


def _open(media: Media) -> tuple[str, bytes | FileBody, str]:
    if media.kind == "video":
        return name_upload(media, media.mime), FileBody(media.open, media.size), media.mime
    content, mime = media.read(), media.mime
    if media.kind == "image":
        fitted = fit_image(content, PICTURE)
        content, mime = fitted.content, fitted.mime
    # The type is judged by the name's ending (wp_check_filetype), so that has to agree with the content.
    return name_upload(media, mime), content, mime


async def find_terms(options: Mapping[str, Any], session: Session) -> dict[str, list[int]] | Failure:
    """Ids of the wanted categories and tags; what the site lacks is made."""
    found: dict[str, list[int]] = {}
    for taxonomy in ("categories", "tags"):
        ids = []
        for name in read_terms(options, taxonomy):
            outcome = await _find_term(taxonomy, name, session)
            if not isinstance(outcome, int):
                return outcome
            ids.append(outcome)
        found[taxonomy] = ids
    return found


async def _find_term(taxonomy: str, name: str, session: Session) -> int | Failure:
    route = f"/wp/v2/{taxonomy}"
    answer = await call(session, "GET", route, params={"search": name, "per_page": 100, "_fields": "id,name"})
    if not isinstance(answer, Response):
        return answer
    for term in read_list(answer):
        if html.unescape(str(term.get("name"))).casefold() == name.casefold():
            return int(term["id"])
    try:
        made = await session.request("POST", f"{session.base_url.rstrip('/')}{route}", json={"name": name})
    except TransportError as error:
        return Later(SOON, error.problem)
    body = made.json_object()
    if body.get("code") == "term_exists":  # made meanwhile, or spelled otherwise: the answer names it
        return int(read_mapping(body.get("data"))["term_id"])
    if made.ok:
        return int(body["id"])
    if made.status in (401, 403):
        return Rejected(
            Problem(
                "term_unknown",
                gettext_noop("The site has no category or tag “%(term)s”, and the account may not make one."),
                f"options.{taxonomy}",
                gettext_noop("Choose one that the site has, or have an editor add it."),
                {"term": name},
            )
        )
    failure = classify(made, network=NETWORK, reject=reject, irreversible=False)
    if isinstance(failure, Later):
        return failure
    return Rejected(replace(refused_problem(NETWORK, str(body.get("message"))), field=f"options.{taxonomy}"))


async def _find_terms(outgoing: Outgoing, checkpoint: Checkpoint, session: Session) -> StageResult:
    found = await find_terms(outgoing.options, session)
    if not isinstance(found, dict):
        return found
    return Next({**checkpoint, "terms": found})


def render_article(outgoing: Outgoing, media: Mapping[str, Any], terms: Mapping[str, list[int]]) -> dict[str, Any]:
    """Title, content, excerpt, terms and featured image, as POST /wp/v2/posts takes them."""
    attachments = [
        Attachment(media[key]["id"], media[key]["url"], item.kind, item.alt)
        for key, item in zip(list_keys(outgoing.media), outgoing.media, strict=True)
    ]
    featured = 0
    if attachments and attachments[0].kind == "image" and wants_featured(outgoing.options):
        featured = attachments.pop(0).id  # themes show it above the text: it does not stand there twice
    return {
        # Both fields take HTML, and what people type here is text; the rest is escaped by WordPress when it is shown.
        "title": {"raw": keep_entities(read_text(outgoing.options, "title"))},
        "content": {"raw": render_blocks(outgoing.text, attachments)},
        "excerpt": {"raw": keep_smileys(keep_entities(read_text(outgoing.options, "excerpt")))},
        "categories": list(terms.get("categories", [])),
        "tags": list(terms.get("tags", [])),
        "featured_media": featured,
    }


async def _save_draft(outgoing: Outgoing, checkpoint: Checkpoint, session: Session) -> StageResult:
    """Make the draft, or find the one that an earlier attempt made and bring it up to date."""
    found = await call(
        session, "GET", "/wp/v2/posts", params={"slug": marker(outgoing), "status": "draft", "_fields": "id,status"}
    )
    if not isinstance(found, Response):
        return found
    earlier = read_list(found)
    body = render_article(outgoing, checkpoint.get("media", {}), checkpoint.get("terms", {}))
    body |= {"status": "draft", "slug": marker(outgoing)}
    if not body["categories"]:
        del body["categories"]  # an empty list would take the site's default category away
    route = f"/wp/v2/posts/{int(earlier[0]['id'])}" if earlier else "/wp/v2/posts"
    answer = await call(session, "POST", route, json=body)
    if not isinstance(answer, Response):
        return answer
    if (lost := await _first_lost_file(outgoing, checkpoint, session)) is not None:
        again = int(checkpoint.get("again", 0)) + 1
        if again > AGAIN:
            return Rejected(file_gone(NETWORK))
        return Restart(f"{MEDIA}{lost}", {**checkpoint, "again": again}, file_again(NETWORK))
    return Next({**checkpoint, "post_id": int(read_object(answer, "id")["id"])})


async def _first_lost_file(outgoing: Outgoing, checkpoint: Checkpoint, session: Session) -> int | None:
    """The first file that is no longer in the site's library. WordPress takes an article without a word about that
    (handle_featured_media, 6.8), and its readers would see a hole."""
    media = checkpoint.get("media", {})
    ids = [int(media[key]["id"]) for key in list_keys(outgoing.media)]
    if not ids:
        return None
    params = {"include": ",".join(map(str, ids)), "per_page": 100, "_fields": "id"}
    answer = await call(session, "GET", "/wp/v2/media", params=params)
    if not isinstance(answer, Response):
        return None  # a site that does not list its library says nothing about it
    present = {entry.get("id") for entry in read_list(answer)}
    return next((index for index, number in enumerate(ids) if number not in present), None)


async def _publish(outgoing: Outgoing, checkpoint: Checkpoint, session: Session) -> StageResult:
    """The irreversible call, alone in its function. An empty slug lets WordPress make one from the title."""
    answer = await call(
        session,
        "POST",
        f"/wp/v2/posts/{checkpoint['post_id']}",
        json={"status": "publish", "slug": read_text(outgoing.options, "slug")},
        irreversible=True,
    )
    if is_missing(answer):
        return _draft_gone(checkpoint)
    if not isinstance(answer, Response):
        return answer
    post = read_object(answer, "id", "status")
    if post["status"] != "publish":
        return Rejected(
            Problem(
                "not_public",
                gettext_noop("The site kept the article as “%(status)s” instead of publishing it."),
                "",
                gettext_noop("Publish it on the site, or look for a plugin that holds articles back."),
                {"status": str(post["status"])},
            )
        )
    return Sent(build_ref(post, outgoing, checkpoint))


def _draft_gone(checkpoint: Checkpoint) -> StageResult:
    """Somebody deleted the draft before it was public: a new one is made; twice in vain is told."""
    again = int(checkpoint.get("again", 0)) + 1
    reason = Problem(
        "draft_gone",
        gettext_noop("The draft that Kaja had made on the site was deleted there before it was published."),
        "",
        gettext_noop("Look who or what deletes drafts on the site; then send the post again."),
    )
    if again > AGAIN:
        return Rejected(reason)
    kept = {name: value for name, value in checkpoint.items() if name != "post_id"}
    return Restart(DRAFT, {**kept, "again": again}, reason)


def build_ref(post: Mapping[str, Any], outgoing: Outgoing, checkpoint: Checkpoint) -> RemoteRef:
    """The published article. `data` keeps the files' ids and addresses, which a later edit writes again."""
    media = checkpoint.get("media", {})
    kept = {key: media[key] for key in list_keys(outgoing.media) if key in media}
    return RemoteRef(str(post["id"]), str(post.get("link") or ""), {"type": "post", "media": kept})


def build_comment_ref(comment: Mapping[str, Any]) -> RemoteRef:
    return RemoteRef(str(comment["id"]), str(comment.get("link") or ""), {"type": "comment"})


async def _comment(outgoing: Outgoing, facts: Facts, session: Session) -> StageResult:
    """A comment by the account itself: looked for first, and WordPress refuses a second one with the same words."""
    if outgoing.root is None:
        raise ValueError("a comment without an article")
    earlier = await find_comment(outgoing, facts, session)
    if isinstance(earlier, Found):
        return Sent(earlier.ref)
    body: dict[str, Any] = {"post": int(outgoing.root.id), "content": {"raw": render_comment(outgoing.text)}}
    if outgoing.reply_to is not None and outgoing.reply_to.data.get("type") == "comment":
        body["parent"] = int(outgoing.reply_to.id)
    answer = await call(session, "POST", "/wp/v2/comments", json=body, irreversible=True)
    if isinstance(answer, Rejected) and answer.problem.code == "duplicate_comment":
        found = await find_comment(outgoing, facts, session)
        return Sent(found.ref) if isinstance(found, Found) else answer
    if not isinstance(answer, Response):
        return answer
    return Sent(build_comment_ref(read_object(answer, "id")))


async def find_delivery(outgoing: Outgoing, checkpoint: Checkpoint, facts: Facts, session: Session) -> Reconciliation:
    """Look at the draft by its id: it is public or it is not."""
    open_session(session)
    if outgoing.kind == "comment":
        return await find_comment(outgoing, facts, session)
    return await _find_article(outgoing, checkpoint, session)


async def _find_article(outgoing: Outgoing, checkpoint: Checkpoint, session: Session) -> Reconciliation:
    looked_at = datetime.now(UTC)
    if "post_id" not in checkpoint:
        return AbsentAsOf(looked_at)  # no draft was noted, so nothing can have become public
    answer = await call(session, "GET", f"/wp/v2/posts/{checkpoint['post_id']}", params={"context": "edit"})
    if is_missing(answer):
        return AbsentAsOf(looked_at)
    if not isinstance(answer, Response):
        return CannotTell(problem_of(answer), after=wait_of(answer))
    post = read_object(answer, "id", "status")
    return Found(build_ref(post, outgoing, checkpoint)) if post["status"] == "publish" else AbsentAsOf(looked_at)


async def find_comment(outgoing: Outgoing, facts: Facts, session: Session) -> Reconciliation:
    """The account's comment with these words under the article that no other delivery made."""
    looked_at = datetime.now(UTC)
    if outgoing.root is None:
        return AbsentAsOf(looked_at)
    params = {"post": outgoing.root.id, "author": facts.limits["user_id"], "per_page": 100, "order": "desc"}
    answer = await call(session, "GET", "/wp/v2/comments", params=params)
    if not isinstance(answer, Response):
        return CannotTell(problem_of(answer), after=wait_of(answer))
    wanted = _words(render_comment(outgoing.text))
    for comment in reversed(read_list(answer)):  # ours came first
        ref = build_comment_ref(comment)
        same = _words(str(read_mapping(comment.get("content")).get("rendered") or "")) == wanted
        if same and not outgoing.is_of_another(ref):
            return Found(ref)
    return AbsentAsOf(looked_at)


def _words(fragment: str) -> str:
    """Letters and digits only: WordPress turns quotes and dashes typographic when it renders (wptexturize)."""
    return "".join(char for char in html.unescape(re.sub(r"<[^>]*>", "", fragment)).casefold() if char.isalnum())
