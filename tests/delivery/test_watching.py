"""Two installations that send to one account: the network says what Kaja made, and each knows what it made itself."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from kaja.channels.credentials import read_credentials
from kaja.channels.models import Channel
from kaja.delivery.actions import hold_everything
from kaja.delivery.actions.watching import list_watched, look_for_others
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Held, Notice, Workspace
from tests.channels.moving import connect_mastodon, mastodon_at_work
from tests.networks.mastodon.test_connector import _post
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, later, plan_post, running_engine, wait_for_states

SENT = ("sent",)
pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def posting_elsewhere(channel: Channel) -> Iterator[Callable[[str], None]]:
    """With the account's own token, as another program of its owner does."""
    with workspace_scope(channel.workspace_id):
        secrets = read_credentials(channel.id).values()
    [token] = [value for value in secrets if value.startswith("practice-")]
    with httpx2.Client(base_url=channel.base_url, headers={"Authorization": f"Bearer {token}"}) as client:

        def write(text: str) -> None:
            body = {"text": text}
            if channel.facts["limits"].get("kind") == "staged":
                made = client.post("/api/v1/containers", json=body).raise_for_status().json()
                client.post(f"/api/v1/containers/{made['id']}/publish", json={}).raise_for_status()
            else:
                client.post("/api/v1/posts", json=body).raise_for_status()

        yield write


def test_what_another_kaja_posts_is_noticed_and_what_people_post_elsewhere_is_not(
    practice: PracticeServer, workspace: Workspace, settings: Any
) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    connect_practice(practice, workspace, "bakery")  # nothing went out there, so there is nothing to look for
    with mastodon_at_work() as (server, url):
        channel = connect_mastodon(workspace, url)
        assert list_watched() == [(workspace.id, channel.id)]
        with running_engine():
            wait_for_states(workspace, plan_post(workspace, [channel], "From here"), "sent")
        server.application = "A phone"
        server._status(_post({"status": "From a phone"}))
        assert look_for_others(workspace.id, channel.id) is False
        server.application = "Kaja"
        server._status(_post({"status": "From the copy"}))
        assert look_for_others(workspace.id, channel.id) is True
        assert look_for_others(workspace.id, channel.id) is True
    with workspace_scope(workspace.id):
        [notice] = Notice.objects.filter(kind="channel.others")
    assert notice.path == f"channels/{channel.id}/"
    assert notice.params == {"channel": str(channel)}


@pytest.mark.parametrize("kind", ["plain", "staged"])
def test_what_two_copies_send_is_noticed_where_nothing_says_who_made_a_post(
    practice: PracticeServer, workspace: Workspace, kind: str
) -> None:
    channel = connect_practice(practice, workspace, "bakery", kind)
    assert list_watched() == []
    with running_engine():
        wait_for_states(workspace, plan_post(workspace, [channel], "Fresh bread at seven", "Cake at nine"), *SENT * 2)
        wait_for_states(workspace, plan_post(workspace, [channel], "Good day"), *SENT)
    assert list_watched() == [(workspace.id, channel.id)]
    assert look_for_others(workspace.id, channel.id) is False, "each stands there once"
    # Somebody writes by hand, nearly the same, and what people say twice.
    with posting_elsewhere(channel) as write:
        write("Fresh bread at eight")
        write("Good day")
        assert look_for_others(workspace.id, channel.id) is False
        write("Fresh bread at seven")
    assert look_for_others(workspace.id, channel.id) is True
    with workspace_scope(workspace.id):
        [notice] = Notice.objects.filter(kind="channel.others")
    assert "stands twice" in notice.message


def test_a_held_workspace_is_left_to_its_settlement(workspace: Workspace, settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    with mastodon_at_work() as (server, url):
        channel = connect_mastodon(workspace, url)
        server._status(_post({"status": "From the copy"}))
        hold_everything(ACTOR, Held.COPY, later(-60))
        assert look_for_others(workspace.id, channel.id) is False
        assert server.requests == []
