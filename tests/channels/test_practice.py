"""A practice channel leads to this installation's practice network and nowhere else."""

import socket
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kaja.channels.actions import connect_channel
from kaja.channels.models import Channel
from kaja.channels.sessions import make_session
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Workspace
from tests.people import browser
from tests.practice.running import PracticeServer

ACTOR = make_system_actor("tests")


def test_another_address_is_refused_before_anything_is_asked(workspace: Workspace, practice: PracticeServer) -> None:
    with socket.socket() as inside:
        inside.bind(("127.0.0.1", 0))
        inside.listen()
        inside.settimeout(0)
        port = inside.getsockname()[1]
        for address in (f"http://127.0.0.1:{port}", f"127.0.0.1:{port}", f"http://localhost:{port}", "http://10.0.0.1"):
            with pytest.raises(Refused) as refused:
                connect_channel(ACTOR, workspace, "practice", {"name": "Kohvik", "base_url": address})
            assert (refused.value.problems[0].code, refused.value.problems[0].field) == (
                "practice_elsewhere",
                "base_url",
            )
        with pytest.raises(BlockingIOError):
            inside.accept()
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()


def test_a_channel_moves_with_the_installation(settings: Any) -> None:
    settings.PRACTICE_URL = "http://127.0.0.1:8511"
    assert make_session("practice", "http://127.0.0.1:22", {}).base_url == "http://127.0.0.1:8511"
    assert make_session("mastodon", "https://a.example", {}).base_url == "https://a.example"


@pytest.mark.parametrize("given", ["", "http://127.0.0.1:8001"])
def test_the_forms_own_default_means_the_one_that_is_here(
    workspace: Workspace, practice: PracticeServer, given: str
) -> None:
    made = connect_channel(ACTOR, workspace, "practice", {"name": "Kohvik", "base_url": given})
    assert made.base_url == practice.url


def test_a_workspace_cannot_connect_anothers_account(
    workspace: Workspace, other_workspace: Workspace, practice: PracticeServer
) -> None:
    connect_channel(ACTOR, workspace, "practice", {"name": "Kohvik"})
    connect_channel(ACTOR, workspace, "practice", {"name": "Kohvik"})
    with pytest.raises(Refused) as refused:
        connect_channel(ACTOR, other_workspace, "practice", {"name": "Kohvik"})
    assert refused.value.problems[0].code == "practice_taken"


def test_two_workspaces_of_one_name_both_practise_first(
    workspace: Workspace, other_workspace: Workspace, practice: PracticeServer
) -> None:
    for each in (workspace, other_workspace):
        with workspace_scope(each.id):
            Workspace.objects.filter(id=each.id).update(name="Kohvik")
        client: Client = browser(each)
        answer = client.post(reverse("onboarding:practice", args=[each.slug]))
        assert answer.status_code == 302
        with workspace_scope(each.id):
            assert Channel.objects.count() == 1
            names = [channel.name for channel in Channel.objects.all()]
    assert names == [f"Kohvik ({other_workspace.slug})"]


def test_a_wrong_key_is_said(workspace: Workspace, practice: PracticeServer, settings: Any) -> None:
    settings.PRACTICE_KEY = "of another Kaja"
    with pytest.raises(Refused) as refused:
        connect_channel(ACTOR, workspace, "practice", {"name": "Kohvik"})
    assert refused.value.problems[0].code == "practice_key"
