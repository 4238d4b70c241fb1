"""Posts: write, read, check, and their history."""

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import AwareDatetime

from kaja.api.checks import CheckOut, check_out
from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.render import render_posts
from kaja.api.routers import actor_of, ok
from kaja.api.schemas import (
    PostIn,
    PostOut,
    PostPage,
    PostPatch,
    RevisionOut,
    RevisionPage,
    VariantIO,
)
from kaja.content import actions, queries
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post
from kaja.content.snapshot import VariantContent
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.media.item import MediaItem
from kaja.workspaces import policy

router = Router(tags=["posts"])


def render_one(post_id: UUID, *, deleted: bool = False) -> PostOut:
    """The post as the API shows it."""
    return render_posts([queries.get_post(post_id, deleted=deleted)])[0]


def _variants(given: dict[UUID, VariantIO]) -> dict[UUID, VariantContent]:
    return {channel: VariantContent(own.overrides, own.options) for channel, own in given.items()}


def _document(body: PostIn) -> Document:
    if body.document is not None and (body.text is not None or body.media):
        raise Refused(
            Problem(
                code="document_and_text",
                message=gettext_noop("The post has both a document and a text or media."),
                field="document",
                fix=gettext_noop("Send either the document, or text and media."),
            )
        )
    if body.document is not None:
        return body.document
    media = tuple(MediaItem(asset=asset) for asset in body.media)
    return Document(parts=(PartDocument(text=body.text or "", media=media),))


@router.get("", response=ok(PostPage), operation_id="listPosts")
def list_posts(
    request: HttpRequest,
    state: Literal["idea", "draft", "scheduled"] | None = None,
    channel: UUID | None = None,
    campaign: UUID | None = None,
    label: Annotated[str, Query(max_length=60)] = "",
    text: Annotated[str, Query(max_length=200)] = "",
    due_from: AwareDatetime | None = None,
    due_to: AwareDatetime | None = None,
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> PostPage:
    """Posts, newest first, in pages: pass `next_cursor` as `cursor` to go on."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.list_posts(
        queries.PostFilter(
            campaign=campaign,
            label=label,
            states=(state,) if state else (),
            channel=channel,
            text=text,
            due_from=due_from,
            due_to=due_to,
        ),
        cursor,
        limit,
    )
    return PostPage(items=render_posts(page.rows), next_cursor=page.next_cursor)


@router.post("", response=ok(PostOut, 201), operation_id="createPost")
def create_post(request: HttpRequest, body: PostIn) -> Status[PostOut]:
    """A new idea or draft. Schedule it with `POST /posts/{id}/schedule`."""
    post = actions.create_post(
        actor_of(request),
        _document(body),
        channels=[*dict.fromkeys([*body.channels, *body.variants])],
        variants=_variants(body.variants),
        due_at=body.due_at,
        campaign=body.campaign,
        labels=body.labels,
        state=body.state,
        post_id=body.id,
    )
    return Status(201, render_one(post.id))


@router.get("/{uuid:post_id}", response=ok(PostOut), operation_id="getPost")
def get_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """One post, with where each of its deliveries stands."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_one(post_id)


@router.patch("/{uuid:post_id}", response=ok(PostOut), operation_id="updatePost")
def update_post(request: HttpRequest, post_id: UUID, body: PostPatch) -> PostOut:
    """Change a post. When somebody saved it after `base_revision`, the answer is 409 with both versions."""
    given = body.model_fields_set
    changes = actions.Changes()
    if "document" in given and body.document is not None:
        changes["document"] = body.document
    if "channels" in given and body.channels is not None:
        changes["channels"] = body.channels
    if "variants" in given and body.variants is not None:
        changes["variants"] = _variants(body.variants)
    if "due_at" in given:
        changes["due_at"] = body.due_at
    if "campaign" in given:
        changes["campaign"] = body.campaign
    if "labels" in given and body.labels is not None:
        changes["labels"] = body.labels
    actions.update_post(actor_of(request), post_id, body.base_revision, changes)
    return render_one(post_id)


@router.delete("/{uuid:post_id}", response=ok(None, 204), operation_id="deletePost")
def delete_post(request: HttpRequest, post_id: UUID) -> Status[None]:
    """Put a post into the bin; `restore` brings it back. What stands on a network stays there."""
    actions.delete_post(actor_of(request), post_id)
    return Status(204, None)


@router.post("/{uuid:post_id}/restore", response=ok(PostOut), operation_id="restorePost")
def restore_post(request: HttpRequest, post_id: UUID) -> PostOut:
    """Bring a post back from the bin."""
    actions.restore_post(actor_of(request), post_id)
    return render_one(post_id)


@router.post("/{uuid:post_id}/duplicate", response=ok(PostOut, 201), operation_id="duplicatePost")
def duplicate_post(request: HttpRequest, post_id: UUID) -> Status[PostOut]:
    """A new draft with the same content."""
    return Status(201, render_one(actions.duplicate_post(actor_of(request), post_id).id))


@router.get("/{uuid:post_id}/check", response=ok(CheckOut), operation_id="checkPost")
def check_post(request: HttpRequest, post_id: UUID) -> CheckOut:
    """What is wrong or risky with the post on each of its channels: the same rules as when it is sent. With the
    fields that each of them has for what is chosen so far."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    post = queries.get_post(post_id)
    return check_out(queries.check_post(post), queries.list_active_variants(post))


@router.get("/{uuid:post_id}/revisions", response=ok(RevisionPage), operation_id="listRevisions")
def list_revisions(request: HttpRequest, post_id: UUID, cursor: Cursor = "", limit: Limit = LIMIT) -> RevisionPage:
    """The post's history, from its beginning."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = queries.page_revisions(queries.get_post(post_id), cursor, limit)
    return RevisionPage(items=[RevisionOut.from_orm(row) for row in page.rows], next_cursor=page.next_cursor)


@router.post("/{uuid:post_id}/revisions/{int:number}/restore", response=ok(PostOut), operation_id="restoreRevision")
def restore_revision(request: HttpRequest, post_id: UUID, number: int) -> PostOut:
    """Make an earlier revision the newest."""
    post: Post = actions.restore_revision(actor_of(request), post_id, number)
    return render_one(post.id)
