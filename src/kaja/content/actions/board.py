"""A post's place on the board."""

from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from kaja.content.actions import checks
from kaja.content.actions.planning import set_plan
from kaja.content.models import Post, PostState
from kaja.kernel.locks import lock, lock_board
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor


@transaction.atomic
def move_on_board(actor: Actor, post_id: UUID, after: UUID | None, state: str = "") -> Post:
    """Put a post right behind another one of its column, or first; with a `state`, in that column (idea or draft).

    Only its own row is written: it gets a place between its neighbours, which are read and not locked.
    """
    policy.require(actor, policy.Permission.WRITE)
    lock_board(entered_workspace_id())
    wanted = state or Post.objects.filter(id=post_id).values_list("state", flat=True).first() or ""
    column = Post.objects.filter(state=wanted, deleted_at__isnull=True).exclude(id=post_id)
    position = _place(column, after)
    if position is None:
        # Halving used up the room between two floats, or two cards were made at one moment: number the column anew.
        _spread(wanted, post_id)
        position = _place(column, after)
        assert position is not None
    post = checks.lock_post(post_id)
    if post.state != wanted:
        if post.state == PostState.SCHEDULED:
            raise Refused(
                Problem(
                    code="post_is_scheduled",
                    message=gettext_noop("This post is scheduled; it stays where it was."),
                    fix=gettext_noop("Open it and unschedule it first."),
                )
            )
        post = set_plan(actor, post_id, wanted, post.due_at)
    post.position = position
    post.save(update_fields=["position", "updated_at"])
    audit.record(actor, "post.move", post, after={"after": str(after) if after else None})
    notify_live(post.workspace_id, "post", post.id)
    return post


def _place(column: "QuerySet[Post]", after: UUID | None) -> float | None:
    """The position behind `after` (at the end when that is not there), or before all; None where there is no room."""
    ordered = column.order_by("position", "id").values_list("position", "id")
    if after is None:
        first = ordered.first()
        return first[0] - 1 if first else 0.0
    before = column.filter(id=after).values_list("position", "id").first() or ordered.last()
    if before is None:
        return 0.0
    low, low_id = before
    following = ordered.filter(Q(position__gt=low) | Q(position=low, id__gt=low_id)).first()
    if following is None:
        return low + 1
    middle = (low + following[0]) / 2
    return middle if low < middle < following[0] else None


def _spread(state: str, post_id: UUID) -> None:
    """Give the cards of a column whole numbers in their order. Locks the moving one with them, in the order of ids."""
    rows = lock(Post.objects.filter(Q(state=state, deleted_at__isnull=True) | Q(id=post_id)))
    column = [row for row in rows.only("id", "position", "state", "deleted_at") if row.deleted_at is None]
    column = sorted((row for row in column if row.id != post_id), key=lambda row: (row.position, row.id))
    for number, row in enumerate(column):
        row.position = float(number)
    Post.objects.bulk_update(column, ["position"], batch_size=500)
