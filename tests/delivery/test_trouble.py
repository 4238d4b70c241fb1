"""What can go wrong on the way, one thing at a time, on the real practice network."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection

from kaja.channels.models import Channel, Health, QuotaState
from kaja.delivery.actions import (
    pause_instance,
    pause_workspace,
    resume_instance,
    resume_workspace,
    settle_at_address,
    settle_delivery,
    wake_channel,
)
from kaja.delivery.engine.housekeeping import wake_reconnected
from kaja.delivery.frozen import Frozen
from kaja.delivery.models import Attempt, Delivery, Publication, State
from kaja.delivery.queries import journal_of, list_needs_you
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.actions import unschedule_post
from kaja.publishing.needs_you import list_waiting
from kaja.workspaces.models import Workspace
from tests.needed import needs
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    ACTOR,
    QUICK,
    connect_practice,
    deliveries_of,
    later,
    make_post,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
FROZEN = Frozen(kind="post", text="In doubt", created_at=now()).render()


@pytest.mark.parametrize("kind", ["plain", "keyed", "staged"])
@pytest.mark.parametrize("fault", ["drop_after", "error_after"])
def test_an_answer_lost_after_acceptance_is_found_and_not_sent_again(
    practice: PracticeServer, workspace: Workspace, kind: str, fault: str
) -> None:
    channel = connect_practice(practice, workspace, "bakery", kind)
    faults: dict[str, Any] = {fault: {"probability": 1, "on": ["publish"]}}
    practice.set_faults(**faults)
    with running_engine():
        post = plan_post(workspace, [channel], "Only once")
        [row] = wait_for_states(workspace, post, "sent")
    [standing] = practice.truth()
    assert row.remote_id == standing["id"]
    with workspace_scope(workspace.id):
        outcomes = [line.outcome for line in journal_of(row) if line.irreversible or line.stage == "find"]
    assert outcomes == ["unknown", "found"]


@pytest.mark.parametrize("kind", ["plain", "staged"])
def test_a_call_that_never_arrived_is_made_again_after_the_settle_time(
    practice: PracticeServer, workspace: Workspace, kind: str
) -> None:
    channel = connect_practice(practice, workspace, "bakery", kind)
    practice.set_faults(drop_before={"probability": 1, "on": ["publish"]})
    with running_engine():
        post = plan_post(workspace, [channel], "Second time lucky")
        wait_for_states(workspace, post, "uncertain")
        practice.set_faults()
        [row] = wait_for_states(workspace, post, "sent", seconds=30)
    assert len(practice.truth()) == 1
    with workspace_scope(workspace.id):
        calls = list(Attempt.objects.filter(irreversible=True).order_by("started_at"))
    assert [call.outcome for call in calls] == ["unknown", "sent"]
    first_end = calls[0].finished_at
    assert first_end is not None
    assert calls[1].started_at - first_end > timedelta(seconds=QUICK.settle or 0), row.id


def test_a_listing_that_comes_late_does_not_make_a_second_post(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(drop_after={"probability": 1, "on": ["publish"]}, late_listing={"probability": 1, "seconds": 2})
    with running_engine():
        post = plan_post(workspace, [channel], "Slowly listed")
        wait_for_states(workspace, post, "sent")
    assert len(practice.truth()) == 1


def test_too_many_requests_wait_as_long_as_the_network_says(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(too_many={"probability": 1, "retry_after": 2, "on": ["publish"]})
    with running_engine():
        post = plan_post(workspace, [channel], "Patience")
        [row] = wait_for_states(workspace, post, "waiting")
        with workspace_scope(workspace.id):
            called_at = Attempt.objects.get(irreversible=True).started_at
        assert row.next_at is not None
        assert row.next_at - called_at > timedelta(seconds=1)
        practice.set_faults()
        wait_for_states(workspace, post, "sent")
    with workspace_scope(workspace.id):
        calls = list(Attempt.objects.filter(irreversible=True).order_by("started_at"))
    assert [call.outcome for call in calls] == ["later", "sent"]
    assert calls[1].started_at - calls[0].started_at >= timedelta(seconds=2)


def test_a_used_up_quota_in_the_rows_holds_every_machine_back(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with workspace_scope(workspace.id):
        QuotaState.objects.create(channel=channel, bucket="told elsewhere", blocked_until=later(3))
    with running_engine():
        post = plan_post(workspace, [channel], "Not yet")
        [row] = wait_for_states(workspace, post, "waiting")
        assert needs(row.problem)["code"] == "quota_used_up"
        assert practice.truth() == []
        wait_for_states(workspace, post, "sent")


def test_a_refused_post_fails_with_the_networks_words_and_needs_somebody(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1, "reason": "Not this word."})
    with running_engine():
        post = plan_post(workspace, [channel], "A bad word", comment="And more")
        rows = wait_for_states(workspace, post, "failed", "scheduled")
    assert "Not this word." in str(rows[0].problem)
    assert rows[1].next_at is None, "the comment sleeps until its post is out"
    with workspace_scope(workspace.id):
        assert list_needs_you().count() == 1
        assert [row.id for row in [each.delivery for each in list_waiting().rows]] == [rows[0].id]
    assert practice.truth() == []


def test_a_failing_comment_leaves_its_post_published(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1, "on": ["comment"]})
    with running_engine():
        post = plan_post(workspace, [channel], "The post", comment="The comment")
        rows = wait_for_states(workspace, post, "sent", "failed")
    assert rows[0].remote_id
    assert not rows[0].needs_person
    assert [item["text"] for item in practice.truth()] == ["The post"]


def test_a_revoked_token_holds_the_post_until_the_channel_is_connected_again(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.revoke("bakery")
    with running_engine():
        post = plan_post(workspace, [channel], "Behind a closed door")
        wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
        with workspace_scope(workspace.id):
            assert Channel.objects.get().health == Health.RECONNECT
            assert Attempt.objects.filter(outcome="reconnect").count() == 2, "one refusal alone is not believed"
        [row] = deliveries_of(workspace, post)
        assert (row.state, row.next_at) == (State.WAITING, None)
        _reconnect(practice, workspace, channel)
        wait_for_states(workspace, post, "sent")
    assert len(practice.truth()) == 1


def _reconnect(practice: PracticeServer, workspace: Workspace, channel: Channel) -> None:
    from kaja.channels.credentials import write_credentials
    from kaja.channels.sessions import record_health

    token = practice.account("bakery")
    with workspace_scope(workspace.id):
        write_credentials(channel.id, {"token": token})
        record_health(channel, Health.OK)
        wake_channel(channel.id)


def test_a_post_past_its_late_limit_is_missed_and_not_sent(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Yesterday's news")
    with workspace_scope(workspace.id):
        Delivery.objects.update(due_at=now() - timedelta(minutes=31))
    with running_engine():
        [row] = wait_for_states(workspace, post, "missed")
    assert row.needs_person
    assert practice.truth() == []


@pytest.mark.parametrize("whole_instance", [False, True])
def test_nothing_is_sent_while_everything_is_paused(
    practice: PracticeServer, workspace: Workspace, whole_instance: bool
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    pause, resume = (pause_instance, resume_instance) if whole_instance else (pause_workspace, resume_workspace)
    doubt = plan_post(workspace, [connect_practice(practice, workspace, "shop")], "In doubt")
    with workspace_scope(workspace.id):
        Delivery.objects.update(state=State.UNCERTAIN, uncertain_since=now(), stage="publish", content=FROZEN)
        pause(ACTOR)
    post = plan_post(workspace, [channel], "Held back")
    with running_engine(replace(QUICK, settle=600.0)):
        # Looking publishes nothing, so that goes on: what is due was passed over meanwhile.
        wait_until(lambda: deliveries_of(workspace, doubt)[0].attempts_made)
    assert practice.truth() == []
    assert deliveries_of(workspace, post)[0].state == State.SCHEDULED
    with workspace_scope(workspace.id):
        resume(ACTOR)
    with running_engine(replace(QUICK, settle=600.0)):
        wait_for_states(workspace, post, "sent")
    assert [item["text"] for item in practice.truth()] == ["Held back"]


def test_a_pause_between_claim_and_call_is_obeyed(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery", "staged")
    practice.set_faults(delay={"seconds": 1.5, "on": ["container"]})
    with running_engine():
        post = plan_post(workspace, [channel], "In the last moment")
        wait_for_states(workspace, post, "sending")
        with workspace_scope(workspace.id):
            pause_workspace(ACTOR)
        wait_for_states(workspace, post, "waiting")
    assert practice.truth() == []


def test_what_is_unscheduled_is_not_sent(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with running_engine():
        post = plan_post(workspace, [channel], "Changed my mind", due_at=later(1.5))
        with workspace_scope(workspace.id):
            unschedule_post(ACTOR, post)
        last = plan_post(workspace, [channel], "This one", due_at=later(2))
        wait_for_states(workspace, last, "sent")
    assert [row.state for row in deliveries_of(workspace, post)] == [State.CANCELLED]
    assert [item["text"] for item in practice.truth()] == ["This one"]


def test_a_channel_keeps_its_order(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(random_delay={"low": 0, "high": 0.2})
    start = now()
    posts = [
        plan_post(workspace, [channel], f"Number {place:02d}", due_at=start + timedelta(milliseconds=place))
        for place in range(12)
    ]
    with running_engine():
        wait_for_states(workspace, posts[-1], "sent")
    created = sorted(practice.truth(), key=lambda item: str(item["created_at"]))
    assert [item["text"] for item in created] == [f"Number {place:02d}" for place in range(12)]


def test_a_doubt_that_the_network_cannot_settle_goes_to_a_person(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(
        drop_after={"probability": 1, "on": ["publish"]}, error_before={"probability": 1, "on": ["read"]}
    )
    with running_engine():
        post = plan_post(workspace, [channel], "Who knows")
        wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
        [row] = deliveries_of(workspace, post)
        assert row.state == State.UNCERTAIN
        [standing] = practice.truth()
        practice.set_faults()
        settle_at_address(ACTOR, workspace.id, row.id, f"{practice.url}/@bakery/{standing['id']}")
        [row] = wait_for_states(workspace, post, "sent")
    assert row.remote_id == standing["id"]
    assert row.remote_url.endswith(standing["id"])
    assert len(practice.truth()) == 1


def test_a_post_that_nobody_could_make_sense_of_does_not_stop_the_others(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    other = connect_practice(practice, workspace, "shop")
    broken = plan_post(workspace, [channel], "Broken")
    with workspace_scope(workspace.id):
        type(broken).objects.filter(id=broken.id).update(document={"parts": "nonsense"})
    good = plan_post(workspace, [other], "Good")
    with running_engine():
        wait_for_states(workspace, good, "sent")
        [row] = wait_for_states(workspace, broken, "failed")
    assert needs(row.problem)["code"] == "content_unreadable"


def test_the_content_is_checked_again_at_delivery(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "x" * 400)
    with workspace_scope(workspace.id):
        channel.facts["limits"]["max_characters"] = 300
        channel.save()
    with running_engine():
        [row] = wait_for_states(workspace, post, "failed")
    assert needs(row.problem)["field"].startswith("parts.0")
    assert practice.truth() == []
    assert make_post(workspace, [channel], "the draft stays").state == "draft"


def test_words_that_look_like_an_escaped_sign_go_out_as_they_are(
    practice: PracticeServer, workspace: Workspace
) -> None:
    """The journal takes NUL out of what it writes, and nothing else."""
    channel = connect_practice(practice, workspace, "bakery")
    words = 'In JSON a NUL is "\\u0000", and \\\\u0000 is none'
    with running_engine():
        post = plan_post(workspace, [channel], words)
        wait_for_states(workspace, post, "sent", seconds=20)
    assert [item["text"] for item in practice.truth()] == [words]
    with workspace_scope(workspace.id):
        assert Publication.objects.get().sent["text"] == words


def test_an_answer_that_escapes_a_nul_is_kept(practice: PracticeServer, workspace: Workspace) -> None:
    """The evidence quotes it as it came over the wire."""
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1, "reason": 'A "\0" is in it.'})
    with running_engine():
        post = plan_post(workspace, [channel], "A bad word")
        [row] = wait_for_states(workspace, post, "failed", seconds=20)
    with workspace_scope(workspace.id):
        [call] = Attempt.objects.filter(delivery=row, irreversible=True)
    assert (call.outcome, "\\u0000" in str(call.evidence)) == ("rejected", True)


@pytest.mark.parametrize("state", [State.PROCESSING, State.UNCERTAIN])
def test_what_the_network_may_have_is_never_called_failed_by_kaja(
    practice: PracticeServer, workspace: Workspace, state: State
) -> None:
    """Kaja cannot read its own row any more, say after a step back: "nothing was sent" would invite a second post."""
    channel = connect_practice(practice, workspace, "bakery", "staged")
    post = plan_post(workspace, [channel], "Taken", due_at=later(3600))
    with workspace_scope(workspace.id):
        own = {"content": {"of": "another version"}, "stage": "confirm", "next_at": now()}
        Delivery.objects.update(state=state, uncertain_since=now() if state == State.UNCERTAIN else None, **own)
    with running_engine():
        wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
    [row] = deliveries_of(workspace, post)
    assert (row.state, needs(row.problem)["code"]) == (State.UNCERTAIN, "person_decides")
    with workspace_scope(workspace.id):
        settle_delivery(ACTOR, row.id, "drop")


def test_a_result_is_kept_also_when_the_channels_health_cannot_be(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with workspace_scope(workspace.id):
        Channel.objects.update(health_failures=1)
    with channels_that_take_no_writes(), running_engine():
        post = plan_post(workspace, [channel], "Confirmed")
        wait_for_states(workspace, post, "sent")
    with workspace_scope(workspace.id):
        assert [line.outcome for line in Attempt.objects.order_by("started_at")] == ["sent"]


@contextmanager
def channels_that_take_no_writes() -> Iterator[None]:
    """Their table refuses every change."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name, autocommit=True) as own:
        own.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not today'; END $$;"
            "CREATE TRIGGER refuse BEFORE UPDATE ON channels_channel EXECUTE FUNCTION refuse()"
        )
        try:
            yield
        finally:
            own.execute("DROP TRIGGER refuse ON channels_channel; DROP FUNCTION refuse")


def test_who_wakes_what_waited_waits_for_nobody(practice: PracticeServer, workspace: Workspace) -> None:
    posts = [plan_post(workspace, [connect_practice(practice, workspace, name)], name) for name in ("one", "two")]
    [held] = deliveries_of(workspace, posts[0])
    with workspace_scope(workspace.id):
        Delivery.objects.update(next_at=None, needs_person=True, problem={"code": "channel_reconnect", "message": ""})
    waking = threading.Thread(target=_wake)
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=connection.settings_dict["NAME"]) as own:
        own.execute("SELECT 1 FROM publishing_delivery WHERE id = %s FOR UPDATE", [held.id])
        waking.start()
        wait_until(lambda: deliveries_of(workspace, posts[1])[0].next_at is not None)
    waking.join(60)
    assert deliveries_of(workspace, posts[0])[0].next_at is None
    assert _wake(), "the next time"


def _wake() -> bool:
    try:
        return wake_reconnected()
    finally:
        connection.close()
