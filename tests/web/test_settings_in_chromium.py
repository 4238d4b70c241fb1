"""The pages of the settings are found: beside the page in groups, in one menu on a phone."""

import pytest
from playwright.sync_api import Page, expect

from tests.people import browser
from tests.web.conftest import OpenWindow

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
GROUPS = ["You", "Workspace", "Inbox", "For programs", "Looking after it"]


def test_they_stand_in_groups_beside_the_page(page: Page) -> None:
    page.goto("/w/acme/settings/")
    places = page.get_by_role("navigation", name="Settings")
    expect(places.locator(".settings-list .settings-group")).to_have_text(GROUPS)
    expect(places.locator(".settings-menu")).to_be_hidden()
    expect(places.locator('.settings-list [aria-current="page"]')).to_have_text("Workspace")
    places.get_by_role("link", name="API tokens").click()
    page.wait_for_url("**/tokens/")
    expect(places.locator('.settings-list [aria-current="page"]')).to_have_text("API tokens")
    beside, body = places.bounding_box(), page.locator("#main > :not(.settings-nav)").first.bounding_box()
    assert beside
    assert body
    assert beside["x"] + beside["width"] <= body["x"]


def test_they_are_one_menu_on_a_phone(open_window: OpenWindow, workspace: object) -> None:
    page = open_window(browser(workspace), viewport={"width": 390, "height": 844})  # type: ignore[arg-type]
    page.goto("/w/acme/settings/")
    places = page.get_by_role("navigation", name="Settings")
    expect(places.locator(".settings-list")).to_be_hidden()
    menu = places.locator(".settings-menu")
    expect(menu.locator("summary")).to_have_text("Workspace")
    menu.locator("summary").click()
    expect(menu.locator(".settings-group")).to_have_text(GROUPS)
    menu.get_by_role("link", name="Devices").click()
    page.wait_for_url("**/devices/")
    expect(menu.locator("summary")).to_have_text("Devices")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_nothing_is_to_be_chosen_where_there_is_no_conversation(page: Page) -> None:
    page.goto("/w/acme/inbox/")
    expect(page.locator("#inbox-opened .inbox-nothing").first).to_be_hidden()
