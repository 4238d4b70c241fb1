"""A format from the API's list of networks to what stands on one, through check, plan and engine."""

from typing import Any

import pytest

from kaja.kernel.clock import now
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.facts import Facts
from kaja.networks.registry import CONNECTORS
from kaja.publishing.actions import schedule_post
from kaja.workspaces.models import Workspace
from tests.api.conftest import ApiClient, token_for
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, make_post, running_engine, wait_for_states

pytestmark = pytest.mark.django_db(transaction=True)
POLL = {"format": "poll", "answers": ["Rye", "Wheat"], "hours": "12"}


@pytest.mark.parametrize("kind", ["plain", "staged"])
def test_a_poll_is_planned_and_stands_there_as_one(kind: str, practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery", kind)
    post = make_post(workspace, [channel], "Which bread?", options={channel.id: POLL})
    with workspace_scope(workspace.id):
        schedule_post(ACTOR, post, now())
    with running_engine():
        [row] = wait_for_states(workspace, post, "sent")
    with workspace_scope(workspace.id):
        remote = row.publication.remote_id
    told = practice.call("GET", f"/api/v1/posts/{remote}", token=practice.account("bakery", kind)).json()
    assert (told["format"], told["fields"]) == ("poll", {"answers": ["Rye", "Wheat"], "hours": 12.0})


def test_an_event_begins_when_the_workspaces_clocks_said(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(time_zone="Europe/Tallinn")
    event = {"format": "event", "starts_at": "2030-07-05T18:00"}
    post = make_post(workspace, [channel], "Open evening", options={channel.id: event})
    with workspace_scope(workspace.id):
        schedule_post(ACTOR, post, now())
    with running_engine():
        [row] = wait_for_states(workspace, post, "sent")
    with workspace_scope(workspace.id):
        remote = row.publication.remote_id
    told = practice.call("GET", f"/api/v1/posts/{remote}", token=practice.account("bakery", "plain")).json()
    assert (told["format"], told["fields"]) == ("event", {"starts_at": "2030-07-05T18:00+03:00"})


def test_what_a_format_needs_is_asked_for_before_it_is_planned(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    post = make_post(workspace, [channel], "Which bread?", options={channel.id: {"format": "short"}})
    with workspace_scope(workspace.id), pytest.raises(Refused) as refused:
        schedule_post(ACTOR, post, now())
    assert {problem.code for problem in refused.value.problems} == {"too_few_media", "option_missing"}
    with pytest.raises(Refused) as unknown:
        make_post(workspace, [channel], "Which bread?", options={channel.id: {"hologram": "yes"}})
    assert unknown.value.problems[0].code == "option_unknown"


def test_the_apis_check_carries_the_fields_of_what_is_chosen(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    client = ApiClient(token_for(workspace))

    def look(**options: object) -> dict[str, dict[str, Any]]:
        own = {str(channel.id): {"options": options}}
        body = {"text": "Open evening", "channels": [str(channel.id)], "variants": own}
        made = client.call("POST", "/posts", body)
        assert made.status_code == 201, made.content
        told = client.call("GET", f"/posts/{made.json()['id']}/check").json()
        assert set(told["channels"]) == set(told["fields"]) == {str(channel.id)}
        return {each["name"]: each for each in told["fields"][str(channel.id)]}

    assert list(look()) == ["format", "title", "content_warning"]
    event = look(format="event", starts_at="2031-07-05T18:30")
    assert list(event) == ["format", "title", "content_warning", "starts_at"]
    assert (event["format"]["value"], event["title"]["value"]) == ("event", None)
    assert event["starts_at"] == {
        "name": "starts_at", "kind": "datetime", "required": True, "default": "", "choices": [], "label": "Begins at",
        "help": "", "max_length": None, "named": [], "value": "2031-07-05T18:30+03:00[Europe/Tallinn]",
    }  # fmt: skip
    board = look(format="pin")["board"]
    assert board["named"] == [{"value": "1", "label": "Ideas"}, {"value": "2", "label": "Recipes"}], "the account's own"
    assert board["choices"] == ["1", "2"]
    assert "link_words" not in look(format="story")
    assert "link_words" in look(format="story", with_words=True)


def test_the_api_names_every_format_with_what_it_takes(workspace: Workspace) -> None:
    networks = {each["key"]: each for each in ApiClient(token_for(workspace)).call("GET", "/networks").json()}
    nobody = Facts("", "", "")
    for key, connector in CONNECTORS.items():
        known = [each.key for each in connector.rules.formats(nobody)]
        assert [each["key"] for each in networks[key]["formats"]] == known
    told = {each["key"]: each for each in networks["practice"]["formats"]}
    assert len(told) == 9
    assert (told["carousel"]["least_files"], told["carousel"]["most_files"]) == (2, 10)
    [audience] = told["short"]["options"]
    assert audience == {
        "name": "audience",
        "kind": "choice",
        "required": True,
        "default": "",
        "choices": ["everybody", "friends"],
    }
