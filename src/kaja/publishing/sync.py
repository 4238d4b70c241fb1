"""Deliveries follow the plan: one per message of every live variant. Called with the post's row locked or lockable.

Nothing that has begun is touched: what was sent stays sent, what is under way is finished as it was frozen.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from kaja.content.document import Document, Overrides, merge
from kaja.content.models import Post, PostState, Variant
from kaja.kernel.signals import notify_due, notify_live
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
    post = Post.objects.select_for_update(of=("self",)).get(id=post_id)
    variants = list(Variant.objects.filter(post=post).order_by("id"))
    rows: dict[UUID, dict[int, Delivery]] = {variant.id: {} for variant in variants}
    found = Delivery.objects.select_for_update(of=("self",)).filter(variant__in=variants).order_by("id")
    for row in found:
        rows[row.variant_id][row.position] = row
    planned = post.state == PostState.SCHEDULED and post.deleted_at is None
    deliveries: list[Delivery] = []
    for variant in variants:
        if planned and variant.removed_at is None:
            deliveries += _plan_variant(post, variant, rows[variant.id], revive)
        else:
            for row in rows[variant.id].values():
                withdraw(row)
    if found:
        notify_live(post.workspace_id, "delivery", post.id)
    if deliveries:
        notify_due()
    return deliveries


def withdraw(row: Delivery, problem: Problem = problems.WITHDRAWN) -> bool:
    """Take a delivery that has not begun out of the plan; True when it was one."""
    if row.state not in WAITS:
        return False
    row.state = check_move(State(row.state), State.CANCELLED)
    row.next_at, row.needs_person, row.problem = None, False, asdict(problem)
    row.fence += 1
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


def _plan_variant(post: Post, variant: Variant, rows: dict[int, Delivery], revive: bool) -> list[Delivery]:
    assert post.due_at is not None
    document = merge(Document.model_validate(post.document), Overrides.model_validate(variant.overrides))
    root = rows.get(0)
    begun = root is not None and root.state not in (*WAITS, *ENDED)
    messages = {m.position: m for m in list_messages(len(document.parts), bool(document.first_comment))}
    if not begun:
        # From the last, because each holds on to the one before it.
        for position in sorted(rows.keys() - messages.keys(), reverse=True):
            _remove(rows.pop(position))
        for position in sorted(messages):
            rows[position] = _plan_message(post, variant, messages[position], rows, revive)
    return [rows[position] for position in sorted(rows)]


def _remove(row: Delivery) -> None:
    """A message that the post no longer has. One that was tried keeps its row, and with it its journal."""
    if row.attempts_made == 0:
        row.delete()
    else:
        withdraw(row)


def _plan_message(
    post: Post, variant: Variant, message: Message, rows: Mapping[int, Delivery], revive: bool
) -> Delivery:
    assert post.due_at is not None
    due_at = post.due_at
    after = rows[message.after] if message.after is not None else None
    next_at = due_at if after is None else None
    row = rows.get(message.position)
    if row is None:
        return Delivery.objects.create(
            variant=variant,
            channel_id=variant.channel_id,
            kind=message.kind,
            position=message.position,
            after=after,
            due_at=due_at,
            next_at=next_at,
            post_revision=post.revision,
        )
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
    row.save()
    return row
