"""Likes in a real browser: they come by themselves beside the post."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle
from tests.web.inbox.test_in_chromium import heard
from tests.web.inboxdesk.test_activity_page import read, send_post

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return make_channel("Bakery")


def test_beside_our_post_it_comes_without_a_reload(workspace: Workspace, page: Page, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        send_post(channel, "p1", "Fresh rye")
        talk = make_conversation(channel, make_handle("Anna"), post_ref="p1", post_url="https://network.test/p1")
        read(channel, ("mari", "like", "p1"))
    page.goto(f"/w/acme/inbox/{talk.id}/")
    beside = page.locator("#thread-under #thread-tallies")
    expect(beside).to_have_text(re.compile(r"1\s+Mari"))
    with workspace_scope(workspace.id):
        read(channel, ("jaan", "like", "p1"), at=clock.now() + timedelta(minutes=1))
    heard(page, "reaction")
    expect(beside).to_have_text(re.compile(r"2\s+Jaan,\s+Mari"))


def test_long_names_and_posts_fit_on_a_phone(workspace: Workspace, page: Page, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        send_post(channel, "p1", "Fresh rye at eight, and the first strawberries of the year are on the tarts")
        read(channel, ("m" * 60, "like", "p1"), ("mari", "follow", ""))
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/w/acme/inbox/activity/")
    expect(page.locator("#activity .list-title")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
