"""The main job without a browser: connect, write, plan, watch, hand out a token."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from kaja.channels.models import Channel
from kaja.channels.slots import set_slots
from kaja.cli.main import kaja
from kaja.content.models import Post
from kaja.delivery.models import Delivery
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Workspace
from tests.api.conftest import ApiClient
from tests.practice.running import PracticeServer


@pytest.fixture(scope="module")
def practice(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    server = PracticeServer(Path(tmp_path_factory.mktemp("practice")))
    yield server
    assert server.stop() == 0


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(kaja, arguments, input=stdin)


def run_json(*arguments: str, stdin: str = "") -> Any:
    done = run(*arguments, "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.fixture
def channel(workspace: Workspace, practice: PracticeServer, settings: Any) -> str:
    practice.reset()
    practice.adopt(settings)
    made = run_json("channel", "connect", "-w", "acme", "--network", "practice", "--field", "name=cafe")
    return str(made["id"])


def test_a_script_does_the_main_job(workspace: Workspace, channel: str, tmp_path: Path) -> None:
    picture = tmp_path / "cake.png"
    Image.new("RGB", (40, 30), "brown").save(picture)
    at = (datetime.now(UTC) + timedelta(hours=3)).isoformat(timespec="seconds")
    made = run_json(
        "post", "create", "-w", "acme", "-c", "cafe", "--text", "-", "--at", at,
        "--media", str(picture), "--alt", "Cake", stdin="Kook on valmis",
    )  # fmt: skip
    assert made["state"] == "scheduled"
    assert made["document"]["parts"][0]["text"] == "Kook on valmis"
    assert [d["state"] for d in made["deliveries"]] == ["scheduled"]
    with workspace_scope(workspace.id):
        assert Asset.objects.get().alt == "Cake"
        assert Delivery.objects.get().due_at.isoformat() == at
    assert [p["id"] for p in run_json("post", "list", "-w", "acme")] == [made["id"]]
    shown = run("post", "show", "-w", "acme", made["id"])
    assert "scheduled" in shown.output
    assert "Kook on valmis" in shown.output
    with workspace_scope(workspace.id):
        Delivery.objects.update(state="sent", remote_id="r1")
    # One word for one state: on the screen this post is sent, too.
    assert run("post", "list", "-w", "acme").output.split()[1] == "sent"
    listed = run("channel", "list", "-w", "acme")
    assert channel in listed.output


def test_the_token_that_is_printed_opens_the_api(workspace: Workspace) -> None:
    secret = run("token", "create", "-w", "acme", "--name", "script", "--scope", "view", "--days", "3").output.strip()
    assert ApiClient(secret).call("GET", "/posts").status_code == 200
    assert ApiClient(secret).call("POST", "/posts", {"text": "x"}).status_code == 403
    listed = run_json("token", "list", "-w", "acme")
    assert secret not in json.dumps(listed)
    assert run("token", "revoke", "-w", "acme", listed[0]["id"]).exit_code == 0
    assert ApiClient(secret).call("GET", "/posts").status_code == 401


def test_the_next_slot_is_taken(workspace: Workspace, channel: str) -> None:
    with workspace_scope(workspace.id):
        set_slots(make_system_actor("test"), Channel.objects.get().id, [(day, time(9)) for day in range(7)])
    first = run_json("post", "create", "-w", "acme", "-c", channel, "--text", "one", "--at", "next-slot")
    second = run_json("post", "create", "-w", "acme", "-c", channel, "--text", "two", "--at", "next-slot")
    gap = datetime.fromisoformat(second["due_at"]) - datetime.fromisoformat(first["due_at"])
    assert timedelta(hours=23) <= gap <= timedelta(hours=25)


def test_a_wall_clock_time_is_of_the_workspace(workspace: Workspace, channel: str) -> None:
    made = run_json("post", "create", "-w", "acme", "-c", channel, "--text", "x", "--at", "2035-07-02T09:00")
    assert made["due_at"] == "2035-07-02T06:00:00Z"
    skipped = run("post", "create", "-w", "acme", "-c", channel, "--text", "x", "--at", "2035-03-25T03:30")
    assert skipped.exit_code == 0
    assert "is skipped in Europe/Tallinn; taken as 2035-03-25T04:30:00+03:00" in skipped.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-c", "nobody", "--text", "x"], "is not a channel of this workspace. Channels: cafe"),
        (["-c", "cafe", "--text", "x", "--at", "tomorrow"], "is not a time such as"),
        (["-c", "cafe", "--text", "x", "--at", "2020-01-01T09:00"], "passed already"),
        (["-c", "cafe", "--text", "x" * 501, "--at", "2035-01-01T09:00"], "501"),
        (["--text", "x", "--at", "now"], "needs a channel"),
        (["-c", "cafe", "--text", "x", "--at", "next-slot"], "no free slot"),
    ],
)
def test_bad_input_says_what_to_do_and_leaves_nothing(
    workspace: Workspace, channel: str, arguments: list[str], words: str
) -> None:
    done = run("post", "create", "-w", "acme", *arguments)
    assert done.exit_code in {1, 2}
    assert words in done.output
    with workspace_scope(workspace.id):
        assert Post.objects.count() == 0


def test_workspaces_and_people_must_be_known(workspace: Workspace, other_workspace: Workspace) -> None:
    assert "no workspace with the address nowhere" in run("post", "list", "-w", "nowhere").output
    stranger = run("post", "list", "-w", "acme", "--as", "owner@rival.test")
    assert stranger.exit_code == 1
    assert "does not belong" in stranger.output


def test_a_connection_that_fails_says_why(workspace: Workspace) -> None:
    done = run("channel", "connect", "-w", "acme", "--network", "mastodon", "--field", "x=y")
    assert done.exit_code == 1
    assert "Mastodon" in done.output
    assert run("channel", "connect", "-w", "acme", "--network", "nonet").exit_code == 8
    with workspace_scope(workspace.id):
        assert Channel.objects.count() == 0
