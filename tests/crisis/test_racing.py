"""Pausing beside a running engine: what is paused never goes out, and what had begun says so."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from kaja.channels.models import Channel
from kaja.content.models import Post
from kaja.crisis.actions import Ending, end_crisis, pause_planned
from kaja.crisis.models import Crisis, Outcome, PausedPost
from kaja.crisis.queries import PlannedFilter, describe_planned
from kaja.delivery.models import OPEN_STATES, Delivery, State
from kaja.inbox.rules.actions import apply_rules
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Workspace
from tests.crisis.begun import begin, outcomes
from tests.inbox.rules.test_hiding import hide
from tests.inbox.rules.test_rules import hear
from tests.people import actor
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice, later, plan_post, running_engine, wait_for_states
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
ALL = PlannedFilter()


def pause(workspace: Workspace) -> Crisis:
    with workspace_scope(workspace.id):
        crisis = begin(workspace)
        pause_planned(actor(workspace), crisis.id, ALL)
    return crisis


def standing(workspace: Workspace, crisis: Crisis) -> dict[str, str]:
    with workspace_scope(workspace.id):
        return outcomes(crisis)


def beside(work: Callable[[], object]) -> threading.Thread:
    """Somebody else, with a connection of their own."""

    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def has_open(workspace: Workspace) -> bool:
    with workspace_scope(workspace.id):
        return PostDelivery.objects.filter(state__in=OPEN_STATES).exists()


def test_a_post_whose_call_has_begun_goes_out_once_and_is_shown_as_begun(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "Bakery")
    practice.set_faults(delay={"seconds": 2, "on": ["publish"]})
    with running_engine():
        post = plan_post(workspace, [channel], "Fresh bread")
        wait_until(lambda: len(practice.truth(contains="Fresh")) == 1)  # taken there, not answered yet
        crisis = pause(workspace)
        assert standing(workspace, crisis) == {"Fresh bread": Outcome.BEGUN}
        practice.set_faults()
        wait_for_states(workspace, post, "sent")
    assert len(practice.truth(contains="Fresh")) == 1
    with workspace_scope(workspace.id):
        assert (PausedPost.objects.get().problem or {})["code"] == "being_sent"
        assert describe_planned(ALL).count == 0
        end_crisis(actor(workspace), crisis.id, Ending("delete"))
        assert outcomes(crisis) == {"Fresh bread": Outcome.BEGUN}
        assert Post.objects.get().deleted_at is None


def test_a_call_that_fails_after_the_pause_is_not_tried_again_and_is_asked_about_at_the_end(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "Bakery")
    practice.set_faults(delay={"seconds": 2, "on": ["publish"]}, error_before={"probability": 1, "on": ["publish"]})
    with running_engine():
        post = plan_post(workspace, [channel], "Fresh bread")

        def is_sending() -> bool:
            with workspace_scope(workspace.id):
                return PostDelivery.objects.filter(state=State.SENDING, attempts__irreversible=True).exists()

        wait_until(is_sending)
        crisis = pause(workspace)
        begun = standing(workspace, crisis)
        practice.set_faults()
        wait_until(lambda: not has_open(workspace))
        wait_for_states(workspace, post, "cancelled")
    assert practice.truth(contains="Fresh") == []
    # The call may have failed, and the next one waited, before the pause came: then it was simply paused.
    assert begun in ({"Fresh bread": Outcome.BEGUN}, {"Fresh bread": Outcome.OPEN})
    with workspace_scope(workspace.id):
        end_crisis(actor(workspace), crisis.id, Ending("keep"))
        assert outcomes(crisis) == {"Fresh bread": Outcome.KEPT}
        assert Post.objects.get().state == "draft"


def test_many_are_paused_while_they_are_claimed(practice: PracticeServer, workspace: Workspace) -> None:
    """Every one of them stands on the network, once, or is paused: never both, never neither."""
    channels = [connect_practice(practice, workspace, f"Shop {n}") for n in range(4)]
    practice.set_faults(delay={"seconds": 0.05, "on": ["publish"]})
    due = later(1.5)
    words = {f"Post {place}-{n}": (channel, n) for place, channel in enumerate(channels) for n in range(10)}
    for text, (channel, _n) in words.items():
        plan_post(workspace, [channel], text, due_at=due)
    crisis: list[Crisis] = []
    with running_engine():
        wait_until(lambda: len(practice.truth(contains="Post ")) >= 3)
        beside(lambda: crisis.append(pause(workspace))).join(120)
        sent_then = {each["text"] for each in practice.truth(contains="Post ")}
        wait_until(lambda: not has_open(workspace))
    shown = standing(workspace, crisis[0])
    sent: list[Any] = [each["text"] for each in practice.truth(contains="Post ")]
    assert len(sent) == len(set(sent))
    paused = {text for text, outcome in shown.items() if outcome == Outcome.OPEN}
    begun = {text for text, outcome in shown.items() if outcome == Outcome.BEGUN}
    assert paused
    assert not paused & set(sent)
    assert paused | set(sent) | begun == set(words)
    assert set(sent) - sent_then <= begun


def is_waiting_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


def test_a_rule_that_plans_while_a_crisis_begins_is_stopped(workspace: Workspace) -> None:
    """The crisis waits for what the rule has planned and not committed yet, and finds it."""
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id="1", name="Bakery")
        hide(workspace)
        message = hear(channel, "refund!")
    planned, commit = threading.Event(), threading.Event()

    def rule() -> None:
        with workspace_scope(workspace.id):
            apply_rules([message.id])
            planned.set()
            assert commit.wait(60)

    def start() -> None:
        with workspace_scope(workspace.id):
            begin(workspace)

    ruling = beside(rule)
    assert planned.wait(60)
    beginning = beside(start)
    wait_until(is_waiting_for_a_lock)
    commit.set()
    for thread in (ruling, beginning):
        thread.join(60)
    with workspace_scope(workspace.id):
        assert Delivery.objects.get().state == State.CANCELLED
