"""Campaign and labels of many posts, in as many statements as for one."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db import transaction

from kaja.content.actions import checks
from kaja.content.actions.writing import write_labels_each
from kaja.content.events import PostChanged
from kaja.content.models import Campaign, Post
from kaja.content.snapshot import Groups
from kaja.kernel import clock, events
from kaja.kernel.problems import Refused
from kaja.kernel.signals import notify_live_each
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor


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


def _require_campaigns(ids: Iterable[UUID | None]) -> None:
    wanted = {each for each in ids if each is not None}
    known = set(Campaign.objects.filter(id__in=wanted).values_list("id", flat=True))
    for missing in wanted - known:
        checks.get_campaign(missing)  # says what is wrong with it
