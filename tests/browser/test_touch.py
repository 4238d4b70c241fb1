"""A phone: cards of the calendar and of the board are moved with a finger, without a mouse and without keys."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.stack import Stack

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


@pytest.fixture(scope="module")
def room(kaja: Stack) -> dict[str, Any]:
    return kaja.plant("room", slug="touch")


def tap(page: Page, name: str) -> None:
    page.get_by_role("menuitem", name=name).tap()


@pytest.mark.parametrize("view", ["week", "month", "list"])
def test_a_planned_post_is_moved(kaja: Stack, open_window: OpenWindow, room: dict[str, Any], view: str) -> None:
    today = datetime.now(ZoneInfo("Europe/Tallinn"))
    at = (today + timedelta(days=8 - today.weekday())).replace(hour=10, minute=0, second=0, microsecond=0)
    text = f"Moved by a finger in the {view}"
    email = "mari.touch@lummus.test"
    kaja.plant("add_post", slug="touch", text=text, channels=[room["channel"]], at=at.isoformat(), email=email)
    page = open_window(room["cookie"], **PHONE)
    page.goto(f"/w/touch/calendar/?view={view}&date={at:%Y-%m-%d}")
    card = page.locator(".cal-card", has_text=text)
    more = card.locator(".cal-more")
    box = more.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24, "a finger finds it (WCAG 2.5.8)"
    more.tap()
    expect(page.get_by_role("menuitem", name="Move", exact=True)).to_have_count(0)  # that one is for keys
    tap(page, "Move to a time…")
    goal = at + timedelta(days=1, hours=2)
    page.get_by_label("Day and time in Tallinn").fill(f"{goal:%Y-%m-%d}")
    page.locator("#move-at-time").fill(f"{goal:%H%M}")
    page.locator("#move-dialog").get_by_role("button", name="Move", exact=True).tap()
    expect(card).to_have_attribute("data-at", f"{goal:%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name="Undo").tap()
    expect(card).to_have_attribute("data-at", f"{at:%Y-%m-%dT%H:%M}")


def test_an_idea_goes_to_the_drafts_and_up(kaja: Stack, open_window: OpenWindow, room: dict[str, Any]) -> None:
    page = open_window(room["cookie"], **PHONE)
    page.goto("/w/touch/ideas/")
    for text in ("third idea", "second idea", "first idea"):
        page.get_by_label("New idea").fill(text)
        page.get_by_role("button", name="Add").tap()
        expect(page.locator(".idea-text").first).to_have_text(text)
    ideas = page.locator('[data-column="idea"] .idea-text')

    def open_menu(text: str) -> None:
        page.locator(".idea-card", has_text=text).get_by_role("button", name="Move this card").tap()

    open_menu("first idea")
    expect(page.get_by_role("menuitem", name="Up")).to_have_count(0)  # it is the first
    tap(page, "Down")
    expect(ideas).to_have_text(["second idea", "first idea", "third idea"])
    open_menu("third idea")
    tap(page, "To the top")
    expect(ideas).to_have_text(["third idea", "second idea", "first idea"])
    open_menu("second idea")
    tap(page, "Move to the drafts")
    expect(page.locator('[data-column="draft"] .idea-text')).to_contain_text(["second idea"])
    expect(page.locator("#board-said")).to_have_text("Moved to Drafts, place 1")
    page.reload()
    expect(ideas).to_have_text(["third idea", "first idea"])
    expect(page.locator('[data-column="idea"] .count')).to_have_text("2")


def test_the_settings_are_one_menu_in_groups_on_a_phone(
    kaja: Stack, open_window: OpenWindow, room: dict[str, Any]
) -> None:
    page = open_window(room["cookie"], **PHONE)
    page.goto("/w/touch/settings/")
    menu = page.get_by_role("navigation", name="Settings").locator(".settings-menu")
    expect(menu.locator("summary")).to_have_text("Workspace")
    menu.locator("summary").tap()
    expect(menu.locator(".settings-group")).to_have_count(5)
    page.get_by_role("link", name="API tokens").tap()
    page.wait_for_url("**/tokens/")
    expect(menu.locator("summary")).to_have_text("API tokens")
    expect(menu.locator(".menu-list")).to_be_hidden()
