"""Tokens, problems and repeated requests."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, override_settings
from PIL import Image

from kaja.api.main import api
from kaja.api.models import RememberedRequest, Token
from kaja.api.routers import WAITING
from kaja.api.tokens import create_token, revoke_token
from kaja.content.models import Post
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.models import Workspace
from kaja.workspaces.queries import actor_of
from tests.api.conftest import ApiClient, member_of


def posts_of(workspace: Workspace) -> int:
    with workspace_scope(workspace.id):
        return Post.objects.count()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer kaja_nonsense", "Basic a2FqYQ==", "Bearer \x00"])
def test_without_a_valid_token_nothing_answers(workspace: Workspace, header: str) -> None:
    response = Client().get("/api/v1/posts", headers={"Authorization": header})
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"] == "Bearer"
    assert response.json()["problems"][0]["code"] == "token_invalid"


def test_a_session_does_not_open_the_api(workspace: Workspace) -> None:
    browser = Client()
    browser.force_login(member_of(workspace)[1], backend="django.contrib.auth.backends.ModelBackend")
    assert browser.get("/api/v1/posts").status_code == 401


def test_a_revoked_an_expired_and_a_leavers_token_stop_working(workspace: Workspace, client: ApiClient) -> None:
    member, user = member_of(workspace)
    assert client.call("GET", "/posts").status_code == 200
    with workspace_scope(workspace.id):
        Token.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert client.call("GET", "/posts").status_code == 401
    with workspace_scope(workspace.id):
        Token.objects.update(expires_at=None)
        revoke_token(actor_of(member, user), Token.objects.get().id)
    assert client.call("GET", "/posts").status_code == 401
    with workspace_scope(workspace.id):
        Token.objects.update(revoked_at=None)
    assert client.call("GET", "/posts").status_code == 200
    with workspace_scope(workspace.id):
        member.delete()
    assert client.call("GET", "/posts").status_code == 401


def test_only_the_hash_of_a_token_is_kept(workspace: Workspace, client: ApiClient) -> None:
    with workspace_scope(workspace.id):
        row = Token.objects.get()
    assert client.token.encode() not in bytes(row.token_hash)
    assert not client.token.endswith(row.prefix)
    assert row.prefix not in client.token[10:]


def test_a_scope_limits_what_a_token_may_do(workspace: Workspace, reader: ApiClient) -> None:
    assert reader.call("GET", "/posts").status_code == 200
    response = reader.call("POST", "/posts", {"text": "no"})
    assert response.status_code == 403
    assert response.json()["problems"][0]["params"] == {"permission": "write"}
    assert posts_of(workspace) == 0


def test_a_repeated_request_has_one_effect_and_one_answer(workspace: Workspace, client: ApiClient) -> None:
    first = client.call("POST", "/posts", {"text": "once"}, **{"Idempotency-Key": "k1"})
    again = client.call("POST", "/posts", {"text": "once"}, **{"Idempotency-Key": "k1"})
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert again["Idempotency-Replayed"] == "true"
    assert posts_of(workspace) == 1


def test_a_key_of_another_request_is_refused(workspace: Workspace, client: ApiClient) -> None:
    client.call("POST", "/posts", {"text": "once"}, **{"Idempotency-Key": "k1"})
    other = client.call("POST", "/posts", {"text": "twice"}, **{"Idempotency-Key": "k1"})
    assert other.status_code == 422
    assert other.json()["problems"][0]["code"] == "idempotency_key_reused"
    assert posts_of(workspace) == 1


def test_a_refused_request_leaves_nothing_and_its_key_stays_free(workspace: Workspace, client: ApiClient) -> None:
    key = {"Idempotency-Key": "k1"}
    missing = "01900000-0000-7000-8000-000000000000"
    assert client.call("POST", "/posts", {"text": "x", "channels": [missing]}, **key).status_code in {404, 422}
    with workspace_scope(workspace.id):
        assert RememberedRequest.objects.count() == 0
    assert client.call("POST", "/posts", {"text": "x"}, **key).status_code == 201
    assert posts_of(workspace) == 1


def test_keys_of_two_tokens_do_not_meet(workspace: Workspace, client: ApiClient, stranger: ApiClient) -> None:
    for each in (client, stranger):
        assert each.call("POST", "/posts", {"text": "x"}, **{"Idempotency-Key": "same"}).status_code == 201
    assert posts_of(workspace) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": 5}, "text"),
        ({"channels": ["no"]}, "channels.0"),
        ({"due_at": "2026-01-01T00:00:00"}, "due_at"),
        ({"state": "scheduled"}, "state"),
    ],
)
def test_a_wrong_body_names_the_field(client: ApiClient, body: dict[str, object], field: str) -> None:
    response = client.call("POST", "/posts", body)
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert [p["field"] for p in response.json()["problems"]] == [field]


def test_a_stale_edit_gets_both_versions(client: ApiClient) -> None:
    post = client.call("POST", "/posts", {"text": "one"}).json()
    document = {"parts": [{"text": "two"}]}
    done = client.call("PATCH", f"/posts/{post['id']}", {"base_revision": 1, "document": document})
    assert done.json()["revision"] == 2
    stale = client.call("PATCH", f"/posts/{post['id']}", {"base_revision": 1, "document": {"parts": [{"text": "3"}]}})
    body = stale.json()
    assert stale.status_code == 409
    assert body["revision"] == 2
    assert body["theirs"]["document"]["parts"][0]["text"] == "two"
    assert body["yours"]["document"]["parts"][0]["text"] == "3"


def test_pages_go_on_where_the_last_one_ended(client: ApiClient) -> None:
    for n in range(5):
        client.call("POST", "/posts", {"text": f"post {n}"})
    seen: list[str] = []
    cursor = ""
    for _ in range(3):
        page = client.call("GET", f"/posts?limit=2&cursor={cursor}").json()
        seen += [item["summary"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert seen == [f"post {n}" for n in (4, 3, 2, 1, 0)]
    assert cursor == ""
    assert client.call("GET", "/posts?cursor=zz").status_code == 422


@override_settings(API_CALLS_PER_MINUTE=3)
def test_too_many_calls_of_a_token_or_a_person_are_asked_to_wait(workspace: Workspace, client: ApiClient) -> None:
    assert [client.call("GET", "/posts").status_code for _ in range(3)] == [200] * 3
    refused = client.call("GET", "/posts")
    assert refused.status_code == 429
    assert 0 < int(refused["Retry-After"]) <= 20
    assert refused["Content-Type"] == "application/problem+json"
    assert refused.json()["problems"][0]["code"] == "too_many_requests"
    # Another token of the person has calls of its own, until the person has used up theirs.
    member, user = member_of(workspace)
    codes = []
    for n in range(2):
        with workspace_scope(workspace.id):
            secret = create_token(actor_of(member, user), f"other {n}", ["view"])[1]
        for _ in range(3):
            answer = Client().get("/api/v1/posts", headers={"Authorization": f"Bearer {secret}"})
            codes.append(answer.status_code)
    assert codes == [200] * 3 + [429] * 3


def test_guessing_tokens_is_slowed(workspace: Workspace) -> None:
    def guess(n: int) -> int:
        return Client().get("/api/v1/posts", headers={"Authorization": f"Bearer kaja_{n}"}).status_code

    assert [guess(n) for n in range(61)] == [401] * 60 + [429]


def test_a_description_is_kept_for_a_file_that_is_known_too(client: ApiClient, workspace: Workspace) -> None:
    def send(query: str = "", **fields: str) -> Any:
        out = io.BytesIO()
        Image.new("RGB", (8, 8), "teal").save(out, "PNG")
        out.seek(0)
        out.name = "door.png"
        headers = {"Authorization": f"Bearer {client.token}"}
        return Client().post(f"/api/v1/media{query}", {"file": out, **fields}, headers=headers)

    first = send(alt="A door").json()
    assert first["alt"] == "A door"
    again = send(alt="A blue door").json()
    assert (again["id"], again["alt"]) == (first["id"], "A blue door")
    assert send().json()["alt"] == "A blue door", "no description takes none away"
    wrong = send("?alt=A+window")
    assert wrong.status_code == 422
    [problem] = wrong.json()["problems"]
    assert (problem["code"], problem["field"]) == ("parameter_unknown", "alt")
    with workspace_scope(workspace.id):
        assert [asset.alt for asset in Asset.objects.all()] == ["A blue door"]


def test_a_parameter_that_an_address_does_not_have_is_refused(client: ApiClient) -> None:
    """A misspelled filter would silently give all rows."""
    headers = {"Authorization": f"Bearer {client.token}"}
    assert Client().get("/api/v1/posts?limit=5", headers=headers).status_code == 200
    wrong = Client().get("/api/v1/posts?limits=5&chanel=x", headers=headers)
    assert wrong.status_code == 422
    assert [problem["field"] for problem in wrong.json()["problems"]] == ["limits", "chanel"]


def test_a_field_that_a_body_does_not_have_is_refused(client: ApiClient, workspace: Workspace) -> None:
    """Who writes `publish_at` believes that the post is planned."""
    wrong = client.call("POST", "/posts", {"text": "Bread", "publish_at": "2030-01-01T09:00:00Z"})
    assert wrong.status_code == 422
    assert [problem["field"] for problem in wrong.json()["problems"]] == ["publish_at"]
    assert posts_of(workspace) == 0


def test_no_body_takes_fields_that_it_does_not_have() -> None:
    document = api.get_openapi_schema()
    taken = {
        content["schema"]["$ref"].rpartition("/")[2]
        for methods in document["paths"].values()
        for operation in methods.values()
        for kind, content in operation.get("requestBody", {}).get("content", {}).items()
        if kind == "application/json"
    }
    assert len(taken) > 5
    schemas = document["components"]["schemas"]
    assert {name for name in taken if schemas[name].get("additionalProperties") is not False} == set()


def test_operations_that_wait_are_operations() -> None:
    """The gate knows them by method and path: a misspelt one would wait inside the transaction again."""
    addresses = {(method, path) for path, methods in api.get_openapi_schema()["paths"].items() for method in methods}
    named = {(method.lower(), "/api/v1/" + re.sub(r"<uuid:(.*?)>", r"{\1}", path)) for method, path in WAITING}
    assert named
    assert named <= addresses
