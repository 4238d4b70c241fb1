"""Making posts. The page or program may choose the id: the same id is the same post, however often it is sent."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.actions.posts import Changes, update_post
from kaja.content.actions.writing import next_position, write_content, write_labels, write_revision
from kaja.content.document import Document
from kaja.content.events import PostChanged
from kaja.content.models import Post, PostLabel, PostState, Revision, Variant
from kaja.content.options import settle_moments
from kaja.content.snapshot import (
    PostContent,
    VariantContent,
    content_of,
    render_content,
    render_document,
    summarize,
)
from kaja.kernel import events
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Conflict
from kaja.kernel.signals import notify_live
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.once import ID_TAKEN, find_made, insert_once


@transaction.atomic
def create_post(
    actor: Actor,
    document: Document,
    channels: Sequence[UUID] = (),
    options: Mapping[UUID, Mapping[str, Any]] | None = None,
    due_at: datetime | None = None,
    campaign: UUID | None = None,
    labels: Sequence[str] = (),
    state: str = PostState.DRAFT,
    variants: Mapping[UUID, VariantContent] | None = None,
    post_id: UUID | None = None,
    *,
    first: bool = False,
) -> Post:
    """A new idea or draft, `first` or last in its column of the board. `options` gives network fields by channel id;
    `variants` also gives what differs.

    Scheduling is a second step (`publishing`), so that a post with problems is kept as a draft and never lost.
    With the `post_id` of an earlier call its post is given; one that was made with other content is a Conflict.
    """
    policy.require(actor, policy.Permission.WRITE)
    checks.require_aware(due_at)
    if state not in (PostState.IDEA, PostState.DRAFT):
        raise ValueError("a post starts as an idea or a draft; scheduling is a step of its own")
    own = {c: VariantContent(options=dict((options or {}).get(c, {}))) for c in dict.fromkeys(channels)}
    own.update(variants or {})
    content = PostContent(document, settle_moments(own))
    post = find_made(Post, post_id)
    if post is None:
        made = _make(actor, content, state, due_at, campaign, labels, post_id, first=first)
        if made.is_new:
            return made.post
        post = made.post
    if not _began_with(post, content):
        raise Conflict(ID_TAKEN)
    return post


class _Made(NamedTuple):
    """A post, and whether this call made it."""

    post: Post
    is_new: bool


def _make(
    actor: Actor,
    content: PostContent,
    state: str,
    due_at: datetime | None,
    campaign: UUID | None,
    labels: Sequence[str],
    post_id: UUID | None,
    *,
    first: bool = False,
) -> _Made:
    checks.require_content(content)
    post = Post(
        id=post_id or new_id(),
        state=state,
        campaign=checks.get_campaign(campaign),
        owner_id=actor.user_id,
        created_by_id=actor.user_id,
        document=render_document(content.document),
        summary=summarize(content.document),
        position=next_position(state, first=first),
    )
    post.set_due(due_at)
    if (there := insert_once(post)) is not post:
        return _Made(there, False)
    write_content(post, content)
    write_revision(actor, post, content)
    write_labels(post, labels)
    audit.record(actor, "post.create", post, after={"state": state, "summary": post.summary, "revision": 1})
    events.publish(PostChanged(post.id, post.revision, frozenset({"content", "channels", "state"})))
    notify_live(post.workspace_id, "post", post.id)
    return _Made(post, True)


def _began_with(post: Post, content: PostContent) -> bool:
    """Whether the post was made with this content, or has it now (a burst of autosaves keeps no first version)."""
    wanted = render_content(content)
    first = Revision.objects.filter(post=post).order_by("number").first()
    if first is not None and first.snapshot == wanted:
        return True
    return render_content(content_of(post, Variant.objects.filter(post=post).order_by("id"))) == wanted


@transaction.atomic
def save_post(
    actor: Actor, post_id: UUID, base_revision: int | None, changes: Changes, *, coalesce: bool = False
) -> Post:
    """Save what an editor holds under the id that it chose: makes the post, or changes it where it is there already.

    An editor that never heard of a revision (the answer to its first save was lost) is up to date as long as nobody
    else saved; otherwise it gets an EditConflict like any stale one.
    """
    policy.require(actor, policy.Permission.WRITE)
    if base_revision is None:
        post = find_made(Post, post_id)
        if post is None:
            content = PostContent(changes["document"], settle_moments(changes["variants"]))
            campaign, labels = changes.get("campaign"), changes.get("labels", ())
            made = _make(actor, content, PostState.DRAFT, None, campaign, labels, post_id)
            if made.is_new:
                return made.post
        checks.lock_post(post_id)
        others = Revision.objects.filter(post_id=post_id).exclude(author_id=actor.user_id)
        base_revision = 0 if others.exists() else None
    return update_post(actor, post_id, base_revision, changes, coalesce=coalesce)


@transaction.atomic
def duplicate_post(actor: Actor, post_id: UUID, copy_id: UUID | None = None) -> Post:
    """A new draft with the same content, campaign and labels, without a time. Disconnected channels are left out.

    With the `copy_id` of an earlier call its copy is given.
    """
    policy.require(actor, policy.Permission.WRITE)
    post = checks.lock_post(post_id)
    if (copy := find_made(Post, copy_id)) is not None:
        if str(post.id) != copied_from(copy):
            raise Conflict(ID_TAKEN)
        return copy
    rows = list(Variant.objects.select_related("channel").filter(post=post, removed_at__isnull=True).order_by("id"))
    content = content_of(post, [v for v in rows if v.channel.disconnected_at is None])
    names = PostLabel.objects.filter(post=post).values_list("label__name", flat=True)
    made = _make(actor, content, PostState.DRAFT, None, post.campaign_id, list(names), copy_id)
    if not made.is_new:
        raise Conflict(ID_TAKEN)  # the locked post held back every other copy of it, so this is something else
    audit.record(actor, "post.duplicate", made.post, after={"from": str(post.id)})
    return made.post


def copied_from(post: Post) -> str:
    """The id of the post that this one is a copy of; empty for any other."""
    return str(audit.find_after(post, "post.duplicate").get("from", ""))
