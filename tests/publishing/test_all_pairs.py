"""All pairs of actions at the same moment on one post, one channel, one board, one workspace: nobody waits for somebody
who waits for them, and no change is lost. The order in which rows are locked stands in `kaja.kernel.locks`."""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection, connections

from kaja.channels.credentials import write_credentials
from kaja.channels.models import Channel, Health, Slot
from kaja.channels.sessions import record_health, record_quota
from kaja.channels.slots import set_slots
from kaja.channels.storing import disconnect_channel, store_connection
from kaja.content import actions as content
from kaja.content.actions import groups
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostLabel, PostState, Revision, Variant
from kaja.delivery import actions as delivery
from kaja.delivery.models import State
from kaja.delivery.planning import WAITS
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import run_in_workspace, workspace_scope
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.quotas import Quota
from kaja.publishing import actions as publishing
from kaja.publishing.models import PostDelivery
from kaja.workspaces import actions as people
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Member, Role, Workspace
from tests.people import add_member, member_of
from tests.thorough import times

pytestmark = pytest.mark.django_db(transaction=True)
ACTOR = make_system_actor("tests")
TIMES = times(6, 20)
DUE = timedelta(days=3)


class World:
    """One post on two channels, four cards beside it, and what the actions leave to be counted."""

    def __init__(self, workspace: Workspace) -> None:
        self.id = workspace.id
        self.number = itertools.count(1)
        self.labels: set[str] = set()
        self.member = member_of(workspace)
        add_member(workspace, "jaan@acme.test", Role.CURATOR, "Jaan")
        self.other = member_of(workspace, "jaan@acme.test")
        with workspace_scope(workspace.id):
            self.channels = [
                Channel.objects.create(network="practice", account_id=name, name=name) for name in ("one", "two")
            ]
            self.cards = [content.create_post(ACTOR, text(name)).id for name in "abcd"]
            self.post = content.create_post(ACTOR, text("first"), [self.channels[0].id]).id
            self.campaign = groups.save_campaign(ACTOR, "Launch").id

    def next(self) -> int:
        return next(self.number)


def text(words: str) -> Document:
    return Document(parts=(PartDocument(text=words),))


def add_label(world: World) -> None:
    name = f"label {world.next()}"
    with_lock = content.idea_to_draft(ACTOR, world.post)  # locks it: what is read next is what is changed
    present = set(PostLabel.objects.filter(post=with_lock).values_list("label__name", flat=True))
    content.update_post(ACTOR, world.post, None, {"labels": sorted(present | {name})})
    world.labels.add(name)


def a_delivery(world: World) -> UUID:
    found = PostDelivery.objects.filter(variant__post_id=world.post).values_list("id", flat=True).first()
    return found or new_id()


def both_ways(world: World) -> None:
    content.delete_post(ACTOR, world.post)
    content.restore_post(ACTOR, world.post)


def schedule(world: World) -> None:
    post = Post.objects.get(id=world.post)
    publishing.schedule_post(ACTOR, post, now() + DUE + timedelta(minutes=world.next()))


Action = Callable[[World], Any]
ON_A_POST: dict[str, Action] = {
    "text": lambda w: content.update_post(ACTOR, w.post, None, {"document": text(f"text {w.next()}")}),
    "label": add_label,
    "channels": lambda w: content.set_channels(ACTOR, w.post, None, [c.id for c in w.channels[: 1 + w.next() % 2]]),
    "schedule": schedule,
    "move": lambda w: publishing.move_posts(ACTOR, {w.post: now() + DUE + timedelta(minutes=w.next())}),
    "unschedule": lambda w: publishing.unschedule_post(ACTOR, Post.objects.get(id=w.post)),
    "bin": both_ways,
    "copy": lambda w: content.duplicate_post(ACTOR, w.post),
    "version": lambda w: content.restore_revision(ACTOR, w.post, 1),
    "cancel": lambda w: delivery.cancel_delivery(ACTOR, a_delivery(w)),
    "board": lambda w: content.move_on_board(ACTOR, w.post, w.cards[w.next() % 4]),
    "many": lambda w: publishing.move_posts(
        ACTOR, dict.fromkeys([w.cards[w.next() % 4], w.post, w.cards[0]], now() + DUE + timedelta(minutes=w.next()))
    ),
}


def connect(world: World) -> None:
    facts = Facts(account_id="one", handle="one", name=f"name {world.next()}")
    store_connection(ACTOR, "practice", Connected(facts=facts, credentials={"token": "a"}))


def on_channel(act: Callable[[Channel, World], Any]) -> Action:
    return lambda world: act(Channel.objects.get(id=world.channels[0].id), world)


ON_A_CHANNEL: dict[str, Action] = {
    "slots": lambda w: set_slots(ACTOR, w.channels[0].id, [(w.next() % 7, time(9)), (w.next() % 7, time(18))]),
    "connect": connect,
    "disconnect": lambda w: disconnect_channel(ACTOR, w.channels[0].id),
    "health": on_channel(lambda c, w: record_health(c, Health.UNREACHABLE if w.next() % 2 else Health.OK)),
    "credentials": on_channel(lambda c, w: write_credentials(c.id, {"token": str(w.next())})),
    "quota": on_channel(lambda c, w: record_quota(c, [Quota("posts", limit=10, remaining=w.next() % 10)])),
    "schedule": schedule,
    "channels": ON_A_POST["channels"],
    "there": lambda w: delivery.settle_delivery(ACTOR, a_delivery(w), "there", candidate="x"),
}


def on_card(number: int, state: str) -> Action:
    return lambda world: content.move_on_board(
        ACTOR, world.cards[number], world.cards[(number + world.next()) % 4], state
    )


ON_A_BOARD: dict[str, Action] = {
    "card a": on_card(0, "draft"),
    "card b": on_card(1, "draft"),
    "card c": on_card(2, "idea"),
    "new": lambda w: content.create_post(ACTOR, text("new"), state=PostState.IDEA, first=True),
    "two": lambda w: publishing.move_posts(ACTOR, dict.fromkeys([w.cards[1], w.cards[0]], now() + DUE)),
    "edit": lambda w: content.update_post(ACTOR, w.cards[0], None, {"document": text(f"text {w.next()}")}),
}


def a_label(world: World) -> UUID:
    return groups.create_label(ACTOR, f"word {world.next() % 3}").id


ON_A_WORKSPACE: dict[str, Action] = {
    "settings": lambda w: people.update_workspace(
        ACTOR, name=f"Acme {w.next()}", time_zone="UTC", language="en", late_limit_minutes=30
    ),
    "pause": lambda w: delivery.pause_workspace(ACTOR),
    "resume": lambda w: delivery.resume_workspace(ACTOR),
    "role": lambda w: people.change_role(ACTOR, w.other.id, Role.GUEST if w.next() % 2 else Role.CURATOR),
    "other role": lambda w: people.change_role(ACTOR, w.member.id, Role.GUEST if w.next() % 2 else Role.CURATOR),
    "label": a_label,
    "rename": lambda w: groups.rename_label(ACTOR, a_label(w), f"word {w.next() % 3}"),
    "forget": lambda w: groups.delete_label(ACTOR, a_label(w)),
    "use": lambda w: content.update_post(ACTOR, w.post, None, {"labels": [f"word {w.next() % 3}"]}),
    "campaign": lambda w: groups.save_campaign(ACTOR, f"Launch {w.next() % 3}", campaign_id=w.campaign),
    "new campaign": lambda w: groups.save_campaign(ACTOR, f"Launch {w.next() % 3}", starts_on=date(2030, 1, 1)),
    "archive": lambda w: groups.archive_campaign(ACTOR, w.campaign, archived=bool(w.next() % 2)),
}
PLACES = {"post": ON_A_POST, "channel": ON_A_CHANNEL, "board": ON_A_BOARD, "workspace": ON_A_WORKSPACE}


@pytest.fixture
def world(workspace: Workspace) -> World:
    return World(workspace)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as threads:
        yield threads
        together = Barrier(2)

        def close() -> None:
            together.wait(120)
            connections.close_all()

        for done in [threads.submit(close) for _ in range(2)]:
            done.result()


def at_once(pool: ThreadPoolExecutor, world: World, pair: tuple[Action, Action]) -> list[str]:
    """What went wrong when both acted in the same moment; a refusal in words is no wrong."""
    together = Barrier(2)

    def run(act: Action) -> str:
        try:
            with workspace_scope(world.id):
                together.wait(120)
                act(world)
        except Refused:
            return ""
        except Exception as error:  # noqa: BLE001  # told below
            return f"{type(error).__name__}: {error}"
        return ""

    return [done.result() for done in [pool.submit(run, act) for act in pair]]


@pytest.mark.parametrize("place", PLACES)
def test_all_pairs_of_actions_at_the_same_moment(world: World, pool: ThreadPoolExecutor, place: str) -> None:
    actions = PLACES[place]
    wrong: dict[str, str] = {}
    for first, second in itertools.combinations_with_replacement(actions, 2):
        for _ in range(TIMES):
            for told in at_once(pool, world, (actions[first], actions[second])):
                if told:
                    wrong[f"{first} + {second}"] = told
    assert wrong == {}
    with workspace_scope(world.id):
        nothing_is_lost(world)


def nothing_is_lost(world: World) -> None:
    post = Post.objects.get(id=world.post)
    assert Revision.objects.filter(post=post).latest("number").number == post.revision
    assert Revision.objects.filter(post=post).count() == post.revision, "every saved content is a version"
    present = set(PostLabel.objects.filter(post=post).values_list("label__name", flat=True))
    assert world.labels <= present or not world.labels
    live = set(Variant.objects.filter(post=post, removed_at=None).values_list("channel_id", flat=True))
    rows = list(PostDelivery.objects.filter(variant__post=post, state__in=WAITS))
    if post.state == PostState.SCHEDULED:
        ended = PostDelivery.objects.filter(variant__post=post, state=State.CANCELLED).values_list(
            "channel_id", flat=True
        )
        assert {row.channel_id for row in rows} | (set(ended) & live) == live
        assert {row.due_at for row in rows} <= {post.due_at}
    else:
        assert rows == [], "what is not planned goes nowhere"
    for channel in world.channels:
        assert Slot.objects.filter(channel=channel).count() <= 2
    assert Member.objects.filter(role=Role.CURATOR).exists(), "somebody can manage the workspace"
    ideas = Post.objects.filter(state=PostState.IDEA, deleted_at=None).order_by("position", "id")
    for before in list(ideas.values_list("id", flat=True))[:5]:
        # Also where two were made at one moment and stand at one place.
        card = content.create_post(ACTOR, text("between"), state=PostState.IDEA).id
        content.move_on_board(ACTOR, card, before)
        order = list(ideas.values_list("id", flat=True))
        assert order.index(card) == order.index(before) + 1


def test_a_deadlock_that_happens_all_the_same_is_not_seen(world: World, pool: ThreadPoolExecutor) -> None:
    first, second = world.channels
    tries: list[str] = []
    together = Barrier(2)

    def act(name: str, order: tuple[Channel, Channel]) -> None:
        def work() -> None:
            tries.append(name)
            Channel.objects.filter(id=order[0].id).update(health_failures=1)
            if len(tries) <= 2:
                together.wait(120)
            Channel.objects.filter(id=order[1].id).update(health_failures=1)

        run_in_workspace(world.id, work)

    for done in [pool.submit(act, "a", (first, second)), pool.submit(act, "b", (second, first))]:
        done.result()
    assert len(tries) > 2, "one of them was ended by the database, and did it again"


def test_only_the_database_s_own_reasons_are_repeated(world: World) -> None:
    tries: list[int] = []

    def work() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_cancel_backend(pg_backend_pid())")

    with pytest.raises(OperationalError):
        run_in_workspace(world.id, work)
    assert len(tries) == 1
