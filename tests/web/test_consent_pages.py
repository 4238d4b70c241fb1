"""The operator stores a developer app, a person gives consent and chooses: the pages, and the walk in a browser."""

import re
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from kaja.channels.actions import start_authorization
from kaja.channels.models import Channel, NetworkApp, PendingConnection
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import AuditEntry, Role, User, Workspace
from tests.channels.consenting import allow, make_app, store_app
from tests.people import actor, add_member, browser
from tests.practice.running import PracticeServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
APPS, ONE = "/w/acme/settings/networks/", "/w/acme/settings/networks/practice/"


@pytest.fixture
def operator(workspace: Workspace) -> Client:
    """The owner of the workspace looks after the installation, too."""
    User.objects.filter(email="owner@acme.test").update(is_staff=True)
    return browser(workspace)


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def begin(workspace: Workspace, practice: PracticeServer, **chosen: str) -> dict[str, str]:
    """What the owner brings back from the network."""
    return allow(practice, start_authorization(actor(workspace), workspace, "practice", {}), **chosen)


def test_the_operator_stores_an_app_and_nobody_sees_its_secret_again(
    workspace: Workspace, practice: PracticeServer, operator: Client
) -> None:
    assert "missing" in text_of(operator.get(APPS))
    page = text_of(operator.get(ONE))
    assert "/connect/practice/back" in page
    assert "/hooks/practice" in page
    client_id, secret = make_app(practice)
    empty = operator.post(ONE, {"do": "store", "slot": "", "client_id": client_id})
    assert (empty.status_code, NetworkApp.objects.count()) == (422, 0)
    stored = {"do": "store", "slot": "", "client_id": client_id, "secret": secret, "webhook_secret": "hook-secret"}
    page = text_of(operator.post(ONE, stored, follow=True))
    assert "The app is stored." in page
    assert client_id in page
    assert secret not in page
    assert "hook-secret" not in page
    assert "knows the app and its secret" in text_of(operator.post(ONE, {"do": "check", "slot": ""}, follow=True))
    # The same app with another webhook secret keeps its own; another app needs one of its own.
    operator.post(ONE, {"do": "store", "slot": "", "client_id": client_id, "webhook_secret": "newer"})
    assert "knows the app and its secret" in text_of(operator.post(ONE, {"do": "check", "slot": ""}, follow=True))
    assert operator.post(ONE, {"do": "store", "slot": "", "client_id": "other"}).status_code == 422
    operator.post(ONE, {**stored, "secret": "wrong"})
    assert "does not know this app" in text_of(operator.post(ONE, {"do": "check", "slot": ""}, follow=True))
    assert "in trouble" in text_of(operator.get(APPS))
    operator.post(ONE, {"do": "remove", "slot": ""})
    assert not NetworkApp.objects.exists()
    with workspace_scope(workspace.id):
        entries = list(AuditEntry.objects.filter(action__startswith="app."))
    assert [entry.action for entry in entries] == ["app.store"] * 3 + ["app.remove"]
    assert secret not in str([(entry.before, entry.after) for entry in entries])
    assert "stored the developer app for" in text_of(operator.get("/w/acme/settings/audit/"))


def test_an_app_whose_keys_are_gone_is_said_to_be_locked_and_stored_again(
    workspace: Workspace, practice: PracticeServer, operator: Client
) -> None:
    client_id, secret = make_app(practice)
    stored = {"do": "store", "slot": "", "client_id": client_id, "secret": secret}
    operator.post(ONE, stored)
    page = text_of(operator.get(ONE))
    assert page.count("Stored. Leave it empty to keep it.") == 1, "no secret of webhooks was given"
    NetworkApp.objects.update(sealed=b"of another key ring")
    assert "in trouble" in text_of(operator.get(APPS))
    assert "cannot be opened with this installation" in text_of(operator.get(ONE))
    assert Client().post("/hooks/practice", b"{}", content_type="application/json").status_code in (401, 403)
    assert "once the operator" in text_of(operator.get("/w/acme/channels/connect/practice/"))
    assert operator.post(ONE, {**stored, "secret": ""}).status_code == 422, "nothing is left to keep"
    operator.post(ONE, stored)
    assert "knows the app and its secret" in text_of(operator.post(ONE, {"do": "check", "slot": ""}, follow=True))


def test_only_the_operator_gets_there(workspace: Workspace, practice: PracticeServer) -> None:
    client = browser(workspace)
    for answer in (client.get(APPS), client.get(ONE), client.post(ONE, {"do": "store", "client_id": "x"})):
        assert answer.status_code == 403
    assert "settings/networks" not in text_of(client.get("/w/acme/settings/"))


def test_a_network_without_its_app_says_who_can_help(
    workspace: Workspace, practice: PracticeServer, operator: Client
) -> None:
    add_member(workspace, "second@acme.test", Role.CONTENT_MANAGER)
    place = "/w/acme/channels/connect/practice/"
    second = text_of(browser(workspace, "second@acme.test").get(place))
    assert "once the operator of this Kaja has created a developer app" in second
    assert "settings/networks" not in second
    assert "Give consent at the practice network" not in second
    assert "/w/acme/settings/networks/practice/" in text_of(operator.get(place))
    store_app(practice)
    assert "Give consent at the practice network" in text_of(operator.get(place))


def test_who_comes_back_is_told_what_to_do_and_nothing_is_lost(
    workspace: Workspace, other_workspace: Workspace, practice: PracticeServer
) -> None:
    store_app(practice)
    answer = begin(workspace, practice, opens="one")
    back = "/connect/practice/back"
    assert Client().get(back, answer).headers["Location"].startswith("/account/login/?next=/connect/practice/back%3F")
    stranger = browser(other_workspace)
    assert "Somebody else began to connect this" in text_of(stranger.get(back, answer, follow=True))
    add_member(workspace, "second@acme.test", Role.CONTENT_MANAGER)
    colleague = browser(workspace, "second@acme.test")
    assert "Somebody else began to connect this" in text_of(colleague.get(back, answer, follow=True))
    client = browser(workspace)
    assert "another network than" in text_of(client.get("/connect/mastodon/back", answer, follow=True))
    assert "was not asked for from here" in text_of(client.get(back, {"state": "forged", "code": "c"}, follow=True))
    with workspace_scope(workspace.id):
        assert not Channel.objects.exists()
        assert PendingConnection.objects.get().used_at is None
    assert "Blue Door is connected." in text_of(client.get(back, answer, follow=True))
    assert "was used already" in text_of(client.get(back, answer, follow=True))
    denied = begin(workspace, practice, do="deny")
    assert "consent was not given" in text_of(client.get(back, denied, follow=True))
    with workspace_scope(workspace.id):
        assert Channel.objects.get().disconnected_at is None


def test_the_address_of_the_version_before_leads_on(workspace: Workspace, practice: PracticeServer) -> None:
    store_app(practice)
    answer = begin(workspace, practice, opens="one")
    page = browser(workspace).get("/w/acme/channels/connected/practice/", answer, follow=True)
    assert "Blue Door is connected." in text_of(page)


def test_a_person_walks_from_the_app_to_three_channels_by_keyboard(
    page: Page, live_server: Any, workspace: Workspace, practice: PracticeServer, settings: Any
) -> None:
    settings.BASE_URL = live_server.url
    User.objects.filter(email="owner@acme.test").update(is_staff=True)
    # The operator makes the app at the network, with the address that the settings show.
    page.goto(ONE)
    back = page.locator("#back-address").inner_text()
    assert back == f"{live_server.url}/connect/practice/back"
    page.goto(f"{practice.url}/apps")
    page.get_by_label("Address that people are sent back to").fill(back)
    page.get_by_role("button", name="Create an app").click()
    client_id, secret = page.locator("#client-id").inner_text(), page.locator("#client-secret").inner_text()
    page.goto(live_server.url + ONE)
    page.get_by_label("App id").fill(client_id)
    page.get_by_label("App secret").fill(secret)
    page.get_by_role("button", name="Store").click()
    expect(page.get_by_text("The app is stored.")).to_be_visible()
    # A person gives consent there.
    page.goto(f"{live_server.url}/w/acme/channels/connect/practice/")
    page.get_by_role("button", name="Give consent at the practice network").click()
    page.get_by_role("link", name="Go on to your server").click()
    expect(page.get_by_role("heading", name="May Kaja post for you?")).to_be_visible()
    page.get_by_role("button", name="Allow", exact=True).click()
    # And chooses, without a mouse.
    expect(page.get_by_role("heading", name="Choose what to connect")).to_be_visible()
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(4)
    expect(boxes.nth(3)).to_be_disabled()
    expect(page.get_by_text("it can only be read")).to_be_visible()
    expect(boxes.nth(0)).to_be_focused()
    page.keyboard.press("Space")
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("3 channels are connected: Blue Door, "))).to_be_visible()
    # The same consent again shows what is connected already.
    page.goto(f"{live_server.url}/w/acme/channels/connect/practice/")
    page.get_by_role("button", name="Give consent at the practice network").click()
    page.get_by_role("link", name="Go on to your server").click()
    page.get_by_role("button", name="Allow", exact=True).click()
    expect(page.get_by_text("connected", exact=True)).to_have_count(3)
    with workspace_scope(workspace.id):
        assert Channel.objects.values("grant").distinct().count() == 1
