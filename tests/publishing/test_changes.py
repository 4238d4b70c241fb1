"""Editing and deleting on the network: in the journal before the call, outside any transaction, and one at a time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from procrastinate.jobs import Job as JobRow

from kaja.channels.actions import disconnect_channel
from kaja.delivery.models import Attempt, Publication
from kaja.delivery.queries import journal_of
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import Session
from kaja.publishing.actions import carry_out_change, request_delete, request_edit
from kaja.publishing.changing import TryLater
from kaja.publishing.jobs import change_publication
from kaja.publishing.models import RemoteChange
from kaja.publishing.queries import get_delivery
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, plan_post, running_engine, wait_for_states
from tests.publishing.test_actions import texts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def publication(practice: PracticeServer, workspace: Workspace) -> Publication:
    """Something that stands on the network, and differs from the post as it is saved now."""
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "With a tpyo")
    with running_engine():
        wait_for_states(workspace, post, "sent")
    texts(workspace, post, "Without a typo")
    with workspace_scope(workspace.id):
        return Publication.objects.get()


def want(workspace: Workspace, publication: Publication, action: Callable[..., RemoteChange]) -> RemoteChange:
    with workspace_scope(workspace.id):
        return action(ACTOR, publication.id)


def change_of(workspace: Workspace, change: RemoteChange) -> RemoteChange:
    with workspace_scope(workspace.id):
        return RemoteChange.objects.get(id=change.id)


def journal(workspace: Workspace, publication: Publication) -> list[tuple[str, str]]:
    with workspace_scope(workspace.id):
        lines = journal_of(get_delivery(publication.delivery_id))
        assert all(line.text() for line in lines)
        return [(line.stage, line.outcome) for line in lines if line.stage in ("edit", "delete")]


def test_the_journal_is_written_before_the_call_and_no_transaction_waits(
    practice: PracticeServer, workspace: Workspace, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, list[tuple[str, str]]]] = []
    send = Session.request

    async def watched(self: Session, *arguments: object, **named: object) -> object:
        from asgiref.sync import sync_to_async

        inside = connection.in_atomic_block
        seen.append((inside, await sync_to_async(journal)(workspace, publication)))
        return await send(self, *arguments, **named)  # type: ignore[arg-type]

    edit = want(workspace, publication, request_edit)
    monkeypatch.setattr(Session, "request", watched)
    carry_out_change(workspace.id, edit.id)
    assert seen == [(False, [("edit", "")])]
    assert journal(workspace, publication) == [("edit", "done")]
    assert [item["text"] for item in practice.truth()] == ["Without a typo"]
    carry_out_change(workspace.id, edit.id)
    assert len(seen) == 1, "done once"
    carry_out_change(workspace.id, want(workspace, publication, request_delete).id)
    assert journal(workspace, publication) == [("edit", "done"), ("delete", "done")]
    assert [item["deleted"] for item in practice.truth()] == [True]


def test_a_network_in_trouble_is_tried_again_and_at_last_told(
    practice: PracticeServer, workspace: Workspace, publication: Publication
) -> None:
    edit = want(workspace, publication, request_edit)
    practice.set_faults(too_many={"probability": 1, "on": ["edit"], "retry_after": 1})
    with pytest.raises(TryLater):
        carry_out_change(workspace.id, edit.id)
    waiting = change_of(workspace, edit)
    assert (waiting.state, waiting.problem and waiting.problem["code"]) == ("wanted", "rate_limited")
    carry_out_change(workspace.id, edit.id, last_try=True)
    assert change_of(workspace, edit).state == "failed"
    assert journal(workspace, publication) == [("edit", "later"), ("edit", "later")]
    with workspace_scope(workspace.id):
        assert Attempt.objects.filter(stage="edit", evidence=[]).count() == 0, "with what the network said"


def test_a_network_that_asks_to_wait_is_left_alone_that_long(
    practice: PracticeServer, workspace: Workspace, publication: Publication
) -> None:
    edit = want(workspace, publication, request_edit)
    practice.set_faults(too_many={"probability": 1, "on": ["edit"], "retry_after": 300})
    for _ in range(2):  # the second time without a call
        with pytest.raises(TryLater) as told:
            carry_out_change(workspace.id, edit.id)
        assert 250 < told.value.after <= 300
    assert journal(workspace, publication) == [("edit", "later")]
    strategy = change_publication.retry_strategy  # type: ignore[attr-defined]
    job = JobRow(id=1, queue="", lock=None, queueing_lock=None, task_name="", attempts=0)
    decision = strategy.get_retry_decision(exception=told.value, job=job)
    assert (decision.retry_at - now()).total_seconds() > 200


def test_one_change_of_a_post_at_a_time(
    practice: PracticeServer, workspace: Workspace, publication: Publication
) -> None:
    edit = want(workspace, publication, request_edit)
    with workspace_scope(workspace.id):
        running = Attempt.objects.create(delivery_id=publication.delivery_id, fence=1, stage="edit", started_at=now())
    with pytest.raises(TryLater):
        carry_out_change(workspace.id, edit.id)
    assert change_of(workspace, edit).state == "wanted"
    with workspace_scope(workspace.id):  # its worker was killed long ago
        Attempt.objects.filter(id=running.id).update(started_at=now() - timedelta(hours=1))
    carry_out_change(workspace.id, edit.id)
    assert change_of(workspace, edit).state == "done"


def test_a_wish_that_was_replaced_while_the_network_answered_stays_replaced(
    practice: PracticeServer, workspace: Workspace, publication: Publication, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit = want(workspace, publication, request_edit)
    send = Session.request

    async def slow(self: Session, *arguments: object, **named: object) -> object:
        from asgiref.sync import sync_to_async

        await sync_to_async(want)(workspace, publication, request_delete)
        return await send(self, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Session, "request", slow)
        carry_out_change(workspace.id, edit.id)
    assert change_of(workspace, edit).state == "replaced"
    with workspace_scope(workspace.id):
        assert Publication.objects.get().edited_at is not None, "what the call did is noted all the same"
        wanted = RemoteChange.objects.get(state="wanted")
    carry_out_change(workspace.id, wanted.id)
    assert [item["deleted"] for item in practice.truth()] == [True]


def test_a_channel_that_was_let_go_meanwhile_is_told(
    practice: PracticeServer, workspace: Workspace, publication: Publication
) -> None:
    edit = want(workspace, publication, request_edit)
    with workspace_scope(workspace.id):
        disconnect_channel(ACTOR, publication.delivery.channel_id)
    carry_out_change(workspace.id, edit.id)
    failed = change_of(workspace, edit)
    assert (failed.state, failed.problem and failed.problem["code"]) == ("failed", "channel_disconnected")
    assert [item["text"] for item in practice.truth()] == ["With a tpyo"]


def test_a_wish_at_which_kaja_itself_breaks_is_told_at_last(
    practice: PracticeServer, workspace: Workspace, publication: Publication
) -> None:
    """Else it would stand there as wanted for good, with nobody who carries it out."""
    edit = want(workspace, publication, request_edit)
    with workspace_scope(workspace.id):
        RemoteChange.objects.filter(id=edit.id).update(content={"of": "another version"})
    with pytest.raises(ValueError, match="another version"):
        carry_out_change(workspace.id, edit.id)
    assert change_of(workspace, edit).state == "wanted"
    with pytest.raises(ValueError, match="another version"):
        carry_out_change(workspace.id, edit.id, last_try=True)
    told = change_of(workspace, edit)
    assert (told.state, told.problem and told.problem["code"]) == ("failed", "call_broke")
    carry_out_change(workspace.id, edit.id)
    assert [item["text"] for item in practice.truth()] == ["With a tpyo"]
