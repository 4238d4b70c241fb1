"""What bad input gets: a message that says what happened and what to do, on the screen and in the API alike.

| what | where it is shown |
|---|---|
| wrong password | tests/web/test_accounts.py: test_wrong_password_says_the_same_for_known_and_unknown |
| wrong app password | here: test_a_wrong_app_password_is_said_in_the_form_and_by_the_api |
| expired, revoked or a leaver's API token | tests/api/test_gate.py: test_a_revoked_an_expired_and_a_leavers_token_stop_working |
| revoked channel token | tests/publishing/test_trouble.py: test_a_revoked_token_holds_the_post_until_the_channel_is_connected_again |
| a host that does not answer | here, and tests/channels/test_connecting.py: test_server_that_does_not_answer_is_a_refusal |
| a file that is corrupt, or not what its name says | here, and tests/content/test_upload.py: test_hostile_files_are_refused_with_a_reason |
| too long on one of five channels | here |
| a time in the past | here, and tests/web/calendar/test_moving.py: test_past_is_refused |
| a slot in a skipped hour | tests/content/test_plan_times.py: test_a_slot_in_the_skipped_hour_is_moved_and_said |
| two people edit one post | tests/web/composer/test_composer.py: test_the_second_person_sees_the_difference; tests/api/test_gate.py: test_a_stale_edit_gets_both_versions |
| a disconnected channel with planned posts | here |
| a full disk | tests/content/test_upload.py: test_a_full_disk_says_so_and_leaves_nothing; tests/config/test_outage.py |
| the database is gone | tests/config/test_outage.py: test_database_goes_and_comes_back |
"""  # noqa: E501 - a table

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kaja.api.tokens import SCOPES, create_token
from kaja.channels.actions import disconnect_channel
from kaja.channels.models import Channel
from kaja.content.models import Asset, Post
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import Delivery
from kaja.workspaces.models import Workspace
from tests.api.conftest import ApiClient
from tests.people import actor, browser
from tests.walls.echo import EchoServer
from tests.web.composer.conftest import make_channel

ROOT = Path(__file__).parents[2]


@pytest.fixture
def api(workspace: Workspace) -> ApiClient:
    with workspace_scope(workspace.id):
        return ApiClient(create_token(actor(workspace), "a script", SCOPES)[1])


@pytest.fixture
def screen(workspace: Workspace) -> Client:
    return browser(workspace)


def ask(screen: Client, what: str, **fields: Any) -> Any:
    return screen.post(f"/w/acme/posts/{what}", fields, content_type="application/json")


def codes(answer: Any) -> set[str]:
    return {problem["code"] for problem in answer.json()["problems"]}


def test_every_test_that_the_table_names_is_there() -> None:
    named = re.findall(r"(tests/\S+\.py): (test_\w+)", __doc__ or "")
    assert len(named) > 8
    for file, name in named:
        assert f"def {name}(" in (ROOT / file).read_text(), (file, name)


def test_too_long_on_one_of_five_channels(screen: Client, api: ApiClient, workspace: Workspace) -> None:
    roomy = [make_channel(workspace, f"Roomy {n}", facts={"limits": {"characters": 500}}) for n in range(4)]
    sky = make_channel(workspace, "Sky", "bluesky")
    channels = [str(channel.id) for channel in (*roomy, sky)]
    text = "x" * 317
    shown = ask(screen, "check", document={"parts": [{"text": text}]}, channels=channels).json()
    for channel in roomy:
        assert f'data-channel="{channel.id}"' not in shown["problems"]
    assert f'data-channel="{sky.id}"' in shown["problems"]
    assert "317" in shown["problems"] or "17" in shown["problems"], "by how much it is over"
    assert "300" in shown["problems"]
    assert "Sky" in shown["problems"]

    # Kept as typed, not scheduled, and said alike on both ways.
    finished = ask(
        screen, "finish?then=publish", document={"parts": [{"text": text}]}, channels=channels, when={"mode": "now"}
    )
    made = api.call("POST", "/posts", {"text": text, "channels": channels})
    assert made.status_code == 201, made.content
    scheduled = api.call("POST", f"/posts/{made.json()['id']}/publish", {})
    assert finished.status_code == scheduled.status_code == 422, (finished.content, scheduled.content)
    assert codes(finished) == codes(scheduled)
    with workspace_scope(workspace.id):
        assert [post.document["parts"][0]["text"] for post in Post.objects.all()] == [text, text]
        assert Delivery.objects.count() == 0


def test_a_time_in_the_past(screen: Client, api: ApiClient, workspace: Workspace) -> None:
    channel = make_channel(workspace, "Acme", facts={"limits": {"characters": 500}})
    finished = ask(
        screen, "finish?then=publish", document={"parts": [{"text": "late"}]}, channels=[str(channel.id)],
        when={"mode": "time", "local": "2020-01-01T09:00"},
    )  # fmt: skip
    made = api.call("POST", "/posts", {"text": "late", "channels": [str(channel.id)]})
    said = api.call("POST", f"/posts/{made.json()['id']}/schedule", {"due_at": "2020-01-01T09:00:00Z"})
    assert finished.status_code == said.status_code == 422
    assert codes(finished) == codes(said) == {"time_in_past"}
    with workspace_scope(workspace.id):
        assert [(p.document["parts"][0]["text"], p.state) for p in Post.objects.all()] == [("late", "draft")] * 2


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"not a picture at all", "holiday.jpg"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "cut.png"), (b"", "empty.png"),
     (b"<svg xmlns='http://www.w3.org/2000/svg' onload='x()'/>", "drawing.png")],
)  # fmt: skip
def test_a_file_that_is_not_what_it_says(
    content: bytes, name: str, screen: Client, api: ApiClient, workspace: Workspace
) -> None:
    shown = screen.post("/w/acme/posts/upload", {"file": SimpleUploadedFile(name, content)})
    said = Client().post(
        "/api/v1/media",
        {"file": SimpleUploadedFile(name, content)},
        headers={"Authorization": f"Bearer {api.token}"},
    )
    assert shown.status_code == 400
    assert said.status_code == 422
    assert codes(shown) == codes(said)
    assert all(problem["fix"] for problem in shown.json()["problems"] + said.json()["problems"])
    with workspace_scope(workspace.id):
        assert Asset.objects.count() == 0


def test_a_wrong_app_password_is_said_in_the_form_and_by_the_api(
    screen: Client, api: ApiClient, workspace: Workspace
) -> None:
    with EchoServer() as server:
        server.mode = "401"
        form = {"handle": "bakery.test", "password": "abcd-efgh-2345-mnop", "server": server.url}
        page = screen.post("/w/acme/channels/connect/bluesky/", form)
        said = api.call("POST", "/channels", {"network": "bluesky", "form": form})
    assert page.status_code == said.status_code == 422
    [problem] = said.json()["problems"]
    assert problem["message"]
    assert problem["fix"]
    html = page.content.decode()
    assert 'value="bakery.test"' in html, "what was typed stays"
    assert "abcd-efgh" not in html, "but the password"
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()


def test_a_host_that_does_not_answer(screen: Client, api: ApiClient, workspace: Workspace) -> None:
    form = {"name": "bakery", "kind": "plain", "base_url": "http://127.0.0.1:1"}
    page = screen.post("/w/acme/channels/connect/practice/", form)
    said = api.call("POST", "/channels", {"network": "practice", "form": form})
    assert page.status_code == said.status_code == 422
    assert "127.0.0.1" in page.content.decode()
    assert said.json()["problems"][0]["fix"]


def test_planned_posts_of_a_disconnected_channel_are_kept_shown_and_movable(
    screen: Client, api: ApiClient, workspace: Workspace
) -> None:
    channel = make_channel(workspace, "Acme", facts={"limits": {"characters": 500}})
    other = make_channel(workspace, "Other", facts={"limits": {"characters": 500}})
    due = (clock.now() + timedelta(days=2)).replace(microsecond=0)
    made = api.call("POST", "/posts", {"text": "Fresh rye", "channels": [str(channel.id)]}).json()["id"]
    planned = api.call("POST", f"/posts/{made}/schedule", {"due_at": due.isoformat()})
    assert planned.status_code == 200, planned.content
    with workspace_scope(workspace.id):
        disconnect_channel(actor(workspace), channel.id)

    def listed() -> str:
        return str(screen.get("/w/acme/calendar/", {"view": "list", "date": f"{due:%Y-%m-%d}"}).content.decode())

    assert "Fresh rye" in listed()
    page = screen.get(f"/w/acme/posts/{made}").content.decode()
    assert "Acme" in page
    moved = screen.post(
        "/w/acme/calendar/move",
        {"post": made, "to": f"{due + timedelta(hours=3):%Y-%m-%dT%H:%M}"},
        content_type="application/json",
    )
    assert moved.status_code == 200, moved.content
    with workspace_scope(workspace.id):
        post = Post.objects.get(id=made)
        assert post.due_at is not None
        assert post.due_at > due
        revision = post.revision
    # And to another channel.
    changed = api.call("PATCH", f"/posts/{made}", {"base_revision": revision, "channels": [str(other.id)]})
    assert changed.status_code == 200, changed.content
    with workspace_scope(workspace.id):
        rows = Delivery.objects.exclude(state="cancelled")
        assert {row.channel_id for row in rows} == {other.id}
