"""Scheduled posts in a crisis: counted, paused by a filter, and decided about at the end."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.content.actions import update_post
from kaja.content.actions.groups import save_campaign
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostState
from kaja.crisis.actions import Choice, Ending, end_crisis, pause_planned
from kaja.crisis.models import Crisis, Outcome
from kaja.crisis.queries import Planned, PlannedFilter, describe_planned, list_undecided
from kaja.delivery.models import State
from kaja.delivery.problems import WITHDRAWN
from kaja.kernel import clock
from kaja.kernel.problems import Conflict, NotAllowed, Refused
from kaja.publishing.actions import schedule_post
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Role, Workspace
from tests.crisis.begun import begin, outcomes, plan
from tests.people import actor, add_member

ALL = PlannedFilter()


@pytest.fixture
def channels(in_workspace: Workspace) -> list[Channel]:
    return [Channel.objects.create(network="practice", account_id=name, name=name) for name in ("Bakery", "Shop")]


def state_of(post: Post) -> tuple[str, bool]:
    post.refresh_from_db()
    return str(post.state), PostDelivery.objects.filter(variant__post=post, state=State.SCHEDULED).exists()


def test_the_filter_counts_what_it_pauses(in_workspace: Workspace, channels: list[Channel]) -> None:
    bakery, shop = channels
    campaign = save_campaign(actor(in_workspace), "Christmas")
    one = plan(in_workspace, [bakery], "one", labels=["offer"])
    two = plan(in_workspace, [shop], "two", campaign=campaign.id)
    both = plan(in_workspace, [bakery, shop], "both", labels=["offer", "news"], campaign=campaign.id)
    draft = plan(in_workspace, [bakery], "draft")
    Post.objects.filter(id=draft.id).update(state=PostState.DRAFT)

    def counted(wanted: PlannedFilter) -> list[str]:
        found = describe_planned(wanted)
        assert found.count == len(found.shown)
        return sorted(post.summary for post in found.shown)

    assert counted(ALL) == ["both", "one", "two"]
    assert counted(PlannedFilter(channels=frozenset({bakery.id}))) == ["both", "one"]
    assert counted(PlannedFilter(labels=frozenset({"offer", "none"}))) == ["both", "one"]
    assert counted(PlannedFilter(campaigns=frozenset({campaign.id}))) == ["both", "two"]
    wanted = PlannedFilter(frozenset({shop.id}), frozenset({"offer"}))
    assert counted(wanted) == ["both"]
    crisis = begin(in_workspace)
    assert pause_planned(actor(in_workspace), crisis.id, wanted) == Planned(1, 0, ())
    assert [state_of(post) for post in (one, two, both)] == [("scheduled", True), ("scheduled", True), ("draft", False)]
    assert outcomes(crisis) == {"both": Outcome.OPEN}
    both.refresh_from_db()
    assert both.due_at is not None  # it keeps its time
    assert pause_planned(actor(in_workspace), crisis.id, ALL) == Planned(2, 0, ())
    assert counted(ALL) == []


def test_a_post_that_was_planned_again_is_paused_again(in_workspace: Workspace, channels: list[Channel]) -> None:
    post, crisis = plan(in_workspace, channels, "again"), begin(in_workspace)
    pause_planned(actor(in_workspace), crisis.id, ALL)
    schedule_post(actor(in_workspace), post, clock.now() + timedelta(days=2))
    assert describe_planned(ALL).count == 1
    pause_planned(actor(in_workspace), crisis.id, ALL)
    [row] = list_undecided(crisis)
    assert row.due_at is not None
    assert row.due_at > clock.now() + timedelta(days=1, hours=12)


def test_the_end_decides_about_each_and_sends_nothing_whose_time_has_passed(
    in_workspace: Workspace, channels: list[Channel]
) -> None:
    posts = {name: plan(in_workspace, channels, name) for name in ("moved", "own", "kept", "gone", "late", "other")}
    crisis = begin(in_workspace)
    pause_planned(actor(in_workspace), crisis.id, ALL)
    for row in list_undecided(crisis):
        if row.post.summary == "late":
            row.due_at = clock.now() - timedelta(hours=1)
            row.save()
    schedule_post(actor(in_workspace), posts["other"], clock.now() + timedelta(days=3))
    later = clock.now() + timedelta(days=5)
    own = {
        posts["moved"].id: Choice("resume", later),
        posts["kept"].id: Choice("keep"),
        posts["gone"].id: Choice("delete"),
    }
    end_crisis(actor(in_workspace), crisis.id, Ending("resume", own))
    assert outcomes(crisis) == {
        "moved": "resumed", "own": "resumed", "kept": "kept", "gone": "deleted", "late": "kept", "other": "elsewhere",
    }  # fmt: skip
    assert {name: state_of(post)[0] for name, post in posts.items()} == {
        "moved": "scheduled", "own": "scheduled", "kept": "draft", "gone": "draft", "late": "draft",
        "other": "scheduled",
    }  # fmt: skip
    assert posts["moved"].due_at == later
    assert posts["gone"].deleted_at is not None
    assert all(state_of(posts[name])[1] for name in ("moved", "own", "other"))
    in_workspace.refresh_from_db()
    assert in_workspace.crisis_at is None


def test_who_asks_for_what_cannot_be_ends_nothing(in_workspace: Workspace, channels: list[Channel]) -> None:
    late, fine = plan(in_workspace, channels, "late"), plan(in_workspace, channels, "fine")
    crisis = begin(in_workspace)
    pause_planned(actor(in_workspace), crisis.id, ALL)
    past = Choice("resume", clock.now() - timedelta(minutes=5))
    with pytest.raises(Refused) as caught:
        end_crisis(actor(in_workspace), crisis.id, Ending("delete", {late.id: past}))
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [("paused_time_over", str(late.id))]
    # Somebody emptied its channels meanwhile: it cannot go anywhere.
    fine.variants.update(removed_at=clock.now())
    with pytest.raises(Refused) as caught:
        end_crisis(actor(in_workspace), crisis.id, Ending("keep", {fine.id: Choice("resume")}))
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [("no_channels", str(fine.id))]
    assert Crisis.objects.get().ended_at is None
    assert outcomes(crisis) == {"late": "", "fine": ""}
    assert [state_of(post)[0] for post in (late, fine)] == ["draft", "draft"]


@pytest.mark.parametrize(
    "ended",
    [{"state": State.UNCERTAIN}, {"state": State.CANCELLED, "problem": asdict(WITHDRAWN), "needs_person": False}],
    ids=["in doubt", "given up"],
)
def test_an_edit_does_not_allow_what_was_being_sent_only_planning_anew_does(
    in_workspace: Workspace, channels: list[Channel], ended: dict[str, Any]
) -> None:
    post, crisis = plan(in_workspace, channels[:1], "in doubt"), begin(in_workspace)
    rows = PostDelivery.objects.filter(variant__post=post)
    rows.update(state=State.UNCERTAIN, attempts_made=1)
    assert pause_planned(actor(in_workspace), crisis.id, ALL) == Planned(1, 1, ())
    rows.update(**ended)
    update_post(actor(in_workspace), post.id, None, {"document": Document(parts=(PartDocument(text="as it is"),))})
    assert [(row.state, row.allowed) for row in rows] == [(ended["state"], False)]
    rows.update(state=State.CANCELLED)
    schedule_post(actor(in_workspace), post, clock.now() + timedelta(days=2))
    assert [(row.state, row.allowed) for row in rows.all()] == [(State.SCHEDULED, True)]


def test_a_channel_that_is_taken_off_and_put_back_carries_its_post(
    in_workspace: Workspace, channels: list[Channel]
) -> None:
    post, _crisis = plan(in_workspace, channels, "both"), begin(in_workspace)
    for ids in ([channels[0].id], [each.id for each in channels]):
        update_post(actor(in_workspace), post.id, None, {"channels": ids})
    rows = PostDelivery.objects.filter(variant__post=post)
    assert [(row.state, row.allowed) for row in rows] == [(State.SCHEDULED, True)] * 2


def test_after_the_end_nothing_is_paused_or_ended_again(in_workspace: Workspace, channels: list[Channel]) -> None:
    crisis = begin(in_workspace)
    end_crisis(actor(in_workspace), crisis.id, Ending())
    for again in (
        lambda: end_crisis(actor(in_workspace), crisis.id, Ending()),
        lambda: pause_planned(actor(in_workspace), crisis.id, ALL),
    ):
        with pytest.raises(Conflict):
            again()
    assert begin(in_workspace).id != crisis.id


def test_only_who_manages_pauses_and_ends(in_workspace: Workspace, channels: list[Channel]) -> None:
    post, crisis = plan(in_workspace, channels), begin(in_workspace)
    add_member(in_workspace, "maria@acme.test", Role.CONTENT_MANAGER)
    maria = actor(in_workspace, "maria@acme.test")
    for refused in (
        lambda: pause_planned(maria, crisis.id, ALL),
        lambda: end_crisis(maria, crisis.id, Ending()),
    ):
        with pytest.raises(NotAllowed):
            refused()
    assert state_of(post) == ("scheduled", True)
