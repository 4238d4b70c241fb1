"""Terms on the screen: looked at before they are set."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from kaja.inbox.models import Conversation
from kaja.inbox.retention.actions import delete_due
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
KEEPING = "/w/acme/settings/keeping/"
NOTHING = {"messages": "", "versions": "", "deleted": "30", "reactions": "", "people": "", "hits": "", "audit": ""}


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


def seen(html: str) -> str:
    found = re.search(r'name="seen" value="([^"]*)"', html)
    assert found is not None
    return found[1]


def kept(workspace: Workspace) -> int | None:
    return Workspace.objects.filter(id=workspace.id).values_list("keep_messages_days", flat=True)[0]


def test_terms_are_looked_at_then_set_and_carried_out(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel, mari = make_channel(), make_handle("Mari")
        make_conversation(channel, mari, ["Old", ">Older"], at=now() - timedelta(days=200))
        make_conversation(channel, mari, ["New"])
    html = client.get(KEEPING).content.decode()
    assert html.count("For ever") == 7
    assert 'name="seen"' not in html
    wanted = {**NOTHING, "messages": "90"}
    html = client.post(KEEPING, {**wanted, "do": "look"}).content.decode()
    counts = re.findall(r"<dt>([^<]*)</dt><dd><strong>(\d+)", html)
    assert counts == [("Messages", "2"), ("Words that their author deleted", "0")]
    with workspace_scope(workspace.id):
        assert kept(workspace) is None
    # What was not looked at is shown, and not set.
    html = client.post(KEEPING, {**wanted, "people": "90", "do": "save", "seen": seen(html)}).content.decode()
    assert "People without messages</dt>" in html
    with workspace_scope(workspace.id):
        assert kept(workspace) is None
    html = client.post(KEEPING, {**wanted, "do": "look"}).content.decode()
    html = client.post(KEEPING, {**wanted, "do": "save", "seen": seen(html)}, follow=True).content.decode()
    assert "The terms are set." in html
    assert '<option value="90" selected>' in html
    with workspace_scope(workspace.id):
        assert kept(workspace) == 90
    assert delete_due() == 3
    with workspace_scope(workspace.id):
        assert Conversation.objects.count() == 1
    html = client.get("/w/acme/settings/audit/").content.decode()
    assert "messages" in html
    assert "90" in html


def test_who_does_not_manage_sees_and_changes_nothing(workspace: Workspace) -> None:
    add_member(workspace, "liis@acme.test", Role.COMMUNITY_MANAGER)
    liis = browser(workspace, "liis@acme.test")
    assert "Only a curator can change these." in liis.get(KEEPING).content.decode()
    assert liis.post(KEEPING, {**NOTHING, "messages": "7", "do": "look"}).status_code == 403


def test_what_is_no_term_is_refused(workspace: Workspace, client: Client) -> None:
    assert client.post(KEEPING, {**NOTHING, "messages": "8", "do": "look"}).status_code == 422
