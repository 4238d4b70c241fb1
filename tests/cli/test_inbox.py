"""Conversations from a script."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kaja.cli.main import kaja
from kaja.delivery.models import Delivery, State
from kaja.inbox.models import Conversation
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.api.world import World, build_world
from tests.people import add_member


@pytest.fixture
def world(workspace: Workspace) -> World:
    return build_world(workspace, "When do you open?")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(kaja, ("inbox", *arguments), input=stdin)


def run_json(*arguments: str, stdin: str = "") -> Any:
    done = run(*arguments, "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_script_reads_answers_and_settles(workspace: Workspace, world: World) -> None:
    talk = str(world.conversation_id)
    assert [each["id"] for each in run_json("list", "-w", "acme")] == [talk]
    shown = run("show", "-w", "acme", talk)
    assert "When do you open?" in shown.output
    assert str(world.message_id) in shown.output
    key = str(new_id())
    for _ in range(2):
        said = run_json("reply", "-w", "acme", talk, "--text", "-", "--key", key, stdin="At nine.")
    assert (said["id"], said["text"], said["delivery"]["state"]) == (key, "At nine.", "scheduled")
    with workspace_scope(workspace.id):
        assert Delivery.objects.filter(source_id=key).count() == 1
    assert run_json("take-back", "-w", "acme", key)["state"] == "deleted"
    assert run("note", "-w", "acme", talk, "--text", "A regular").exit_code == 0
    done = run("done", "-w", "acme", talk)
    assert done.output.splitlines()[0] == talk
    assert run_json("list", "-w", "acme") == []
    assert run("undo", "-w", "acme", *done.output.split("undo ")[1].split()).exit_code == 0
    assert [each["state"] for each in run_json("list", "-w", "acme")] == ["open"]


def test_several_things_are_set_at_once(workspace: Workspace, world: World) -> None:
    add_member(workspace, "mari@acme.test", Role.COMMUNITY_MANAGER)
    talk = str(world.conversation_id)
    run_json(
        "set", "-w", "acme", talk, "--assign", "mari@acme.test", "--priority", "urgent", "--label", "refund",
        "--snooze", "2027-03-01T09:00",
    )  # fmt: skip
    shown = run_json("show", "-w", "acme", talk)
    assert (shown["priority"], shown["labels"], shown["snoozed_until"]) == (2, ["refund"], "2027-03-01T07:00:00Z")
    assert run_json("list", "-w", "acme", "--mine", "--all", "--as", "mari@acme.test")[0]["id"] == talk
    assert run_json("list", "-w", "acme", "--label", "refund", "--all")[0]["id"] == talk
    run_json("set", "-w", "acme", talk, "--assign", "nobody", "--snooze", "off", "--unlabel", "refund")
    shown = run_json("show", "-w", "acme", talk)
    assert (shown["assignee"], shown["labels"], shown["snoozed_until"]) == (None, [], None)


def test_what_is_refused_is_said_and_undone(workspace: Workspace, world: World) -> None:
    talk = str(world.conversation_id)
    past = run("set", "-w", "acme", talk, "--state", "done", "--snooze", "2020-01-01T09:00")
    assert past.exit_code != 0
    assert "more than two years" in past.output
    assert run("set", "-w", "acme", talk, "--assign", "nobody@elsewhere.test").exit_code != 0
    assert "says nothing" in run("set", "-w", "acme", talk).output
    assert run("set", "-w", "acme", talk, "--label", "x" * 61).exit_code != 0
    with workspace_scope(workspace.id):
        assert Conversation.objects.get().state == "open"
        Delivery.objects.filter(source_id=world.answer_id).update(state=State.SENT, remote_id="r")
    assert "too late" in run("take-back", "-w", "acme", str(world.answer_id)).output
    assert run("list", "-w", "acme", "--channel", "nobody").exit_code != 0
