"""Moving posts, one or many, and taking it back."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from kaja.channels.models import Channel, Slot
from kaja.content import actions
from kaja.content.models import Post, PostState
from kaja.content.queries import get_post, list_labels_of
from kaja.delivery.models import Delivery, State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.web.calendar.payload import MANY
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member, browser
from tests.web.calendar.conftest import Ask, local, make_channel, make_post, reload, soon, undo_of, wall


def test_draft_moves_and_comes_back(ask: Ask, person: Client, workspace: Workspace) -> None:
    at = soon()
    post = make_post(workspace, "x", at)
    answer = ask("move", post=post.id, to=f"{at + timedelta(days=2):%Y-%m-%d}T11:15")
    assert answer.status_code == 200, answer.content
    moved = reload(workspace, post.id)
    assert local(moved.due_at) == f"{at + timedelta(days=2):%Y-%m-%d}T11:15"
    assert moved.state == PostState.DRAFT
    assert "11:15" in answer.json()["said"]
    back = person.post(undo_of(answer), HTTP_REFERER="http://testserver/w/acme/calendar/?view=month")
    assert back["Location"] == "http://testserver/w/acme/calendar/?view=month"
    assert reload(workspace, post.id).due_at == at
    # A second time there is nothing to take back.
    person.post(undo_of(answer))
    assert "taken back already" in person.get("/w/acme/calendar/").content.decode()


def test_scheduled_post_takes_its_deliveries_along(
    ask: Ask, person: Client, workspace: Workspace, channel: Channel
) -> None:
    at = soon()
    post = make_post(workspace, "x", at, (channel,), scheduled=True)
    answer = ask("move", post=post.id, to=f"{at:%Y-%m-%d}T17:30")
    assert answer.status_code == 200
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
    assert (row.state, local(row.due_at), local(row.next_at)) == (State.SCHEDULED, *[f"{at:%Y-%m-%d}T17:30"] * 2)
    person.post(undo_of(answer))
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
    assert (row.due_at, row.next_at) == (at, at)
    assert reload(workspace, post.id).state == PostState.SCHEDULED


@pytest.mark.parametrize("state", [State.SENT, State.SENDING, State.UNCERTAIN, State.PROCESSING])
def test_what_has_gone_out_does_not_move(ask: Ask, workspace: Workspace, channel: Channel, state: str) -> None:
    at = soon()
    post = make_post(workspace, "x", at, (channel,), scheduled=True)
    with workspace_scope(workspace.id):
        Delivery.objects.update(state=state, remote_id="r")
    answer = ask("move", post=post.id, to=f"{at + timedelta(days=1):%Y-%m-%d}T09:00")
    assert answer.status_code == 422
    assert "gone out already" in answer.json()["problems"][0]["text"]
    assert "Duplicate" in answer.json()["problems"][0]["fix"]
    assert reload(workspace, post.id).due_at == at


def test_half_sent_post_does_not_move_its_other_half(ask: Ask, workspace: Workspace, channel: Channel) -> None:
    at, other = soon(), make_channel(workspace, "Two")
    post = make_post(workspace, "x", at, (channel, other), scheduled=True)
    with workspace_scope(workspace.id):
        Delivery.objects.filter(channel=channel).update(state=State.SENT, remote_id="r")
    assert ask("move", post=post.id, to=f"{at + timedelta(days=1):%Y-%m-%d}T09:00").status_code == 422
    with workspace_scope(workspace.id):
        assert Delivery.objects.get(channel=other).due_at == at


@pytest.mark.parametrize("scheduled", [True, False])
def test_past_is_refused(ask: Ask, workspace: Workspace, channel: Channel, scheduled: bool) -> None:
    at = soon()
    post = make_post(workspace, "x", at, (channel,), scheduled=scheduled)
    answer = ask("move", post=post.id, to="2020-01-01T09:00")
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "time_in_past"
    assert reload(workspace, post.id).due_at == at


def test_same_time_on_the_same_channel_is_said(ask: Ask, workspace: Workspace, channel: Channel) -> None:
    at, other = soon(), make_channel(workspace, "Two")
    make_post(workspace, "stands there", at, (channel,))
    post = make_post(workspace, "comes", at + timedelta(days=1), (channel, other))
    answer = ask("move", post=post.id, to=f"{at:%Y-%m-%dT%H:%M}")
    assert answer.status_code == 200
    assert "same time on Acme." in answer.json()["said"]
    assert reload(workspace, post.id).due_at == at
    # Ideas and another channel are no conflict.
    make_post(workspace, "an idea", at + timedelta(hours=1), (channel,), state=PostState.IDEA)
    make_post(workspace, "elsewhere", at + timedelta(hours=1), (make_channel(workspace, "Three"),))
    free = ask("move", post=post.id, to=f"{at + timedelta(hours=1):%Y-%m-%dT%H:%M}")
    assert "same time" not in free.json()["said"]


class TestClockChanges:
    def test_skipped_time_is_resolved_and_said(self, ask: Ask, workspace: Workspace) -> None:
        post = make_post(workspace, "x", wall("2027-03-27T03:30"))
        answer = ask("move", post=post.id, to="2027-03-28T03:30")
        assert "does not exist" in answer.json()["said"]
        assert reload(workspace, post.id).due_at == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
        assert local(reload(workspace, post.id).due_at) == "2027-03-28T04:30"

    def test_doubled_time_is_the_first_and_said(self, ask: Ask, workspace: Workspace) -> None:
        post = make_post(workspace, "x", wall("2027-10-30T03:30"))
        answer = ask("move", post=post.id, to="2027-10-31T03:30")
        assert "twice" in answer.json()["said"]
        assert reload(workspace, post.id).due_at == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)

    def test_many_keep_their_wall_clock_time_across_the_change(self, ask: Ask, workspace: Workspace) -> None:
        posts = [make_post(workspace, "x", wall(f"2027-03-2{day}T09:00")) for day in (2, 5)]
        assert ask("bulk", do="shift", days=7, posts=[p.id for p in posts]).status_code == 200
        assert [local(reload(workspace, p.id).due_at) for p in posts] == ["2027-03-29T09:00", "2027-04-01T09:00"]
        # Seven days of the clock are an hour less than seven times 24 hours.
        assert reload(workspace, posts[0].id).due_at == posts[0].due_at + timedelta(hours=7 * 24 - 1)  # type: ignore[operator]


class TestWalls:
    def test_post_of_another_workspace_is_not_there(
        self, ask: Ask, workspace: Workspace, other_workspace: Workspace
    ) -> None:
        at = soon()
        theirs = make_post(other_workspace, "theirs", at)
        assert ask("move", post=theirs.id, to=f"{at + timedelta(days=1):%Y-%m-%d}T09:00").status_code == 404
        mine = make_post(workspace, "mine", at)
        for what in ({"do": "delete"}, {"do": "shift", "days": 1}, {"do": "label", "label": "x"}, {"do": "publish"}):
            assert ask("bulk", posts=[mine.id, theirs.id], **what).status_code == 404
        assert reload(other_workspace, theirs.id).deleted_at is None
        assert reload(workspace, mine.id).deleted_at is None
        assert reload(workspace, mine.id).due_at == at

    def test_campaign_of_another_workspace_is_not_there(
        self, ask: Ask, workspace: Workspace, other_workspace: Workspace
    ) -> None:
        from kaja.content.actions.groups import save_campaign

        with workspace_scope(other_workspace.id):
            campaign = save_campaign(actor(other_workspace), "Theirs")
        post = make_post(workspace, "x", soon())
        assert ask("bulk", do="campaign", campaign=campaign.id, posts=[post.id]).status_code == 404
        assert reload(workspace, post.id).campaign_id is None

    def test_undo_belongs_to_its_person_and_workspace(
        self, ask: Ask, workspace: Workspace, other_workspace: Workspace
    ) -> None:
        at = soon()
        post = make_post(workspace, "x", at)
        answer = ask("move", post=post.id, to=f"{at + timedelta(days=1):%Y-%m-%d}T09:00")
        add_member(workspace, "piret@acme.test")
        browser(workspace, "piret@acme.test").post(undo_of(answer))
        assert reload(workspace, post.id).due_at != at

    def test_undo_leads_only_into_the_workspace(self, ask: Ask, person: Client, workspace: Workspace) -> None:
        post = make_post(workspace, "x", soon())
        answer = ask("bulk", do="shift", days=1, posts=[post.id])
        back = person.post(undo_of(answer), HTTP_REFERER="https://evil.test/w/acme/calendar/")
        assert back["Location"] == "/w/acme/"

    @pytest.mark.parametrize("role", [Role.DESIGNER, Role.ANALYST])
    def test_scheduled_post_needs_the_right_to_publish(
        self, ask: Ask, workspace: Workspace, channel: Channel, role: str
    ) -> None:
        at = soon()
        post = make_post(workspace, "x", at, (channel,), scheduled=True)
        add_member(workspace, "other@acme.test", role)
        client = browser(workspace, "other@acme.test")
        answer = ask("move", client=client, post=post.id, to=f"{at + timedelta(days=1):%Y-%m-%d}T09:00")
        assert answer.status_code in (400, 403)
        assert reload(workspace, post.id).due_at == at
        ask("bulk", client=client, do="delete", posts=[post.id])
        assert reload(workspace, post.id).deleted_at is None


@pytest.mark.parametrize(
    "body",
    [
        {}, {"post": "x", "to": "2030-01-01T09:00"}, {"post": str(uuid4()), "to": "soon"}, {"post": None, "to": None},
        {"post": str(uuid4()), "to": "2030-01-01T09:00", "more": 1}, {"post": str(uuid4()), "to": "0001-01-01T00:00"},
    ],
)  # fmt: skip
def test_unreadable_move_is_refused_in_words(ask: Ask, workspace: Workspace, body: dict[str, Any]) -> None:
    answer = ask("move", **body)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["text"].endswith("Nothing was changed.")


@pytest.mark.parametrize(
    "body",
    [
        {}, {"do": "explode", "posts": [str(uuid4())]}, {"do": "delete", "posts": []}, {"do": "delete", "posts": "all"},
        {"do": "shift", "days": 10**9, "posts": [str(uuid4())]}, {"do": "day", "day": "x", "posts": [str(uuid4())]},
    ],
)  # fmt: skip
def test_unreadable_bulk_is_refused_in_words(ask: Ask, workspace: Workspace, body: dict[str, Any]) -> None:
    answer = ask("bulk", **body)
    assert answer.status_code == 422
    assert answer.json()["problems"][0]["code"] == "calendar_invalid"


def test_too_many_at_once_are_refused(ask: Ask, workspace: Workspace) -> None:
    answer = ask("bulk", do="delete", posts=[uuid4() for _ in range(MANY + 1)])
    assert answer.json()["problems"][0]["code"] == "too_many_posts"


class TestMany:
    def test_those_that_cannot_move_stay_and_are_named(self, ask: Ask, workspace: Workspace, channel: Channel) -> None:
        at = soon()
        sent = make_post(workspace, "this one is out", at, (channel,), scheduled=True)
        with workspace_scope(workspace.id):
            Delivery.objects.update(state=State.SENT, remote_id="r")
        free = make_post(workspace, "free", at)
        answer = ask("bulk", do="day", day=f"{at + timedelta(days=3):%Y-%m-%d}", posts=[sent.id, free.id])
        said = answer.json()["said"]
        assert said.startswith("1 post moved.")
        assert "“this one is out”" in said
        assert "gone out already" in said
        assert reload(workspace, sent.id).due_at == at
        assert local(reload(workspace, free.id).due_at) == f"{at + timedelta(days=3):%Y-%m-%d}T09:00"

    def test_next_free_slots_are_filled_in_order(self, ask: Ask, workspace: Workspace, channel: Channel) -> None:
        with workspace_scope(workspace.id):
            for weekday in range(7):
                Slot.objects.create(channel=channel, weekday=weekday, time=time(6))
        posts = [make_post(workspace, f"p{n}", soon(20 + n), (channel,)) for n in range(3)]
        assert ask("bulk", do="slots", posts=[p.id for p in reversed(posts)]).status_code == 200
        times = [reload(workspace, p.id).due_at for p in posts]
        assert times == sorted(set(times))  # type: ignore[type-var]
        assert {local(t)[11:] for t in times} == {"06:00"}
        assert times[2] - times[0] == timedelta(days=2)  # type: ignore[operator]

    def test_no_slot_is_said(self, ask: Ask, workspace: Workspace, channel: Channel) -> None:
        post = make_post(workspace, "x", soon(), (channel,))
        said = ask("bulk", do="slots", posts=[post.id]).json()["said"]
        assert said.startswith("0 posts moved.")
        assert "no free slot" in said

    def test_deleting_is_undone_with_the_schedule(
        self, ask: Ask, person: Client, workspace: Workspace, channel: Channel
    ) -> None:
        at = soon()
        planned = make_post(workspace, "planned", at, (channel,), scheduled=True)
        draft = make_post(workspace, "draft", at)
        answer = ask("bulk", do="delete", posts=[planned.id, draft.id])
        with workspace_scope(workspace.id):
            assert Post.objects.filter(deleted_at__isnull=False).count() == 2
            assert Delivery.objects.get().state == State.CANCELLED
        person.post(undo_of(answer))
        assert (reload(workspace, planned.id).state, reload(workspace, planned.id).due_at) == (PostState.SCHEDULED, at)
        assert reload(workspace, draft.id).state == PostState.DRAFT
        with workspace_scope(workspace.id):
            row = Delivery.objects.get()
        assert (row.state, row.next_at) == (State.SCHEDULED, at)

    def test_what_became_late_in_the_bin_comes_back_as_a_draft(
        self, ask: Ask, person: Client, workspace: Workspace, channel: Channel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at = soon()
        post = make_post(workspace, "x", at, (channel,), scheduled=True)
        answer = ask("bulk", do="delete", posts=[post.id])
        later = at + timedelta(hours=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        monkeypatch.setattr("kaja.publishing.actions.moving.now", lambda: later)
        person.post(undo_of(answer))
        assert (reload(workspace, post.id).state, reload(workspace, post.id).deleted_at) == (PostState.DRAFT, None)
        with workspace_scope(workspace.id):
            assert Delivery.objects.get().state == State.CANCELLED
        assert "could not be scheduled again" in person.get("/w/acme/calendar/").content.decode()

    def test_unscheduling_is_undone(self, ask: Ask, person: Client, workspace: Workspace, channel: Channel) -> None:
        at = soon()
        post = make_post(workspace, "x", at, (channel,), scheduled=True)
        answer = ask("bulk", do="unschedule", posts=[post.id])
        assert reload(workspace, post.id).state == PostState.DRAFT
        person.post(undo_of(answer))
        assert reload(workspace, post.id).state == PostState.SCHEDULED
        with workspace_scope(workspace.id):
            assert Delivery.objects.get().state == State.SCHEDULED

    def test_undo_leaves_what_somebody_planned_meanwhile(self, ask: Ask, person: Client, workspace: Workspace) -> None:
        at = soon()
        one, two = make_post(workspace, "one", at), make_post(workspace, "two", at)
        answer = ask("bulk", do="shift", days=1, posts=[one.id, two.id])
        newer = at + timedelta(days=9)
        with workspace_scope(workspace.id):
            actions.update_post(actor(workspace), two.id, None, {"due_at": newer})
        person.post(undo_of(answer))
        assert (reload(workspace, one.id).due_at, reload(workspace, two.id).due_at) == (at, newer)
        assert "scheduled this post again" in person.get("/w/acme/calendar/").content.decode()

    def test_campaign_and_labels_are_given_and_taken_back(self, ask: Ask, person: Client, workspace: Workspace) -> None:
        from kaja.content.actions.groups import save_campaign

        with workspace_scope(workspace.id):
            campaign = save_campaign(actor(workspace), "Spring")
        post = make_post(workspace, "x", soon(), labels=["old"])
        ask("bulk", do="campaign", campaign=campaign.id, posts=[post.id])
        answer = ask("bulk", do="label", label="  new  word ", posts=[post.id])
        with workspace_scope(workspace.id):
            found = get_post(post.id)
            assert (found.campaign_id, list_labels_of(found)) == (campaign.id, ["new word", "old"])
        person.post(undo_of(answer))
        with workspace_scope(workspace.id):
            found = get_post(post.id)
            assert (found.campaign_id, list_labels_of(found)) == (campaign.id, ["old"])
        ask("bulk", do="unlabel", label="old", posts=[post.id])
        with workspace_scope(workspace.id):
            assert list_labels_of(get_post(post.id)) == []

    def test_publishing_now_has_no_undo(self, ask: Ask, workspace: Workspace, channel: Channel) -> None:
        post = make_post(workspace, "x", soon(), (channel,))
        answer = ask("bulk", do="publish", posts=[post.id])
        assert "1 post is on its way" in answer.json()["said"]
        assert "action=" not in answer.json()["flash"]
        with workspace_scope(workspace.id):
            assert Delivery.objects.get().due_at <= clock.now()

    def test_message_cannot_be_made_to_carry_markup(self, ask: Ask, workspace: Workspace, channel: Channel) -> None:
        post = make_post(workspace, "<img src=x onerror=alert(1)>", soon(), (channel,))
        answer = ask("bulk", do="slots", posts=[post.id])
        assert "<img" not in answer.json()["flash"]
        assert "&lt;img" in answer.json()["flash"]


def test_next_slot_for_the_composer(person: Client, workspace: Workspace, channel: Channel) -> None:
    address = f"/w/acme/calendar/next-slot?channel={channel.id}"
    assert person.get(address).json()["local"] is None
    day = soon(3)
    with workspace_scope(workspace.id):
        Slot.objects.create(channel=channel, weekday=day.weekday(), time=time(9))
    found = person.get(address).json()
    assert found["local"] == f"{day:%Y-%m-%d}T09:00"
    assert "09:00, Tallinn" in found["words"]
    make_post(workspace, "x", day, (channel,))
    assert person.get(address).json()["local"] == f"{day + timedelta(days=7):%Y-%m-%d}T09:00"
    assert person.get("/w/acme/calendar/next-slot?channel=nonsense").json()["local"] is None
