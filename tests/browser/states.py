"""Posts in every state that a page shows, and a crowd of them. Imported inside a running application only."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from kaja.api.tokens import create_token
from kaja.channels.models import Channel, Health, Slot
from kaja.content.actions import delete_post
from kaja.content.actions.groups import create_label, save_campaign
from kaja.content.models import Post, Variant
from kaja.delivery.models import Attempt, Publication, State, UntoldEvent
from kaja.delivery.problems import CHOOSE, MISSED, RECONNECT, fill_params, render_problem
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.models import LoopRecord
from kaja.kernel.problems import Problem
from kaja.networks.kit.outcome import refused_problem
from kaja.publishing.actions import schedule_post
from kaja.publishing.models import PostDelivery
from kaja.workspaces.actions import invite
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, Notice, User, Workspace
from tests.browser.scenes import next_day, write_post
from tests.browser.words import Words
from tests.needed import needs

REASON = "This text is not allowed here."


def settle_states(
    actor: Actor, workspace: Workspace, words: Words, practice: str, shown: dict[str, str]
) -> dict[str, Any]:
    """Sent, failed, uncertain, missed, held, scheduled and draft posts, ideas, a campaign, labels, people, notices."""
    campaign = save_campaign(actor, words.campaign, colour="ink")
    for label in words.labels:
        create_label(actor, label)
    everywhere = [practice, shown["bluesky"], shown["mastodon"]]
    planned = [
        _plan(actor, words.posts[0], everywhere, next_day(1, 9), pictures=2, campaign=campaign.id),
        _plan(actor, words.posts[1], [shown["mastodon"]], next_day(1, 17, 30), labels=words.labels[1:2]),
        _plan(actor, words.posts[2], [practice, shown["bluesky"]], next_day(3, 11), pictures=1),
    ]
    made = {"scheduled": str(planned[0].id)}
    made["sent"] = str(_sent(actor, words.posts[3], practice).id)
    failed = _plan(actor, words.posts[4], [practice], next_day(2, 10), labels=words.labels[2:3])
    stop_at(failed, State.FAILED, refused_problem("Practice", REASON))
    uncertain = _plan(actor, words.posts[5], [practice], next_day(2, 11))
    found = [candidate(words.posts[5], number) for number in range(2)]
    stop_at(uncertain, State.UNCERTAIN, CHOOSE, candidates=found, uncertain_since=now(), next_at=None)
    missed = _plan(actor, words.posts[1], [practice], next_day(2, 12))
    stop_at(missed, State.MISSED, fill_params(MISSED, minutes=30))
    held = _plan(actor, words.posts[0], [shown["bluesky"]], next_day(2, 13))
    stop_at(held, State.WAITING, RECONNECT, next_at=None)
    draft = write_post(actor, words.posts[2], everywhere, 3, labels=words.labels[:1])
    made.update(failed=str(failed.id), uncertain=str(uncertain.id), missed=str(missed.id), draft=str(draft.id))
    made["delivery"] = str(PostDelivery.objects.get(variant__post=uncertain).id)
    for idea in words.ideas:
        write_post(actor, idea, state="idea")
    delete_post(actor, _plan(actor, words.posts[3], [practice], next_day(6, 9), labels=words.labels[:2]).id)
    Channel.objects.filter(id=shown["bluesky"]).update(
        health=Health.RECONNECT, health_problem=render_problem(RECONNECT), health_failures=2
    )
    Notice.objects.create(
        kind="member.joined", message="%(name)s has joined the workspace.", params={"name": words.people[1]},
        member=Member.objects.get(user_id=needs(actor.user_id)),
    )  # fmt: skip
    invite(actor, email=f"guest@{workspace.slug}.test", role="guest")
    create_token(actor, "till", ("view", "write"), None)
    _had_trouble()
    made["campaign"] = str(campaign.id)
    return made


def _had_trouble() -> None:
    """One loop that had an error and works, one that does not, and an event that could not be told."""
    moment = now()
    for name, well_at in (("background jobs", moment), ("deliveries: events", moment - timedelta(hours=3))):
        LoopRecord.objects.update_or_create(
            key=f"shop/{name}",
            defaults={
                "name": name, "host": "shop", "process": "7", "failures": 4, "well_at": well_at, "updated_at": moment,
                "error": "OperationalError at housekeeping.py:48 tell_events", "failed_at": moment - timedelta(hours=2),
            },
        )  # fmt: skip
    failed = PostDelivery.objects.filter(state=State.FAILED).first()
    if failed is not None:
        place = "LookupError at wiring.py:41 _tell"
        UntoldEvent.objects.create(delivery=failed, event="failed", tries=6, error=place, failed_at=moment)


def _plan(actor: Actor, text: str, channels: list[str], at: datetime, pictures: int = 0, **more: Any) -> Post:
    post = write_post(actor, text, channels, pictures, **more)
    schedule_post(actor, post, at)
    return post


def stop_at(post: Post, state: State, problem: Problem, **more: Any) -> None:
    """As the engine leaves a delivery that waits for a person."""
    rows = PostDelivery.objects.filter(variant__post=post)
    rows.update(state=state, problem=render_problem(problem), needs_person=True, **{"next_at": None, **more})
    for row in rows:
        Attempt.objects.create(
            delivery=row, fence=1, stage="publish", irreversible=True, started_at=now(), finished_at=now(),
            outcome="rejected" if state == State.FAILED else "unknown", message=problem.message,
            params=dict(problem.params), evidence=[{"method": "POST", "path": "/api/v1/posts", "status": 422}],
        )  # fmt: skip


def _sent(actor: Actor, text: str, channel: str) -> Post:
    """A post that went out yesterday."""
    post = write_post(actor, text, [channel], 1)
    schedule_post(actor, post, next_day(4, 9))
    at = now() - timedelta(days=1)
    mark_sent(post, at, "https://social.test/1")
    return post


def mark_sent(post: Post, at: datetime, url: str) -> None:
    """As the engine leaves what a network has taken."""
    Post.objects.filter(id=post.id).update(due_at=at)
    for row in PostDelivery.objects.filter(variant__post=post):
        PostDelivery.objects.filter(id=row.id).update(
            state=State.SENT,
            remote_id=str(row.id),
            remote_url=url,
            due_at=at,
            sent_at=at,
            next_at=None,
            attempts_made=1,
        )
        Publication.objects.create(delivery=row, remote_id=str(row.id), remote_url=url, sent={}, published_at=at)
        Attempt.objects.create(
            delivery=row, fence=1, stage="publish", irreversible=True, started_at=at,
            finished_at=at + timedelta(seconds=0.4), outcome="sent", params={"ref": {"id": str(row.id), "url": url}},
        )  # fmt: skip


def candidate(text: str, number: int) -> dict[str, Any]:
    return {
        "id": f"p{number}", "url": f"https://social.test/{number}", "text": text,
        "posted_at": now().isoformat(), "data": {},
    }  # fmt: skip


def crowd(actor: Actor, workspace: Workspace, user: User, words: Words, practice: str, number: int) -> dict[str, Any]:
    """`number` scheduled posts over this month and the next, and a tenth as many of everything else."""
    tenth = number // 10
    own = UUID(practice)
    channels = Channel.objects.bulk_create(
        Channel(
            workspace=workspace, network=("practice", "mastodon", "bluesky")[n % 3], account_id=f"a{n}",
            base_url="https://social.test", name=f"{words.place} {n + 1}", handle=f"lummus{n + 1}", checked_at=now(),
        )
        for n in range(tenth)
    )  # fmt: skip
    ids = [own, *(channel.id for channel in channels)]
    Slot.objects.bulk_create(
        Slot(workspace=workspace, channel_id=own, weekday=n % 7, time=datetime(2000, 1, 1, 8 + n // 7).time())
        for n in range(21)
    )
    start = next_day(1, 0)
    posts, variants, deliveries = [], [], []
    for n in range(number):
        text = f"{n + 1}. {words.posts[n % len(words.posts)]}"
        at = start + timedelta(days=(n * 7) % 30, hours=7 + n % 14, minutes=n % 4 * 15)
        post = Post(
            id=new_id(), workspace=workspace, state="scheduled", document={"parts": [{"text": text, "media": []}]},
            summary=text[:200], due_at=at, owner=user, created_by=user, position=n,
        )  # fmt: skip
        posts.append(post)
        for channel in {ids[n % len(ids)], ids[(n * 3) % len(ids)]}:
            variant = Variant(id=new_id(), workspace=workspace, post=post, channel_id=channel)
            variants.append(variant)
            deliveries.append(
                PostDelivery(workspace=workspace, variant=variant, channel_id=channel, due_at=at, next_at=at)
            )
    Post.objects.bulk_create(posts)
    Variant.objects.bulk_create(variants)
    PostDelivery.objects.bulk_create(deliveries)
    stopped = [row.id for row in deliveries[:: max(1, len(deliveries) // tenth)]]
    PostDelivery.objects.filter(id__in=stopped).update(
        state=State.FAILED, problem=render_problem(refused_problem("Practice", REASON)), needs_person=True, next_at=None
    )
    for n in range(tenth):
        write_post(actor, f"{n + 1}. {words.ideas[n % len(words.ideas)]}", state="idea")
        create_label(actor, f"{words.labels[n % len(words.labels)]} {n + 1}")
        save_campaign(actor, f"{words.campaign} {n + 1}", colour="ink")
        person = User.objects.create_user(
            f"{n}.{workspace.slug}@lummus.test", None, name=f"{words.people[n % 3]} {n + 1}"
        )
        Member.objects.create(workspace=workspace, user=person, role="guest")
        Notice.objects.create(
            kind="member.joined", message="%(name)s has joined the workspace.", params={"name": person.name},
            member=Member.objects.get(user_id=needs(actor.user_id)),
        )  # fmt: skip
    return {"scheduled": str(posts[0].id), "failed": str(posts[0].id), "practice": practice}
