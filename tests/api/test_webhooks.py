"""Webhooks for scripts: the same endpoints, refusals and log as on the page."""

import json
from typing import Any, get_args

import pytest
from standardwebhooks.webhooks import Webhook

from kaja.api.models import RememberedRequest
from kaja.api.webhooks import EventName
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.outgoing.events import EVENTS
from kaja.outgoing.models import Endpoint, OutgoingEvent, Sending, SendingState
from kaja.outgoing.secrets import sign
from kaja.workspaces.models import AuditEntry, Workspace
from tests.api.conftest import ApiClient, token_for
from tests.needed import Answer
from tests.outgoing.world import ENDPOINT, fill_webhook_log

GIVEN = {"name": "Web shop", "address": "https://shop.test/hook", "events": ["message.received", "post.failed"]}


def read(answer: Answer, status: int = 200) -> Any:
    assert answer.status_code == status, answer.content
    return json.loads(answer.content) if answer.content else None


def codes(answer: Answer, status: int) -> list[str]:
    return [problem["code"] for problem in read(answer, status)["problems"]]


def test_every_event_can_be_chosen() -> None:
    assert get_args(EventName) == tuple(EVENTS)


def test_one_is_made_changed_switched_and_deleted(client: ApiClient, workspace: Workspace) -> None:
    made = read(client.call("POST", "/webhooks", GIVEN), 201)
    at = f"/webhooks/{made['id']}"
    assert made["secret"].startswith("whsec_")
    assert "secret" not in read(client.call("GET", at))
    changed = read(client.call("PUT", at, {**GIVEN, "events": ["lead.changed"]}))
    assert changed["events"] == ["lead.changed"]
    assert read(client.call("POST", f"{at}/off"))["off_why"] == "person"
    assert codes(client.call("POST", f"{at}/test"), 422) == ["webhook_off"]
    assert read(client.call("POST", f"{at}/on"))["off_at"] is None
    read(client.call("POST", f"{at}/test"), 202)
    [line] = read(client.call("GET", f"{at}/log"))["items"]
    assert (line["type"], line["state"], line["tries"]) == ("webhook.test", "waiting", [])
    read(client.call("DELETE", at), 204)
    assert codes(client.call("GET", at), 404) == ["webhook_not_found"]
    with workspace_scope(workspace.id):
        actions = [entry.action for entry in AuditEntry.objects.order_by("at", "id") if "webhook" in entry.action]
    expected = ["create", "change", "switch", "switch", "delete"]
    assert actions == [f"webhook.{each}" for each in expected]


def test_a_new_secret_signs_at_once_beside_the_one_before(client: ApiClient, workspace: Workspace) -> None:
    made = read(client.call("POST", "/webhooks", GIVEN), 201)
    renewed = read(client.call("POST", f"/webhooks/{made['id']}/secret"))
    with workspace_scope(workspace.id):
        moment = now()
        signed = sign(Endpoint.objects.get(), "msg_1", moment, "{}")
    assert signed == " ".join(Webhook(each).sign("msg_1", moment, "{}") for each in (renewed["secret"], made["secret"]))
    assert read(client.call("GET", f"/webhooks/{made['id']}"))["old_secret_until"] is not None


def test_what_is_remembered_of_a_secret_is_sealed(client: ApiClient, workspace: Workspace) -> None:
    key = {"Idempotency-Key": "once"}
    first, again = (client.call("POST", "/webhooks", GIVEN, **key) for _ in range(2))
    assert (first.content, again["Idempotency-Replayed"]) == (again.content, "true")
    with workspace_scope(workspace.id):
        [row] = RememberedRequest.objects.all()
        assert Endpoint.objects.count() == 1
    assert row.body.startswith("sealed:")
    secret = json.loads(first.content)["secret"]
    assert secret not in row.body


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"name": " "}, ["webhook_needs_name"]),
        ({"name": "x" * 81}, ["webhook_needs_name"]),
        ({"address": "http://shop.test/"}, ["host_not_https"]),
        ({"address": "https://10.0.0.1/"}, ["host_private"]),
        ({"events": []}, ["webhook_needs_events"]),
        ({"events": ["no.such"]}, ["invalid"]),
    ],
)
def test_bad_input_is_told_as_on_the_page(client: ApiClient, wrong: dict[str, Any], expected: list[str]) -> None:
    assert codes(client.call("POST", "/webhooks", {**GIVEN, **wrong}), 422) == expected


def test_the_same_id_is_the_same_webhook(client: ApiClient, workspace: Workspace) -> None:
    body = {**GIVEN, "id": str(new_id())}
    first, second = (read(client.call("POST", "/webhooks", body), 201) for _ in range(2))
    assert first["id"] == second["id"]
    assert first["secret"] != second["secret"]
    assert client.call("POST", "/webhooks", {**body, "name": "Another"}).status_code == 409


def test_a_line_of_the_log_is_sent_again(client: ApiClient, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        fill_webhook_log(workspace, 3)
    failed = read(client.call("GET", f"/webhooks/{ENDPOINT}/log?state=failed"))["items"]
    assert [len(each["tries"]) for each in failed] == [2, 2, 2]
    assert {each["status"] for each in failed[0]["tries"]} == {500}
    again = read(client.call("POST", f"/webhooks/sendings/{failed[1]['id']}/resend"))
    assert (again["state"], again["event"]) == ("waiting", failed[1]["event"])
    with workspace_scope(workspace.id):
        assert Sending.objects.filter(state=SendingState.WAITING).count() == 1
        assert OutgoingEvent.objects.count() == 3
    assert codes(client.call("POST", f"/webhooks/sendings/{new_id()}/resend"), 404) == ["sending_not_found"]


def test_only_who_manages_sees_them(workspace: Workspace) -> None:
    writer = ApiClient(token_for(workspace, ("view", "write", "publish", "answer", "channels")))
    for path in ("/webhooks", f"/webhooks/{ENDPOINT}", f"/webhooks/{ENDPOINT}/log"):
        assert writer.call("GET", path).status_code == 403, path


def test_a_log_costs_the_same_however_long_it_is(
    client: ApiClient, workspace: Workspace, django_assert_num_queries: Any
) -> None:
    with workspace_scope(workspace.id):
        fill_webhook_log(workspace, 40)
    client.call("GET", f"/webhooks/{ENDPOINT}/log")
    for limit in (1, 40):
        with django_assert_num_queries(16):
            client.call("GET", f"/webhooks/{ENDPOINT}/log?limit={limit}")
