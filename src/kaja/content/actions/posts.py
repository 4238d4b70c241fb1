"""Changing posts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.actions.writing import write_content, write_labels, write_revision
from kaja.content.document import Document
from kaja.content.errors import EditConflict
from kaja.content.events import PostChanged
from kaja.content.models import Post, PostState, Revision, Variant
from kaja.content.options import settle_moments
from kaja.content.queries import REVISION_NOT_FOUND
from kaja.content.snapshot import PostContent, VariantContent, content_of, parse_content
from kaja.kernel import clock, events
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor


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


def _merged(content: PostContent, changes: Changes) -> PostContent:
    variants = dict(content.variants)
    if "channels" in changes:
        variants = {c: variants.get(c, VariantContent()) for c in dict.fromkeys(changes["channels"])}
    for channel_id, own in settle_moments(changes.get("variants", {})).items():
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
        post.set_due(changes["due_at"])
    joined = False
    if "content" in changed:
        post.revision += 1
        write_content(post, after)
        joined = write_revision(actor, post, after, coalesce=coalesce)
    post.save()
    new = {"revision": post.revision, "summary": post.summary, "due_at": _iso(post.due_at), "changed": sorted(changed)}
    if not (joined and changed <= {"content", "channels"}):
        # What became part of the version before has its entry there; an hour of typing would bury all others.
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
    if "labels" in changes and write_labels(post, changes["labels"]):
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


def content_at(post: Post, number: int) -> PostContent:
    """The content of a kept revision, or NotFound."""
    revision = Revision.objects.filter(post=post, number=number).first()
    if revision is None:
        raise NotFound(REVISION_NOT_FOUND)
    return parse_content(revision.snapshot)
