"""Two installations that send to one account: the network says what Kaja made, and each knows what it made itself."""

from typing import Any

import pytest

from kaja.delivery.actions import hold_everything
from kaja.delivery.actions.watching import list_watched, look_for_others
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Held, Notice, Workspace
from tests.channels.moving import connect_mastodon, mastodon_at_work
from tests.networks.mastodon.test_connector import _post
from tests.practice.running import PracticeServer
from tests.publishing.delivering import ACTOR, connect_practice, later, plan_post, running_engine, wait_for_states

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_another_kaja_posts_is_noticed_and_what_people_post_elsewhere_is_not(
    practice: PracticeServer, workspace: Workspace, settings: Any
) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    connect_practice(practice, workspace, "bakery")
    with mastodon_at_work() as (server, url):
        channel = connect_mastodon(workspace, url)
        assert list_watched() == [(workspace.id, channel.id)], "the practice network names no applications"
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


def test_a_held_workspace_is_left_to_its_settlement(workspace: Workspace, settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    with mastodon_at_work() as (server, url):
        channel = connect_mastodon(workspace, url)
        server._status(_post({"status": "From the copy"}))
        hold_everything(ACTOR, Held.COPY, later(-60))
        assert look_for_others(workspace.id, channel.id) is False
        assert server.requests == []
