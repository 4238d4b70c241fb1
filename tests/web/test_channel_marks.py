"""Which channel it is, said the same way and in the same order everywhere."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from kaja.channels.models import Channel
from kaja.channels.queries import list_channels
from kaja.content.queries import get_post
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.registry import CONNECTORS
from kaja.publishing.queries import list_deliveries
from kaja.web.templatetags.kaja import channel_mark, render_channel_mark
from kaja.workspaces.models import Workspace
from tests.people import browser
from tests.web.calendar.conftest import make_channel, make_post, soon

pytestmark = pytest.mark.django_db

NAMES = ["Zebra", "Middle", "Alpha"]
"""In the order of connecting, which is the order of no alphabet."""


@pytest.fixture
def channels(workspace: Workspace) -> list[Channel]:
    made = [make_channel(workspace, name) for name in NAMES]
    with workspace_scope(workspace.id):
        for number, channel in enumerate(made):  # connected on three days, whatever their ids are
            day = clock.now() - timedelta(days=10 - number)
            Channel.objects.filter(id=channel.id).update(created_at=day)
    return made


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


def named(html: str) -> list[str]:
    """The channels that a page's marks name, in its order."""
    return re.findall(r'class="avatar channel-mark[^>]*title="(\w+) · ', html)


def page(client: Client, address: str) -> str:
    answer = client.get(f"/w/acme/{address}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def test_pages_name_channels_in_the_order_of_connecting(
    client: Client, workspace: Workspace, channels: list[Channel]
) -> None:
    # Chosen the other way round, which is no order of theirs.
    post = make_post(workspace, "Order", soon(), tuple(reversed(channels)), scheduled=True)
    week = page(client, f"calendar/?view=week&date={soon():%Y-%m-%d}")
    card = week.split(f'id="post-{post.id}"')[1].split("</article>")[0]
    assert named(card) == NAMES
    assert named(week.split('id="calendar"')[0]) == NAMES  # the filter's menu
    assert named(page(client, "channels/")) == NAMES
    assert named(page(client, f"posts/{post.id}"))[:3] == NAMES
    assert named(page(client, "ideas/")) == NAMES
    editor = page(client, f"posts/{post.id}/edit")
    assert named(editor.split("composer-tabs")[0]) == NAMES
    assert named(editor.split("composer-tabs")[1].split('id="editor"')[0]) == NAMES


def test_search_and_queries_keep_the_same_order(client: Client, workspace: Workspace, channels: list[Channel]) -> None:
    post = make_post(workspace, "Order", soon(), tuple(reversed(channels)), scheduled=True)
    assert named(page(client, "find/?q=practice")) == NAMES
    with workspace_scope(workspace.id):
        assert [channel.name for channel in list_channels()] == NAMES
        assert [variant.channel.name for variant in get_post(post.id).active_variants] == NAMES  # type: ignore[attr-defined]
        assert [delivery.channel.name for delivery in list_deliveries(post.id)] == NAMES


def test_let_go_channels_come_last_and_the_others_keep_their_order(
    workspace: Workspace, channels: list[Channel]
) -> None:
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=channels[0].id).update(disconnected_at=clock.now())
        assert [channel.name for channel in list_channels(disconnected=True)] == ["Middle", "Alpha", "Zebra"]


def test_three_channels_of_one_network_can_be_told_apart() -> None:
    marks = [render_channel_mark("practice", name, "", "sm", True, "en") for name in NAMES]
    assert len(set(marks)) == 3
    assert [re.sub(r"<[^>]+>", "", mark) for mark in marks] == ["Z", "M", "A"]


@pytest.mark.parametrize("network", sorted(CONNECTORS))
def test_mark_shows_picture_over_initials_and_the_network(network: str) -> None:
    mark = render_channel_mark(network, "Kohvik <b>", "https://cdn.example/a.png", "", False, "en")
    assert '<img src="https://cdn.example/a.png"' in mark
    assert f"#{network}" in mark
    assert "KB" in mark
    assert "<b>" not in mark


def test_picture_of_another_scheme_is_not_shown() -> None:
    channel = Channel(network="practice", name="Acme", avatar_url="javascript:alert(1)")
    assert "<img" not in channel_mark(channel)
    channel.avatar_url = "https://example.org/a.png"
    assert '<img src="https://example.org/a.png"' in channel_mark(channel)
