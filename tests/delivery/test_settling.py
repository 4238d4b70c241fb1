"""After a restore: nothing goes out until somebody has settled it, and then nothing twice. The network has no keys."""

import os
import threading
import time
from contextlib import ExitStack
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.content.models import Post
from kaja.delivery.actions import (
    Settlement,
    claim_place,
    hold_everything,
    look_at_channel,
    resume_workspace,
    settle_workspace,
)
from kaja.delivery.holds import list_strangers, list_unsettled
from kaja.delivery.models import Attempt, Inventory, Publication, State
from kaja.kernel.clock import now
from kaja.kernel.outside import take_waiting_place
from kaja.kernel.problems import Conflict, NotAllowed, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Held, Instance, Notice, Role, Workspace
from kaja.workspaces.outside import PER_WORKSPACE
from tests.people import actor, add_member, browser
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    ACTOR,
    connect_practice,
    deliveries_of,
    later,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def forget(workspace: Workspace, *posts: Post) -> None:
    """The database as the backup has it: planned, and nothing known of what went out since."""
    with workspace_scope(workspace.id):
        rows = PostDelivery.objects.filter(variant__post__in=posts)
        Publication.objects.filter(delivery__in=rows).delete()
        Attempt.objects.filter(delivery__in=rows).delete()
        rows.update(
            state=State.SCHEDULED, remote_id="", remote_url="", sent_at=None, content=None, announce="", fence=0
        )
        for row in rows:
            PostDelivery.objects.filter(id=row.id).update(next_at=row.due_at if row.position == 0 else None)


def held(workspace: Workspace) -> Workspace:
    with workspace_scope(workspace.id):
        return Workspace.objects.get(id=workspace.id)


def verdicts(workspace: Workspace) -> list[tuple[str, str]]:
    with workspace_scope(workspace.id):
        return [(each.subject.title, each.verdict) for each in list_unsettled(held(workspace))]


def settle(workspace: Workspace, settlement: Settlement) -> dict[str, int]:
    with workspace_scope(workspace.id):
        return settle_workspace(actor(workspace), settlement)


def texts(practice: PracticeServer) -> list[str]:
    return sorted(item["text"] for item in practice.truth())


def restored(practice: PracticeServer, workspace: Workspace) -> tuple[Channel, list[Post]]:
    """Three posts of which two went out after the backup (one of them a thread), and a stranger on the network."""
    channel = connect_practice(practice, workspace, "bakery")
    since = now()
    with running_engine():
        one = plan_post(workspace, [channel], "Fresh rye today")
        thread = plan_post(workspace, [channel], "How we bake", "Part two", "Part three")
        wait_for_states(workspace, one, "sent")
        wait_for_states(workspace, thread, "sent", "sent", "sent")
    practice.post(practice.account("bakery"), "Written after the backup")
    never = plan_post(workspace, [channel], "Not out yet")
    forget(workspace, one, thread)
    assert hold_everything(ACTOR, Held.RESTORE, since) == [workspace.id]
    return channel, [one, thread, never]


def test_nothing_is_sent_before_it_is_settled_and_nothing_twice_afterwards(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel, [one, thread, never] = restored(practice, workspace)
    before = texts(practice)
    due = later(0.2)
    future = plan_post(workspace, [channel], "Due while nobody looked", due_at=due)
    while now() < due:
        time.sleep(0.02)
    with running_engine():
        look_at_channel(workspace.id, channel.id)
        with workspace_scope(workspace.id):
            unknown = [post["text"] for each in list_strangers() for post in each.strangers]
        assert unknown == ["Written after the backup"]
        assert [verdict for _, verdict in verdicts(workspace)] == ["there"] * 4 + ["missing"] * 2
        assert {words for words, verdict in verdicts(workspace) if verdict == "missing"} == {
            "Not out yet",
            "Due while nobody looked",
        }
        with workspace_scope(workspace.id), pytest.raises(Conflict):
            resume_workspace(actor(workspace))
        assert texts(practice) == before, "the engine has run all the while"
        counts = settle(workspace, Settlement(missing="send", unclear="skip"))
        assert counts == {"there": 4, "send": 2, "skip": 0, "later": 0}
        wait_for_states(workspace, never, "sent")
        wait_for_states(workspace, future, "sent")
    assert texts(practice) == sorted([*before, "Not out yet", "Due while nobody looked"])
    assert [row.state for post in (one, thread) for row in deliveries_of(workspace, post)] == ["sent"] * 4
    gone_on = held(workspace)
    assert (gone_on.held_at, gone_on.paused_at, gone_on.held_reason) == (None, None, "")
    with workspace_scope(workspace.id):
        assert not Inventory.objects.exists()
        assert Publication.objects.count() == 6
        with pytest.raises(Conflict):
            settle_workspace(actor(workspace), Settlement("skip", "skip"))


def test_each_is_decided_by_itself_where_somebody_wants_that(practice: PracticeServer, workspace: Workspace) -> None:
    channel, [one, _, never] = restored(practice, workspace)
    look_at_channel(workspace.id, channel.id)
    [row] = deliveries_of(workspace, never)
    at = later(3600)
    settle(workspace, Settlement("skip", "skip", at, {row.id: "later"}))
    [moved] = deliveries_of(workspace, never)
    assert (moved.state, moved.due_at) == (State.SCHEDULED, at)
    assert [each.state for each in deliveries_of(workspace, one)] == ["sent"]


def test_what_nobody_could_look_at_is_unclear_and_never_missing(practice: PracticeServer, workspace: Workspace) -> None:
    channel, posts = restored(practice, workspace)
    assert {verdict for _, verdict in verdicts(workspace)} == {"unclear"}, "not looked at yet"
    practice.revoke("bakery")
    look_at_channel(workspace.id, channel.id)
    assert {verdict for _, verdict in verdicts(workspace)} == {"unclear"}
    with workspace_scope(workspace.id):
        [inventory] = list_strangers()
        assert inventory.problem
        [row] = PostDelivery.objects.filter(variant__post=posts[0])
        with pytest.raises(Refused):
            settle_workspace(actor(workspace), Settlement("skip", "skip", None, {row.id: "there"}))
    assert held(workspace).held_at is not None, "a refused decision changes nothing"


def test_one_post_on_the_network_stands_for_one_of_two_with_the_same_words(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    since = now()
    with running_engine():
        first = plan_post(workspace, [channel], "Open now")
        wait_for_states(workspace, first, "sent")
    twin = plan_post(workspace, [channel], "Open now")
    forget(workspace, first)
    hold_everything(ACTOR, Held.RESTORE, since)
    look_at_channel(workspace.id, channel.id)
    assert verdicts(workspace) == [("Open now", "there"), ("Open now", "missing")]
    settle(workspace, Settlement("send", "skip"))
    with running_engine():
        wait_for_states(workspace, twin, "sent")
    assert texts(practice) == ["Open now", "Open now"]


def test_a_look_costs_the_same_for_many_and_reaches_no_further_than_the_memory(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.post(practice.account("bakery"), "Of before the backup")
    posts = [plan_post(workspace, [channel], f"Due, {number}") for number in range(5)]
    [failed] = deliveries_of(workspace, posts[0])
    with workspace_scope(workspace.id):
        # It failed last spring, still waits for a person, and is no reason to list all that was posted since then.
        PostDelivery.objects.filter(id=failed.id).update(
            state=State.FAILED, needs_person=True, due_at=later(-200 * 86400)
        )
    hold_everything(ACTOR, Held.RESTORE, later(3600))

    def count_queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            look_at_channel(workspace.id, channel.id)
        return len(asked)

    look_at_channel(workspace.id, channel.id)
    with workspace_scope(workspace.id):
        assert list_strangers() == []
    many = count_queries()
    with workspace_scope(workspace.id):
        PostDelivery.objects.exclude(id=failed.id).update(state=State.CANCELLED)
    assert count_queries() == many


def test_a_person_who_looks_waits_where_all_who_wait_for_networks_do(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel, _ = restored(practice, workspace)
    address, browsing = f"/w/{workspace.slug}/settle/look/", browser(workspace)
    with ExitStack() as others:
        for _ in range(PER_WORKSPACE):
            others.enter_context(take_waiting_place({f"workspace {workspace.id}": PER_WORKSPACE}))
        assert browsing.post(address).status_code == 429
    assert browsing.post(address).status_code == 302
    with workspace_scope(workspace.id):
        assert Inventory.objects.get().channel_id == channel.id


@pytest.mark.parametrize(("begun", "state"), [(False, State.WAITING), (True, State.UNCERTAIN)])
def test_what_was_being_sent_when_the_backup_was_made_is_not_sent_again(
    practice: PracticeServer, workspace: Workspace, begun: bool, state: State
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    since = now()
    with running_engine():
        post = plan_post(workspace, [channel], "On its way")
        [sent] = wait_for_states(workspace, post, "sent")
    forget(workspace, post)
    with workspace_scope(workspace.id):
        # Claimed by a worker of then, whose lease is not over: its files go up, or the last call has begun.
        ends, rows = later(90), PostDelivery.objects.filter(id=sent.id)
        rows.update(
            state=State.SENDING, fence=1, claimed_by=7, lease_until=ends, next_at=ends, content=sent.content,
            stage="publish",
        )  # fmt: skip
        if begun:
            Attempt.objects.create(delivery_id=sent.id, fence=1, stage="publish", irreversible=True, started_at=since)
    hold_everything(ACTOR, Held.RESTORE, since)
    [row] = deliveries_of(workspace, post)
    assert (row.state, row.fence, row.lease_until) == (state, 2, None)
    look_at_channel(workspace.id, channel.id)
    assert verdicts(workspace) == ([] if begun else [("On its way", "there")]), "the engine looks for what had begun"
    settle(workspace, Settlement(missing="send", unclear="send"))
    with running_engine():
        wait_for_states(workspace, post, "sent")
    assert texts(practice) == ["On its way"]


def test_a_workspace_that_was_paused_before_stays_paused(practice: PracticeServer, workspace: Workspace) -> None:
    before = now() - timedelta(hours=1)
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(paused_at=before)
    assert hold_everything(ACTOR, Held.RESTORE, before) == [workspace.id]
    assert hold_everything(ACTOR, Held.RESTORE, before) == []
    settle(workspace, Settlement("skip", "skip"))
    assert held(workspace).paused_at == before


def test_a_copy_at_another_place_is_held_until_it_is_settled(workspace: Workspace) -> None:
    assert claim_place(ACTOR, None), "the first start claims the place"
    assert claim_place(ACTOR, None)
    assert held(workspace).held_at is None
    Instance.objects.update(place="the fingerprint of where it was copied from")
    assert not claim_place(ACTOR, None)
    copied = held(workspace)
    assert (copied.held_reason, copied.paused_at) == (Held.COPY, copied.held_at)
    with workspace_scope(workspace.id):
        assert Notice.objects.filter(kind="workspace.held").exists()
    assert claim_place(ACTOR, None), "and stays held until it is settled, however often it starts"
    assert held(workspace).held_at is not None


def test_the_page_shows_what_was_due_and_takes_the_decision(practice: PracticeServer, workspace: Workspace) -> None:
    channel, _ = restored(practice, workspace)
    look_at_channel(workspace.id, channel.id)
    add_member(workspace, "guest@acme.test", Role.GUEST)
    address = f"/w/{workspace.slug}/settle/"
    shown = browser(workspace).get(address).content.decode()
    assert "It is on the network." in shown
    assert "It is not on the network." in shown
    assert "Written after the backup" in shown
    assert "Nothing is sent until it is settled" in shown, "the banner of every page"
    for_guest = browser(workspace, "guest@acme.test")
    assert "A curator of the workspace decides." in for_guest.get(address).content.decode()
    assert for_guest.post(f"{address}decide/", {"missing": "send", "unclear": "skip"}).status_code == 403
    assert held(workspace).held_at is not None
    done = browser(workspace).post(f"{address}decide/", {"missing": "skip", "unclear": "skip"}, follow=True)
    assert "It is settled." in done.content.decode()
    assert held(workspace).held_at is None
    with workspace_scope(workspace.id), pytest.raises(NotAllowed):
        settle_workspace(actor(workspace, "guest@acme.test"), Settlement("skip", "skip"))


def test_whoever_settles_takes_the_rows_in_the_one_order(practice: PracticeServer, workspace: Workspace) -> None:
    """By their ids, not by their times: else it and whoever changes two of the posts could wait for each other."""
    channel = connect_practice(practice, workspace, "bakery")
    first, second = (plan_post(workspace, [channel], text) for text in ("Due last", "Due first"))
    [low], [high] = deliveries_of(workspace, first), deliveries_of(workspace, second)
    assert low.id < high.id
    with workspace_scope(workspace.id):
        PostDelivery.objects.filter(id=high.id).update(due_at=now() - timedelta(minutes=5))
    hold_everything(ACTOR, Held.CLOCK, now())
    settling = threading.Thread(target=lambda: settle(workspace, Settlement("skip", "skip")))
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name) as own:
        own.execute("SELECT 1 FROM publishing_delivery WHERE id = %s FOR UPDATE", [low.id])
        settling.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], autocommit=True) as watcher:
            wait_until(lambda: watcher.execute(waiting, [name]).fetchone() == (1,))
        own.execute("SELECT 1 FROM publishing_delivery WHERE id = %s FOR UPDATE NOWAIT", [high.id])
    settling.join(60)
    assert {row.state for row in (*deliveries_of(workspace, first), *deliveries_of(workspace, second))} == {"cancelled"}
