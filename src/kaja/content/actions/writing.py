"""The rows that a post consists of."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from kaja.content.actions import checks
from kaja.content.models import Post, PostLabel, PostState, Revision, Variant
from kaja.content.snapshot import (
    PostContent,
    render_content,
    render_document,
    render_overrides,
    summarize,
)
from kaja.kernel import clock
from kaja.workspaces.actor import Actor

COALESCE = timedelta(minutes=5)
"""Autosaves of one author within this time of each other's first become one revision of the history."""


def write_content(post: Post, content: PostContent) -> None:
    """Bring the rows to `content`. Variants are marked removed, never deleted: deliveries may point to them."""
    rows = {v.channel_id: v for v in Variant.objects.filter(post=post)}
    fresh, changed = [], []
    for channel_id, own in content.variants.items():
        overrides, options = render_overrides(own.overrides), dict(own.options)
        row = rows.get(channel_id)
        if row is None:
            variant = Variant(post=post, channel_id=channel_id, overrides=overrides, options=options)
            variant.workspace_id = post.workspace_id
            fresh.append(variant)
        elif row.removed_at is not None or row.overrides != overrides or row.options != options:
            row.removed_at, row.overrides, row.options = None, overrides, options
            changed.append(row)
    for channel_id, row in rows.items():
        if channel_id not in content.variants and row.removed_at is None:
            row.removed_at = clock.now()
            changed.append(row)
    Variant.objects.bulk_create(fresh)
    if changed:
        Variant.objects.bulk_update(changed, ["removed_at", "overrides", "options"])
    post.document = render_document(content.document)
    post.summary = summarize(content.document)


def write_revision(actor: Actor, post: Post, content: PostContent, *, coalesce: bool = False) -> bool:
    """Keep the content as a version; with `coalesce` it may become part of the last one (then True)."""
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
            return True
    Revision.objects.create(
        post=post,
        number=post.revision,
        snapshot=snapshot,
        author_id=actor.user_id,
        author_name=actor.name[:150],
        autosaved=coalesce,
    )
    return False


def write_labels(post: Post, names: Iterable[str]) -> bool:
    """Set the labels; True when something changed."""
    return bool(write_labels_each({post.id: names}))


def write_labels_each(wanted: Mapping[UUID, Iterable[str]]) -> set[UUID]:
    """Set the labels of many posts, in as many statements as for one; gives the ids of those that have others now."""
    rows = PostLabel.objects.filter(post_id__in=wanted).select_related("label")
    present: dict[UUID, dict[str, PostLabel]] = {post_id: {} for post_id in wanted}
    for row in rows:
        present[row.post_id][row.label.name] = row
    names = {post_id: {" ".join(n.split())[:60] for n in given if n.strip()} for post_id, given in wanted.items()}
    changed = {post_id for post_id, given in names.items() if given != present[post_id].keys()}
    if not changed:
        return set()
    labels = {label.name: label for label in checks.labels_named(set().union(*(names[each] for each in changed)))}
    fresh = [
        PostLabel(workspace_id=label.workspace_id, post_id=post_id, label=label)
        for post_id in sorted(changed)
        for name in sorted(names[post_id] - present[post_id].keys())
        if (label := labels.get(name))
    ]
    gone = [present[post_id][name].id for post_id in changed for name in present[post_id].keys() - names[post_id]]
    PostLabel.objects.bulk_create(fresh)
    PostLabel.objects.filter(id__in=gone).delete()
    return changed


def next_position(state: str, *, first: bool = False) -> float:
    """Behind, or before, everything in its column of the board."""
    column = Post.objects.filter(state=state, deleted_at__isnull=True).order_by("position" if first else "-position")
    end: float = column.values_list("position", flat=True).first() or 0
    return end - 1 if first else end + 1
