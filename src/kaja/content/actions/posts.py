"""Making, changing and removing posts."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.document import Document
from kaja.content.errors import EditConflict
from kaja.content.events import PostChanged, PostDeleted, PostRestored
from kaja.content.models import Post, PostLabel, PostState, Revision, Variant
from kaja.content.snapshot import (
    PostContent,
    VariantContent,
    content_of,
    parse_content,
    render_content,
    render_document,
    render_overrides,
    summarize,
)
from kaja.kernel import clock, events
from kaja.kernel.signals import notify_live
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.errors import NotFound, Refused

COALESCE = timedelta(minutes=5)
"""Autosaves of one author within this time of each other's first become one revision of the history."""


class Changes(TypedDict, total=False):
    """What an edit changes; an absent key stays as it is.

    `channels` is the whole list of channel ids; `variants` gives, by channel id, what a channel has of its own and
    touches only the channels that it names. `labels` are names, `campaign` and `owner` are ids or None.
    """

    document: Document
    channels: Sequence[UUID]
    variants: Mapping[UUID, VariantContent]
    due_at: datetime | None
    campaign: UUID | None
    labels: Sequence[str]
    owner: UUID | None


def _write_content(post: Post, content: PostContent) -> None:
    """Bring the rows to `content`. Variants are marked removed, never deleted: deliveries may point to them."""
    rows = {v.channel_id: v for v in Variant.objects.filter(post=post)}
    for channel_id, own in content.variants.items():
        overrides, options = render_overrides(own.overrides), dict(own.options)
        row = rows.get(channel_id)
        if row is None:
            Variant.objects.create(post=post, channel_id=channel_id, overrides=overrides, options=options)
        elif row.removed_at is not None or row.overrides != overrides or row.options != options:
            row.removed_at, row.overrides, row.options = None, overrides, options
            row.save(update_fields=["removed_at", "overrides", "options"])
    for channel_id, row in rows.items():
        if channel_id not in content.variants and row.removed_at is None:
            row.removed_at = clock.now()
            row.save(update_fields=["removed_at"])
    post.document = render_document(content.document)
    post.summary = summarize(content.document)


def _write_revision(actor: Actor, post: Post, content: PostContent, *, coalesce: bool = False) -> None:
    snapshot = render_content(content)
    if coalesce and post.state != PostState.SCHEDULED:
        # Deliveries name the revision that they send, so what was ever scheduled keeps each of its numbers.
        last = Revision.objects.filter(post=post).order_by("-number").first()
        if (
            last is not None
            and last.autosaved
            and last.author_id == actor.user_id
            and clock.now() - last.created_at < COALESCE
        ):
            last.number, last.snapshot = post.revision, snapshot
            last.save(update_fields=["number", "snapshot", "updated_at"])
            return
    Revision.objects.create(
        post=post,
        number=post.revision,
        snapshot=snapshot,
        author_id=actor.user_id,
        author_name=actor.name[:150],
        autosaved=coalesce,
    )


def _write_labels(post: Post, names: Iterable[str]) -> bool:
    """Set the labels; True when something changed."""
    wanted = {label.id for label in checks.labels_named(names)}
    present = {pl.label_id: pl for pl in PostLabel.objects.filter(post=post)}
    for label_id in wanted - present.keys():
        PostLabel.objects.create(post=post, label_id=label_id)
    for label_id in present.keys() - wanted:
        present[label_id].delete()
    return wanted != present.keys()


def _next_position(state: str) -> float:
    last = Post.objects.filter(state=state, deleted_at__isnull=True).order_by("-position").first()
    return (last.position if last else 0) + 1


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
) -> Post:
    """A new idea or draft. `options` gives network fields by channel id; `variants` also gives what differs.

    Scheduling is a second step (`publishing`), so that a post with problems is kept as a draft and never lost.
    """
    policy.require(actor, policy.Permission.WRITE)
    checks.require_aware(due_at)
    if state not in (PostState.IDEA, PostState.DRAFT):
        raise ValueError("a post starts as an idea or a draft; scheduling is a step of its own")
    own = {c: VariantContent(options=dict((options or {}).get(c, {}))) for c in dict.fromkeys(channels)}
    own.update(variants or {})
    content = PostContent(document, own)
    checks.require_content(content)
    post = Post(
        state=state,
        due_at=due_at,
        campaign=checks.get_campaign(campaign),
        owner_id=actor.user_id,
        created_by_id=actor.user_id,
        document=render_document(document),
        summary=summarize(document),
        position=_next_position(state),
    )
    post.save()
    _write_content(post, content)
    _write_revision(actor, post, content)
    _write_labels(post, labels)
    audit.record(actor, "post.create", post, after={"state": state, "summary": post.summary, "revision": 1})
    events.publish(PostChanged(post.id, post.revision, frozenset({"content", "channels", "state"})))
    notify_live(post.workspace_id, "post", post.id)
    return post


def _merged(content: PostContent, changes: Changes) -> PostContent:
    variants = dict(content.variants)
    if "channels" in changes:
        variants = {c: variants.get(c, VariantContent()) for c in dict.fromkeys(changes["channels"])}
    for channel_id, own in changes.get("variants", {}).items():
        if channel_id not in variants:
            raise NotFound(
                Problem(
                    code="variant_not_found",
                    message=gettext_noop("The post does not go to this channel."),
                    field="channels",
                    fix=gettext_noop("Add the channel to the post first."),
                )
            )
        variants[channel_id] = own
    return PostContent(changes.get("document", content.document), variants)


def _refuse_stale(post: Post, base_revision: int, theirs: PostContent, yours: PostContent) -> None:
    last = Revision.objects.filter(post=post).order_by("-number").first()
    author = last.author_name if last else ""
    raise EditConflict(
        Problem(
            code="post_changed_meanwhile",
            message=gettext_noop("%(author)s saved this post while you were editing it; yours is not saved yet."),
            fix=gettext_noop("Compare the two versions, then keep yours, take theirs, or put them together."),
            params={"author": author or "?", "base_revision": base_revision, "revision": post.revision},
        ),
        theirs,
        yours,
        post.revision,
        author,
    )


@transaction.atomic
def update_post(
    actor: Actor, post_id: UUID, base_revision: int | None, changes: Changes, *, coalesce: bool = False
) -> Post:
    """Save an edit. `base_revision` is the revision that the editor saw; a stale one raises EditConflict when the
    content would differ from what stands there now. None skips the guard (a move in the calendar, a script).

    Only content (document, channels, what channels have of their own) counts as a new revision.
    """
    post = checks.lock_post(post_id)
    checks.require_write(actor, post)
    before = content_of(post, Variant.objects.filter(post=post).order_by("id"))
    after = _merged(before, changes)
    changed: set[str] = set()
    if after != before:
        if base_revision is not None and base_revision != post.revision:
            _refuse_stale(post, base_revision, before, after)
        checks.require_content(after, already=before.variants.keys())
        changed.add("content")
        if before.variants.keys() != after.variants.keys():
            changed.add("channels")
    if "due_at" in changes and changes["due_at"] != post.due_at:
        checks.require_aware(changes["due_at"])
        if post.state == PostState.SCHEDULED:
            _require_future(changes["due_at"])
        changed.add("due_at")
    changed |= _changed_plan(post, changes)
    if not changed:
        return post
    old = {"revision": post.revision, "summary": post.summary, "due_at": _iso(post.due_at)}
    if "due_at" in changes:
        post.due_at = changes["due_at"]
    if "content" in changed:
        post.revision += 1
        _write_content(post, after)
        _write_revision(actor, post, after, coalesce=coalesce)
    post.save()
    new = {"revision": post.revision, "summary": post.summary, "due_at": _iso(post.due_at), "changed": sorted(changed)}
    audit.record(actor, "post.autosave" if coalesce else "post.update", post, old, new)
    events.publish(PostChanged(post.id, post.revision, frozenset(changed)))
    notify_live(post.workspace_id, "post", post.id)
    return post


def _changed_plan(post: Post, changes: Changes) -> set[str]:
    """Set campaign, owner and labels on the post; which of them are new."""
    changed: set[str] = set()
    if "campaign" in changes and changes["campaign"] != post.campaign_id:
        post.campaign = checks.get_campaign(changes["campaign"])
        changed.add("campaign")
    if "owner" in changes and changes["owner"] != post.owner_id:
        post.owner = checks.get_owner(changes["owner"])
        changed.add("owner")
    if "labels" in changes and _write_labels(post, changes["labels"]):
        changed.add("labels")
    return changed


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _require_future(due_at: datetime | None) -> None:
    if due_at is None:
        raise Refused(
            Problem(
                code="time_missing",
                message=gettext_noop("A scheduled post needs a time."),
                field="due_at",
                fix=gettext_noop("Choose a time, or unschedule the post first."),
            )
        )
    if due_at <= clock.now():
        raise Refused(
            Problem(
                code="time_in_past",
                message=gettext_noop("This time has passed already; the post stays where it was."),
                field="due_at",
                fix=gettext_noop("Choose a later time, or publish now."),
            )
        )


def autosave(actor: Actor, post_id: UUID, base_revision: int, changes: Changes) -> Post:
    """`update_post` while somebody types: a burst of saves becomes one entry of the history."""
    return update_post(actor, post_id, base_revision, changes, coalesce=True)


@transaction.atomic
def delete_post(actor: Actor, post_id: UUID) -> Post:
    """Put a post in the bin; `restore_post` undoes it. What was published stays on the networks."""
    post = checks.lock_post(post_id)
    checks.require_write(actor, post)
    post.deleted_at = clock.now()
    post.save(update_fields=["deleted_at", "updated_at"])
    audit.record(actor, "post.delete", post, {"state": post.state, "due_at": _iso(post.due_at)})
    events.publish(PostDeleted(post.id))
    notify_live(post.workspace_id, "post", post.id)
    return post


@transaction.atomic
def restore_post(actor: Actor, post_id: UUID) -> Post:
    """Take a post out of the bin. One that was scheduled comes back as a draft that keeps its intended time."""
    policy.require(actor, policy.Permission.WRITE)
    post = checks.lock_post(post_id, deleted=True)
    before = post.state
    post.deleted_at = None
    if post.state == PostState.SCHEDULED:
        post.state = PostState.DRAFT
    post.save(update_fields=["deleted_at", "state", "updated_at"])
    audit.record(actor, "post.restore", post, {"state": before}, {"state": post.state})
    events.publish(PostRestored(post.id))
    notify_live(post.workspace_id, "post", post.id)
    return post


@transaction.atomic
def duplicate_post(actor: Actor, post_id: UUID) -> Post:
    """A new draft with the same content, campaign and labels, without a time. Disconnected channels are left out."""
    policy.require(actor, policy.Permission.WRITE)
    post = checks.lock_post(post_id)
    rows = list(Variant.objects.select_related("channel").filter(post=post, removed_at__isnull=True).order_by("id"))
    content = content_of(post, [v for v in rows if v.channel.disconnected_at is None])
    names = PostLabel.objects.filter(post=post).values_list("label__name", flat=True)
    copy = create_post(
        actor, content.document, campaign=post.campaign_id, labels=list(names), variants=content.variants
    )
    audit.record(actor, "post.duplicate", copy, after={"from": str(post.id)})
    return copy


def content_at(post: Post, number: int) -> PostContent:
    """The content of a kept revision, or NotFound."""
    revision = Revision.objects.filter(post=post, number=number).first()
    if revision is None:
        raise NotFound(
            Problem(
                code="revision_not_found",
                message=gettext_noop("This version of the post is not kept."),
                fix=gettext_noop("Choose a version from the post's history."),
            )
        )
    return parse_content(revision.snapshot)
