"""Campaign and labels of many posts, in as many statements as for one."""

from collections.abc import Collection, Iterable, Mapping
from enum import Enum
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.actions.writing import write_labels_each
from kaja.content.events import PostChanged
from kaja.content.groups import groups_of
from kaja.content.models import Campaign, Post
from kaja.content.snapshot import Groups
from kaja.kernel import clock, events
from kaja.kernel.problems import NotFound, Refused
from kaja.kernel.signals import notify_live_each
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor


class Unchanged(Enum):
    """Stands for a value that is left as it is, where None means none."""

    UNCHANGED = 0


UNCHANGED = Unchanged.UNCHANGED


@transaction.atomic
def set_groups(actor: Actor, wanted: Mapping[UUID, Groups]) -> dict[UUID, Refused]:
    """Give each post its campaign and labels; gives those that may not be changed, and why."""
    posts = checks.lock_posts(wanted)
    _require_campaigns(each.campaign for each in wanted.values())
    refused: dict[UUID, Refused] = {}
    changed: dict[UUID, set[str]] = {}
    for post in posts.values():
        try:
            checks.require_write(actor, post)
        except Refused as why:
            refused[post.id] = why
            continue
        if post.campaign_id != wanted[post.id].campaign:
            post.campaign_id = wanted[post.id].campaign
            changed[post.id] = {"campaign"}
    relabelled = write_labels_each({each: wanted[each].labels for each in posts if each not in refused})
    for post_id in relabelled:
        changed.setdefault(post_id, set()).add("labels")
    rows = [posts[post_id] for post_id in sorted(changed)]
    for post in rows:
        post.updated_at = clock.now()
    if rows:
        Post.objects.bulk_update(rows, ["campaign", "updated_at"])
        audit.record_each(actor, "post.update", [(post, {}, {"changed": sorted(changed[post.id])}) for post in rows])
        for post in rows:
            events.publish(PostChanged(post.id, post.revision, frozenset(changed[post.id])))
        notify_live_each(rows[0].workspace_id, "post", [post.id for post in rows])
    return refused


@transaction.atomic
def put_groups_back(actor: Actor, wanted: Mapping[UUID, Groups]) -> dict[UUID, Refused]:
    """The same for posts of which some may be gone meanwhile; they are among those that are refused."""
    there = set(Post.objects.filter(id__in=wanted, deleted_at__isnull=True).values_list("id", flat=True))
    gone: dict[UUID, Refused] = {each: NotFound(checks.POST_NOT_FOUND) for each in wanted if each not in there}
    return gone | set_groups(actor, {each: wanted[each] for each in wanted if each in there})


@transaction.atomic
def regroup(
    actor: Actor,
    post_ids: Collection[UUID],
    *,
    campaign: UUID | Unchanged | None = UNCHANGED,
    add: str = "",
    remove: str = "",
) -> tuple[dict[UUID, Groups], dict[UUID, Refused]]:
    """Give many posts a campaign, a label more, or one less; gives what each had, and those that stay as they are."""
    present = groups_of(post_ids)
    wanted = {}
    for post_id, now in present.items():
        labels = tuple(each for each in now.labels if each != remove) + ((add,) if add else ())
        wanted[post_id] = Groups(now.campaign if isinstance(campaign, Unchanged) else campaign, labels)
    refused = set_groups(actor, wanted)
    return {each: had for each, had in present.items() if each not in refused}, refused


def _require_campaigns(ids: Iterable[UUID | None]) -> None:
    wanted = {each for each in ids if each is not None}
    known = set(Campaign.objects.filter(id__in=wanted).values_list("id", flat=True))
    for missing in wanted - known:
        checks.get_campaign(missing)  # says what is wrong with it
