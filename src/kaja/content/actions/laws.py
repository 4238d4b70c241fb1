"""When a law changes what the clocks show: what was planned for 09:00 stays at 09:00, and its owner is told."""

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db import transaction
from django.utils import timezone

from kaja.content.actions.planning import Plan, set_plans
from kaja.content.models import Post
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.kernel.times import resolve_local, wall_of
from kaja.kernel.zones import open_system_zone
from kaja.workspaces.actor import Actor, make_system_actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.notices import create_notice

ACTOR = make_system_actor("Kaja")
AT_ONCE = 500


def follow_laws() -> int:
    """Move what is planned to the instants that its wall-clock times mean by the data that count now; gives how many
    posts moved. Repeating it changes nothing. Called outside a scope, before a worker sends."""
    with system_scope(SystemPurpose.MAINTENANCE):
        zones = dict(Workspace.objects.values_list("id", "time_zone"))
    return sum(_follow_in(workspace_id, zone) for workspace_id, zone in zones.items())


def _follow_in(workspace_id: UUID, zone: str) -> int:
    moved = 0
    with workspace_scope(workspace_id):
        ids = list(Post.objects.filter(due_at__gt=now(), deleted_at__isnull=True).values_list("id", flat=True))
    for begin in range(0, len(ids), AT_ONCE):
        with workspace_scope(workspace_id), transaction.atomic():
            rows = lock(Post.objects.filter(id__in=ids[begin : begin + AT_ONCE]))
            moved += sum(_follow(ACTOR, post, zone) for post in rows)
    return moved


def _follow(actor: Actor, post: Post, workspace_zone: str) -> bool:
    """Whether the post had to move."""
    before = post.due_at
    assert before is not None
    if not post.due_zone:
        _remember_intent(post, workspace_zone)
    try:
        zone = ZoneInfo(post.due_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    wall = datetime.fromisoformat(post.due_wall)
    # A doubled hour has two instants, and either may have been meant.
    if before in {wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}:
        return False
    after = resolve_local(wall, zone).instant
    # A draft's time is moved, too; in the zone in which it was planned, so that its intent stays the same.
    with timezone.override(zone):
        set_plans(actor, {post.id: Plan(post.state, after)})
    create_notice(
        "post.law",
        gettext_noop("In %(zone)s the clocks follow another law now: “%(post)s” stays at %(wall)s, and was moved."),
        {"zone": post.due_zone, "post": post.summary[:60] or "…", "wall": wall.strftime("%Y-%m-%d %H:%M")},
        path=f"posts/{post.id}",
        owner=post.owner_id or post.created_by_id,
    )
    return True


def _remember_intent(post: Post, workspace_zone: str) -> None:
    """What an older version did not keep: the time as it read by the system's data, which that version went by."""
    assert post.due_at is not None
    try:
        zone = open_system_zone(workspace_zone) or ZoneInfo(workspace_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return
    post.due_zone = workspace_zone
    post.due_wall = wall_of(post.due_at, zone).isoformat()
    post.save(update_fields=["due_zone", "due_wall"])
