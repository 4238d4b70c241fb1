"""Deliveries follow the plan: one per message of every live variant. Called with the post's row locked or lockable.

What was sent stays sent, and what cannot be stopped is finished as it was frozen. A message that a worker only prepares
to send (it uploads files, say) is taken from it, and goes out in its newest form or not at all.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import connection

from kaja.content.document import Document, Overrides, merge
from kaja.content.models import Post, PostState, Variant
from kaja.delivery import problems
from kaja.delivery.models import Delivery, State
from kaja.delivery.planning import (
    ENDED,
    WAITS,
    can_stage_ahead,
    is_stoppable,
    list_called,
    plan_ahead,
    reset,
    save_changed,
    take_out,
)
from kaja.kernel.locks import lock
from kaja.kernel.signals import notify_due, notify_live_each
from kaja.kernel.tenancy import entered_workspace_id
from kaja.publishing.drafts import Message, has_files, list_messages
from kaja.publishing.models import POST, PostDelivery
from kaja.workspaces.queries import is_in_crisis

Rows = dict[int, PostDelivery]
"""The deliveries of one variant by position."""


def sync_deliveries(post_id: UUID, *, revive: bool = False) -> list[PostDelivery]:
    """Bring the deliveries of a post in line with its plan; gives them in order of channel and position.

    `revive` also takes up again what failed, was missed or dropped: the person planned the post anew.
    """
    return sync_posts([post_id], revive=revive)


def sync_posts(post_ids: Collection[UUID], *, revive: bool = False) -> list[PostDelivery]:
    """The same for many posts, in as many statements as for one."""
    posts = {post.id: post for post in lock(Post.objects.filter(id__in=post_ids))}
    variants = list(Variant.objects.filter(post_id__in=posts).select_related("channel").order_by("post_id", "id"))
    rows: dict[UUID, Rows] = {variant.id: {} for variant in variants}
    found = list(lock(PostDelivery.objects.filter(source_id__in=rows)))
    for row in found:
        rows[row.source_id][row.position] = row
    told = {variant.post_id for variant in variants if rows[variant.id]}
    deliveries: list[PostDelivery] = []
    step = _Step(revive, list_called(found), _list_held(found) if not revive else frozenset())
    for variant in variants:
        post = posts[variant.post_id]
        if _is_planned(post, variant):
            deliveries += _plan_variant(post, variant, rows[variant.id], step)
        else:
            _take_out_variant(post, rows[variant.id], step)
    step.save()
    if told:
        notify_live_each(variants[0].workspace_id, "delivery", told)
    if deliveries:
        notify_due()
    return deliveries


def _list_held(found: Collection[PostDelivery]) -> Collection[UUID]:
    """What was tried and may not be tried again; while a crisis lasts no edit allows it, only planning it anew."""
    stopped = frozenset(row.id for row in found if row.attempts_made and not row.allowed)
    return stopped if stopped and is_in_crisis(entered_workspace_id()) else frozenset()


def _is_planned(post: Post, variant: Variant) -> bool:
    return post.state == PostState.SCHEDULED and post.deleted_at is None and variant.removed_at is None


@dataclass
class _Step:
    """One step for one or many posts: what cannot be stopped, what stays forbidden, and what is to be written of the
    deliveries."""

    revive: bool
    called: Collection[UUID]
    held: Collection[UUID]
    new: list[PostDelivery] = field(default_factory=list)
    changed: dict[UUID, PostDelivery] = field(default_factory=dict)
    gone: list[UUID] = field(default_factory=list)

    def change(self, row: PostDelivery) -> None:
        self.changed[row.id] = row

    def is_begun(self, row: PostDelivery) -> bool:
        """Whether it stands on the network, or may come to stand there whatever is planned now."""
        return row.state not in (*WAITS, *ENDED) and not is_stoppable(row, self.called)

    def save(self) -> None:
        save_changed(list(self.changed.values()))
        if self.gone:
            # A thread's parts hold on to each other, and all of them may go: the database looks at the end.
            Delivery.objects.filter(id__in=self.gone)._raw_delete(connection.alias)
        PostDelivery.objects.bulk_create(self.new)


def _take_out_variant(post: Post, rows: Rows, step: _Step) -> None:
    """Nothing of it may go any more; what cannot be stopped may not be sent again."""
    for row in rows.values():
        if take_out(row, stoppable=is_stoppable(row, step.called)):
            step.change(row)
        _say_what_holds(post, row, False, step)


def _say_what_holds(post: Post, row: PostDelivery, allowed: bool, step: _Step) -> None:
    in_bin = post.deleted_at is not None
    if row.state != State.SENT and (row.allowed, row.in_bin) != (allowed, in_bin):
        row.allowed, row.in_bin = allowed, in_bin
        step.change(row)


def _plan_variant(post: Post, variant: Variant, rows: Rows, step: _Step) -> list[PostDelivery]:
    assert post.due_at is not None
    document = merge(Document.model_validate(post.document), Overrides.model_validate(variant.overrides))
    root = rows.get(0)
    messages = {m.position: m for m in list_messages(len(document.parts), bool(document.first_comment))}
    if root is not None and step.is_begun(root):
        _refresh_followers(post, rows, step)
    else:
        for position in rows.keys() - messages.keys():
            _remove(rows.pop(position), step)
        for position in sorted(messages):
            ahead = can_stage_ahead(variant.channel, files=has_files(document, position))
            rows[position] = _plan_message(post, variant, messages[position], rows, ahead, step)
    for row in rows.values():
        _say_what_holds(post, row, row.id not in step.held, step)
    return [rows[position] for position in sorted(rows)]


def _refresh_followers(post: Post, rows: Rows, step: _Step) -> None:
    """What follows a message that is out was frozen with it; planned anew since, it is made of the post of now."""
    for row in rows.values():
        waits = row.state in WAITS or is_stoppable(row, step.called)
        if waits and row.content is None and row.version != post.revision:
            row.version = post.revision
            step.change(row)


def _remove(row: PostDelivery, step: _Step) -> None:
    """A message that the post no longer has. One that was tried keeps its row, and with it its journal."""
    if row.attempts_made == 0 and row.state != State.SENDING:
        step.gone.append(row.id)
    elif take_out(row, stoppable=is_stoppable(row, step.called)):
        step.change(row)


def _plan_message(
    post: Post, variant: Variant, message: Message, rows: Mapping[int, PostDelivery], ahead: bool, step: _Step
) -> PostDelivery:
    assert post.due_at is not None
    due_at = post.due_at
    after = rows[message.after] if message.after is not None else None
    next_at = due_at if after is None else None
    row = rows.get(message.position)
    if row is None:
        row = PostDelivery(
            workspace_id=post.workspace_id,
            source_kind=POST,
            source_id=variant.id,
            subject_id=post.id,
            channel_id=variant.channel_id,
            kind=message.kind,
            position=message.position,
            after=after,
            due_at=due_at,
            next_at=next_at,
            version=post.revision,
            stages_ahead=ahead,
        )
        plan_ahead(row)
        step.new.append(row)
        return row
    withdrawn = row.state == State.CANCELLED and (row.problem or {}).get("code") == problems.WITHDRAWN.code
    moved = row.due_at != due_at
    if step.is_begun(row) or row.id in step.held:
        return row
    if row.state not in ENDED and not (moved or step.revive) and row.version == post.revision:
        return row
    if row.state in ENDED and not (step.revive or withdrawn):
        return row
    keeps = row.state == State.WAITING and not moved and not step.revive
    wait_until, person, problem = row.next_at, row.needs_person, row.problem
    row.stages_ahead = ahead
    reset(row, due_at, next_at)
    if keeps:
        # An edit does not lift what the post waits for.
        row.next_at, row.needs_person, row.problem = wait_until, person, problem
    row.kind, row.after, row.version, row.subject_id = message.kind, after, post.revision, post.id
    step.change(row)
    return row


def take_out_of_bin(post_ids: Collection[UUID]) -> None:
    """What needs a person is asked again."""
    PostDelivery.objects.filter(variant__post_id__in=post_ids, in_bin=True).update(in_bin=False)
