"""Webhooks, crisis mode and what stands beside the conversations, from a script."""

import json
from typing import Any

from click.testing import CliRunner, Result

from kaja.channels.models import Channel
from kaja.cli.main import kaja
from kaja.content.models import Post, PostState
from kaja.crisis.models import Crisis
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.outgoing.models import Endpoint
from kaja.workspaces.models import Role, Workspace
from tests.api.world import build_desk, build_world
from tests.crisis.begun import plan
from tests.outgoing.world import ENDPOINT, fill_webhook_log
from tests.people import add_member


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(kaja, (*arguments[:2], "-w", "acme", *arguments[2:]), input=stdin)


def run_json(*arguments: str, stdin: str = "") -> Any:
    done = run(*arguments, "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_script_makes_switches_and_deletes_a_webhook(workspace: Workspace) -> None:
    key = str(new_id())
    given = ("--name", "Shop", "--address", "https://shop.test/", "-e", "post.failed", "--key", key)
    made = run_json("webhook", "create", *given)
    assert (made["id"], made["secret"][:6]) == (key, "whsec_")
    assert "whsec_" not in run("webhook", "list").output
    assert run_json("webhook", "change", key, "-e", "lead.changed")["events"] == ["lead.changed"]
    assert run_json("webhook", "off", key)["off_why"] == "person"
    assert "switched off" in run("webhook", "test", key).output
    assert run_json("webhook", "on", key)["off_at"] is None
    assert run("webhook", "test", key).exit_code == 0
    assert run_json("webhook", "log", key)[0]["type"] == "webhook.test"
    assert run("webhook", "secret", key).output.startswith("whsec_")
    assert run("webhook", "create", "--name", "x", "--address", "https://x.test/", "-e", "none").exit_code != 0
    assert run("webhook", "delete", key).exit_code == 0
    with workspace_scope(workspace.id):
        assert not Endpoint.objects.exists()


def test_a_script_sends_a_line_again(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        fill_webhook_log(workspace, 1)
    [line] = run_json("webhook", "log", str(ENDPOINT), "--state", "failed")
    assert "2 tries  500" in run("webhook", "log", str(ENDPOINT)).output
    assert run_json("webhook", "resend", line["id"])["state"] == "waiting"
    add_member(workspace, "mari@acme.test", Role.COMMUNITY_MANAGER)
    assert run("webhook", "list", "--as", "mari@acme.test").exit_code != 0


def test_a_script_begins_pauses_and_ends_a_crisis(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id="1", name="Bakery")
        post = plan(workspace, [channel], "cheerful")
    assert "No crisis lasts" in run("crisis", "show").output
    assert run_json("crisis", "preview", "-c", "Bakery")["count"] == 1
    made = run_json("crisis", "start", "--name", "Fire", "--why", "It burns")
    asked = run("crisis", "pause", "-c", "Bakery", stdin="n\n")
    assert asked.exit_code != 0
    with workspace_scope(workspace.id):
        assert Post.objects.get().state == PostState.SCHEDULED
    assert run_json("crisis", "pause", "-c", "Bakery", "--yes") == {"paused": 1, "begun": 0}
    written = run_json("crisis", "write", "--title", "Sorry", "--text", "en=We are sorry.")
    assert run("crisis", "approve", written["id"], "--version", "2").exit_code != 0
    assert run("crisis", "approve", written["id"], "--version", "1").exit_code == 0
    assert "approved by" in run("crisis", "show").output
    assert run("crisis", "withdraw", written["id"]).exit_code == 0
    assert run_json("crisis", "decide", "--text", "-", stdin="Close the shop.")["text"] == "Close the shop."
    review = run_json("crisis", "end", "--own", f"{post.id}=resume", "--lesson", "Sooner.")
    assert (review["lesson"], review["figures"]["posts"]) == ("Sooner.", {"resumed": 1})
    said = run("crisis", "log", made["id"]).output
    assert "Close the shop." in said
    assert [each["id"] for each in run_json("crisis", "list")] == [made["id"]]
    with workspace_scope(workspace.id):
        assert Crisis.objects.get().ended_at is not None
        assert Post.objects.get().state == PostState.SCHEDULED


def test_a_script_reads_targets_rules_and_quality(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        build_desk(build_world(workspace, "acme"), "acme")
    assert run_json("inbox", "targets")[0]["first_minutes"] == 30
    assert run_json("inbox", "rules")[0]["hits"] == 1
    assert run_json("inbox", "quality")["whole"]["drawn"] == 1
    assert "rated 0 of 1" in run("inbox", "quality").output
    assert "first 30" in run("inbox", "targets").output
