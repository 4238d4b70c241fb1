"""Deliveries follow the plan: one per message of every live variant. Called with the post's row locked or lockable.

Nothing that has begun is touched: what was sent stays sent, what is under way is finished as it was frozen.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from kaja.content.document import Document, Overrides, merge
from kaja.content.models import Post, PostState, Variant
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.signals import notify_due, notify_live_each
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.publishing import problems
from kaja.publishing.frozen import Message, list_messages
from kaja.publishing.models import Delivery, State
from kaja.publishing.states import check_move

WAITS = (State.SCHEDULED, State.WAITING)
ENDED = (State.FAILED, State.MISSED, State.CANCELLED)
DROPPED = Problem("dropped", gettext_noop("Somebody decided not to send it."))


def sync_deliveries(post_id: UUID, *, revive: bool = False) -> list[Delivery]:
    """Bring the deliveries of a post in line with its plan; gives them in order of channel and position.

    `revive` also takes up again what failed, was missed or dropped: the person planned the post anew.
    """
    return sync_posts([post_id], revive=revive)


def sync_posts(post_ids: Collection[UUID], *, revive: bool = False) -> list[Delivery]:
    """The same for many posts, in as many statements as for one."""
    posts = {post.id: post for post in lock(Post.objects.filter(id__in=post_ids))}
    variants = list(Variant.objects.filter(post_id__in=posts).order_by("post_id", "id"))
    rows: dict[UUID, dict[int, Delivery]] = {variant.id: {} for variant in variants}
    for row in lock(Delivery.objects.filter(variant__in=variants)):
        rows[row.variant_id][row.position] = row
    told = {variant.post_id for variant in variants if rows[variant.id]}
    deliveries: list[Delivery] = []
    written = _Written()
    for variant in variants:
        post = posts[variant.post_id]
        if post.state == PostState.SCHEDULED and post.deleted_at is None and variant.removed_at is None:
            deliveries += _plan_variant(post, variant, rows[variant.id], revive, written)
        else:
            written.changed += [row for row in rows[variant.id].values() if take_out(row)]
    written.save()
    if told:
        notify_live_each(variants[0].workspace_id, "delivery", told)
    if deliveries:
        notify_due()
    return deliveries


FIELDS = (
    "kind", "after", "state", "due_at", "next_at", "fence", "lease_until", "stage", "checkpoint", "content",
    "post_revision", "tries", "uncertain_since", "needs_person", "problem", "announce", "updated_at",
)  # fmt: skip
"""What planning changes of a delivery."""


@dataclass
class _Written:
    """What is to be written of the deliveries of one or many posts."""

    new: list[Delivery] = field(default_factory=list)
    changed: list[Delivery] = field(default_factory=list)
    gone: list[UUID] = field(default_factory=list)

    def save(self) -> None:
        save_changed(self.changed)
        if self.gone:
            # A thread's parts hold on to each other, and all of them may go: the database looks at the end.
            Delivery.objects.filter(id__in=self.gone)._raw_delete(connection.alias)
        Delivery.objects.bulk_create(self.new)


def save_changed(rows: Sequence[Delivery]) -> None:
    """Write what planning changed, in one statement."""
    for row in rows:
        row.updated_at = now()
    if rows:
        Delivery.objects.bulk_update(rows, FIELDS)


def take_out(row: Delivery, problem: Problem = problems.WITHDRAWN) -> bool:
    """Take a delivery that has not begun out of the plan; True when it was one. Not saved."""
    if row.state not in WAITS:
        return False
    row.state = check_move(State(row.state), State.CANCELLED)
    row.next_at, row.needs_person, row.problem = None, False, asdict(problem)
    row.fence += 1
    return True


def withdraw(row: Delivery, problem: Problem = problems.WITHDRAWN) -> bool:
    """The same, saved."""
    if not take_out(row, problem):
        return False
    row.save()
    return True


def reset(row: Delivery, due_at: datetime, next_at: datetime | None) -> None:
    """Plan it as if it had never been tried; the content is taken from the post again. Not saved.

    Only for states of which it is certain that nothing stands on the network.
    """
    row.state = check_move(State(row.state), State.SCHEDULED, by_person=True)
    row.fence += 1
    row.due_at, row.next_at = due_at, next_at
    row.content, row.stage, row.checkpoint, row.problem = None, "", {}, None
    row.tries, row.needs_person, row.lease_until, row.uncertain_since, row.announce = 0, False, None, None, ""


def _plan_variant(
    post: Post, variant: Variant, rows: dict[int, Delivery], revive: bool, written: _Written
) -> list[Delivery]:
    assert post.due_at is not None
    document = merge(Document.model_validate(post.document), Overrides.model_validate(variant.overrides))
    root = rows.get(0)
    begun = root is not None and root.state not in (*WAITS, *ENDED)
    messages = {m.position: m for m in list_messages(len(document.parts), bool(document.first_comment))}
    if not begun:
        for position in rows.keys() - messages.keys():
            _remove(rows.pop(position), written)
        for position in sorted(messages):
            rows[position] = _plan_message(post, variant, messages[position], rows, revive, written)
    return [rows[position] for position in sorted(rows)]


def _remove(row: Delivery, written: _Written) -> None:
    """A message that the post no longer has. One that was tried keeps its row, and with it its journal."""
    if row.attempts_made == 0:
        written.gone.append(row.id)
    elif take_out(row):
        written.changed.append(row)


def _plan_message(
    post: Post,
    variant: Variant,
    message: Message,
    rows: Mapping[int, Delivery],
    revive: bool,
    written: _Written,
) -> Delivery:
    assert post.due_at is not None
    due_at = post.due_at
    after = rows[message.after] if message.after is not None else None
    next_at = due_at if after is None else None
    row = rows.get(message.position)
    if row is None:
        row = Delivery(
            workspace_id=post.workspace_id,
            variant=variant,
            channel_id=variant.channel_id,
            kind=message.kind,
            position=message.position,
            after=after,
            due_at=due_at,
            next_at=next_at,
            post_revision=post.revision,
        )
        written.new.append(row)
        return row
    withdrawn = row.state == State.CANCELLED and (row.problem or {}).get("code") == problems.WITHDRAWN.code
    moved = row.due_at != due_at
    if row.state in WAITS and not (moved or revive) and row.post_revision == post.revision:
        return row
    if row.state in ENDED and not (revive or withdrawn):
        return row
    keeps = row.state == State.WAITING and not moved and not revive
    wait_until, person, problem = row.next_at, row.needs_person, row.problem
    reset(row, due_at, next_at)
    if keeps:
        # An edit does not lift what the post waits for.
        row.next_at, row.needs_person, row.problem = wait_until, person, problem
    row.kind, row.after, row.post_revision = message.kind, after, post.revision
    written.changed.append(row)
    return row
