"""What bad input gets: a message that says what happened and what to do, on the screen and in the API alike.

docs/bad-input.md lists what, and the tests of it.
"""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from kaja.api.tokens import SCOPES, create_token
from kaja.channels.actions import check_channel, disconnect_channel
from kaja.channels.models import Channel
from kaja.cli.main import kaja
from kaja.content.models import Post
from kaja.delivery.models import Delivery
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.media import images, videos
from kaja.media.models import Asset
from kaja.networks.bluesky import make_connector
from kaja.networks.registry import CONNECTORS
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
    table = (ROOT / "docs" / "bad-input.md").read_text()
    rows = [row for row in table.splitlines() if row.startswith("| ")][1:]
    assert len(rows) >= 18
    for row in rows:
        named = re.findall(r"`(tests/[\w/]+\.py)::(?:Test\w+::)?(test_\w+)`", row)
        assert named, row
        for file, name in named:
            assert re.search(rf"^ *(async )?def {name}\(", (ROOT / file).read_text(), re.MULTILINE), (file, name)


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
    assert shown.status_code == 422
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


def test_a_host_that_does_not_answer(screen: Client, api: ApiClient, workspace: Workspace, settings: Any) -> None:
    settings.PRACTICE_URL = "http://127.0.0.1:1"
    form = {"name": "bakery", "kind": "plain", "base_url": "http://127.0.0.1:1"}
    page = screen.post("/w/acme/channels/connect/practice/", form)
    said = api.call("POST", "/channels", {"network": "practice", "form": form})
    assert page.status_code == said.status_code == 422
    assert "127.0.0.1" in page.content.decode()
    assert said.json()["problems"][0]["fix"]


HANGING = pytest.mark.parametrize("mode", ["hang", "drip"])


def connect_form(network: str, server: EchoServer) -> dict[str, str]:
    return {
        "bluesky": {"handle": "bakery.test", "password": "abcd-efgh-2345-mnop", "server": server.url},
        "wordpress": {"site": server.url, "username": "bakery", "password": "Zq8X vT3m Kp5W nY2c Rb7L dF4h"},
        "mastodon": {"instance": server.url},
        "practice": {"name": "bakery", "kind": "plain", "base_url": server.url},
    }[network]


@HANGING
@pytest.mark.parametrize("way", ["bluesky", "bluesky by handle", "mastodon", "practice", "wordpress"])
def test_a_host_that_takes_the_call_and_never_answers(
    way: str, mode: str, screen: Client, api: ApiClient, workspace: Workspace, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    settings.NETWORK_TIMEOUT = 0.5
    network = way.split()[0]
    with EchoServer() as server:
        server.mode = mode
        settings.PRACTICE_URL = server.url
        form = connect_form(network, server)
        if way == "bluesky by handle":  # the public directory of handles is what hangs
            del form["server"]
            monkeypatch.setitem(CONNECTORS, "bluesky", make_connector(server.url, server.url))
        page = screen.post(f"/w/acme/channels/connect/{network}/", form)
        said = api.call("POST", "/channels", {"network": network, "form": form})
        done = CliRunner().invoke(
            kaja, ["channel", "connect", "-w", "acme", "--network", network]
            + [word for name, value in form.items() for word in ("--field", f"{name}={value}")],
        )  # fmt: skip
        assert server.served > 0
    assert page.status_code == said.status_code == 422
    html = page.content.decode()
    assert "did not answer in time" in html
    assert "try again in a few minutes" in html
    assert "bakery" in html or server.url in html, "what was typed stays"
    assert done.exit_code == 1
    if network == "mastodon":  # a consent needs a browser; nobody is asked
        assert codes(said) == {"needs_browser"}
    else:
        assert codes(said) == {"answer_timeout"}
        assert "did not answer in time" in done.output
        assert "try again in a few minutes" in done.output
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()


@HANGING
@pytest.mark.parametrize("network", ["practice", "wordpress"])
def test_reconnecting_to_a_host_that_never_answers_leaves_the_channel(
    network: str, mode: str, screen: Client, workspace: Workspace, settings: Any
) -> None:
    settings.NETWORK_TIMEOUT = 0.5
    channel = make_channel(workspace, "Acme", network)
    with EchoServer() as server:
        settings.PRACTICE_URL, server.mode = server.url, mode
        page = screen.post(f"/w/acme/channels/{channel.id}/reconnect/", connect_form(network, server))
        checked = check_channel(workspace.id, channel.id) if network == "practice" else None
    assert page.status_code == 422
    assert "did not answer in time" in page.content.decode()
    with workspace_scope(workspace.id):
        [row] = Channel.objects.all()
    assert (row.base_url, row.disconnected_at) == (channel.base_url, None)
    assert checked is None or checked.health == "ok", "one silence is not believed"


def test_a_file_that_is_too_large(screen: Client, api: ApiClient, workspace: Workspace, tmp_path: Path) -> None:
    """The same words in UI, API and CLI: which file, how large, what the limit is, what to do."""
    content = b"\xff\xd8\xff" + bytes(images.MAX_BYTES)
    shown = screen.post("/w/acme/posts/upload", {"file": SimpleUploadedFile("poster.jpg", content)})
    said = Client().post(
        "/api/v1/media",
        {"file": SimpleUploadedFile("poster.jpg", content)},
        headers={"Authorization": f"Bearer {api.token}"},
    )
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(videos.MAX_BYTES + 1)  # of holes: it takes no room
    done = CliRunner().invoke(kaja, ["post", "create", "-w", "acme", "--text", "Look", "--media", str(film)])
    assert (shown.status_code, said.status_code, done.exit_code) == (422, 422, 1)
    assert codes(shown) == codes(said) == {"media_too_large"}
    for text in (shown.json()["problems"][0]["text"], said.json()["problems"][0]["message"]):
        assert text == "“poster.jpg” has 50.1 MB; at most 50 MB are taken, so it was not added."
    assert "“film.mp4” has 1000.1 MB; at most 1000 MB are taken" in done.output
    for fix in (shown.json()["problems"][0]["fix"], said.json()["problems"][0]["fix"], done.output):
        assert "Make it smaller, or cut it." in fix
    with workspace_scope(workspace.id):
        assert Asset.objects.count() == Post.objects.count() == 0


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
