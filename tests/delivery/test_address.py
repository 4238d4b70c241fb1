"""“It is there”: the person gives an address, the network says which post that is, and everything goes on from it."""

from typing import Any

import pytest

from kaja.channels.actions import disconnect_channel
from kaja.delivery.actions import settle_at_address, settle_delivery
from kaja.delivery.models import Delivery, Publication, State
from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import Session
from kaja.publishing.actions import request_delete, request_edit
from kaja.workspaces.models import Workspace
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
from tests.publishing.test_actions import run_jobs, texts
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def doubt(workspace: Workspace, row: Delivery, **more: object) -> Delivery:
    """As if the answer to its call had been lost and no look-up had found it."""
    with workspace_scope(workspace.id):
        own = {"state": State.UNCERTAIN, "uncertain_since": now(), "needs_person": True, "next_at": None, **more}
        Delivery.objects.filter(id=row.id).update(**own)
        return Delivery.objects.get(id=row.id)


def refused(workspace: Workspace, row: Delivery, url: str) -> str:
    with pytest.raises(Refused) as caught:
        settle_at_address(ACTOR, workspace.id, row.id, url)
    [problem] = caught.value.problems
    assert problem.fix
    assert problem.field in ("url", "")
    with workspace_scope(workspace.id):
        assert Delivery.objects.get(id=row.id).state == State.UNCERTAIN
        assert not Publication.objects.filter(delivery=row).exists()
    return problem.code


def test_the_thread_goes_on_and_can_be_changed(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(
        drop_after={"probability": 1, "on": ["publish"]}, error_before={"probability": 1, "on": ["read"]}
    )
    post = plan_post(workspace, [channel], "One", "Two")
    with running_engine():
        wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
        practice.set_faults()
        [standing] = practice.truth()
        first = deliveries_of(workspace, post)[0]
        settle_at_address(ACTOR, workspace.id, first.id, f"{practice.url}/@bakery/{standing['id']}")
        rows = wait_for_states(workspace, post, "sent", "sent")
    assert rows[0].remote_id == standing["id"]
    one, two = sorted(practice.truth(), key=lambda item: int(item["id"]))
    assert (one["text"], two["text"], two["reply_to"]) == ("One", "Two", standing["id"])

    texts(workspace, post, "Uno", "Two")
    with workspace_scope(workspace.id):
        publication = Publication.objects.get(delivery=rows[0])
        request_edit(ACTOR, publication.id)
    run_jobs()
    assert [item["text"] for item in practice.truth() if item["id"] == standing["id"]] == ["Uno"]
    with workspace_scope(workspace.id):
        request_delete(ACTOR, publication.id)
    run_jobs()
    assert [item["deleted"] for item in practice.truth() if item["id"] == standing["id"]] == [True]


def test_what_is_no_post_of_the_channel_is_refused(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    foreign = practice.post(practice.account("shop"), "Not ours").json()
    post = plan_post(workspace, [channel], "Ours", due_at=later(600))
    row = doubt(workspace, deliveries_of(workspace, post)[0])
    assert refused(workspace, row, "") == "address_missing"
    assert refused(workspace, row, "over there") == "address_unknown"
    assert refused(workspace, row, f"{practice.url}/@bakery/999") == "post_not_there"
    assert refused(workspace, row, foreign["url"]) == "post_of_another"


def test_one_remote_post_belongs_to_one_delivery(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    sent = plan_post(workspace, [channel], "Sent by Kaja")
    with running_engine():
        [made] = wait_for_states(workspace, sent, "sent")
    post = plan_post(workspace, [channel], "In doubt", due_at=later(600))
    taken: dict[str, Any] = {"id": made.remote_id, "url": made.remote_url, "text": "x", "posted_at": None, "data": {}}
    row = doubt(workspace, deliveries_of(workspace, post)[0], candidates=[taken])
    assert refused(workspace, row, made.remote_url) == "remote_taken"
    with workspace_scope(workspace.id), pytest.raises(Refused, match="Sent by Kaja"):
        settle_delivery(ACTOR, row.id, "there", candidate=made.remote_id)


def test_when_the_network_cannot_be_asked_nothing_changes(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Ours", due_at=later(600))
    row = doubt(workspace, deliveries_of(workspace, post)[0])
    url = f"{practice.url}/@bakery/1"
    practice.set_faults(error_before={"probability": 1, "on": ["read"]})
    assert refused(workspace, row, url) == "network_error"
    with workspace_scope(workspace.id):
        disconnect_channel(ACTOR, channel.id)
    assert refused(workspace, row, url) == "channel_disconnected"


def test_no_transaction_is_open_while_the_network_is_asked(
    practice: PracticeServer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    channel = connect_practice(practice, workspace, "bakery")
    post = plan_post(workspace, [channel], "Ours", due_at=later(600))
    row = doubt(workspace, deliveries_of(workspace, post)[0])
    seen: list[bool] = []
    send = Session.request

    async def watched(self: Session, *arguments: object, **named: object) -> object:
        seen.append(connection.in_atomic_block)
        return await send(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "request", watched)
    refused(workspace, row, f"{practice.url}/@bakery/999")
    assert seen == [False]
