"""A server that has moved: its posts wait, its channel says so, and a person follows it in one step."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from kaja.channels.actions import check_channel, follow_channel
from kaja.channels.following import find_new_address
from kaja.channels.models import Channel, Health
from kaja.delivery.models import State
from kaja.kernel.problems import Conflict, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import AuditEntry, Notice, Workspace
from tests.channels.moving import connect_mastodon, front_of, mastodon_at_work
from tests.needed import needs
from tests.networks.mastodon.server import MastodonServer
from tests.people import actor, browser
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice, deliveries_of, plan_post, running_engine, wait_for_states
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nearby(settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]


@pytest.fixture
def mastodon() -> Iterator[tuple[MastodonServer, str]]:
    with mastodon_at_work() as server:
        yield server


def stored(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.get()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_posts_of_a_moved_server_wait_and_go_out_once_when_it_is_followed(
    mastodon: tuple[MastodonServer, str], workspace: Workspace, status: int
) -> None:
    server, url = mastodon
    with front_of(url) as front, running_engine():
        channel = connect_mastodon(workspace, front.url)
        front.moved = status
        post = plan_post(workspace, [channel], "Still here")
        wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
        [row] = deliveries_of(workspace, post)
        assert (row.state, row.next_at) == (State.WAITING, None)
        assert needs(row.problem)["code"] == "network_moved"
        held = stored(workspace)
        assert held.health == Health.UNREACHABLE
        assert held.health_failures, "so it is looked at again in a quarter of an hour"
        assert find_new_address(held) == url
        assert server.statuses == []
        with workspace_scope(workspace.id):
            wait_until(Notice.objects.exists)
        followed = follow_channel(actor(workspace), workspace.id, channel.id, url)
        assert followed.base_url == url
        wait_for_states(workspace, post, "sent")
    assert len(server.statuses) == 1
    with workspace_scope(workspace.id):
        [entry] = AuditEntry.objects.filter(action="channel.follow")
        assert (entry.before["base_url"], entry.after["base_url"]) == (front.url, url)


def test_a_server_that_comes_back_is_noticed_and_its_posts_go_out_by_themselves(
    mastodon: tuple[MastodonServer, str], workspace: Workspace
) -> None:
    server, url = mastodon
    with front_of(url) as front, running_engine():
        channel = connect_mastodon(workspace, front.url)
        front.moved = 302
        post = plan_post(workspace, [channel], "A detour")
        wait_until(lambda: deliveries_of(workspace, post)[0].needs_person)
        assert check_channel(workspace.id, channel.id).health == Health.UNREACHABLE
        front.moved = 0
        assert check_channel(workspace.id, channel.id).health == Health.OK
        wait_for_states(workspace, post, "sent")
    assert len(server.statuses) == 1


def test_following_leads_only_where_the_same_account_answers_and_never_back_to_http(workspace: Workspace) -> None:
    with front_of("http://127.0.0.1:9") as front:
        channel = connect_mastodon(workspace, front.url)
        front.moved = 308
        check_channel(workspace.id, channel.id)
        assert find_new_address(stored(workspace)) == "http://127.0.0.1:9"
        with pytest.raises(Refused) as nobody:
            follow_channel(actor(workspace), workspace.id, channel.id)
        assert "127.0.0.1:9" in nobody.value.problems[0].fix % nobody.value.problems[0].params
        with pytest.raises(Conflict):
            follow_channel(actor(workspace), workspace.id, channel.id, "http://elsewhere.test")
    kept = stored(workspace)
    assert (kept.base_url, kept.health) == (front.url, Health.UNREACHABLE)
    kept.base_url = "https://old.test"
    kept.health_problem = {
        **(kept.health_problem or {}),
        "params": {"asked": "https://old.test/api/v1/x", "to": "http://new.test/api/v1/x"},
    }
    assert find_new_address(kept) == ""
    kept.health_problem["params"]["to"] = "https://new.test/sub/api/v1/x"
    assert find_new_address(kept) == "https://new.test/sub"


def test_the_page_offers_the_step_and_says_what_happened(
    mastodon: tuple[MastodonServer, str], workspace: Workspace
) -> None:
    _, url = mastodon
    with front_of(url) as front:
        channel = connect_mastodon(workspace, front.url)
        front.moved = 301
        check_channel(workspace.id, channel.id)
        client = browser(workspace)
        address = f"/w/{workspace.slug}/channels/{channel.id}/"
        assert f"Follow to {url}" in client.get(address).content.decode()
        told = client.post(f"{address}follow/", {"to": url}, follow=True).content.decode()
    assert f"goes on at {url}" in told
    assert "Follow to" not in told
    connection.close()


def test_a_practice_channel_leads_to_the_practice_network_of_this_kaja_and_is_led_nowhere(
    practice: PracticeServer, workspace: Workspace, settings: Any
) -> None:
    with front_of(practice.url) as front:
        channel = connect_practice(practice, workspace, "bakery")
        settings.PRACTICE_URL = front.url
        front.moved = 307
        assert check_channel(workspace.id, channel.id).health == Health.UNREACHABLE
        assert find_new_address(stored(workspace)) == ""
        with pytest.raises(Conflict):
            follow_channel(actor(workspace), workspace.id, channel.id)
