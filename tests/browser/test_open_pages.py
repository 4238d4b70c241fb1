"""Pages that stay open follow what happens: every part of them, by one look at the server."""

import re

from playwright.sync_api import Request, expect

from tests.browser.conftest import OpenWindow
from tests.browser.stack import Stack
from tests.browser.test_trouble import Room

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def test_every_part_of_an_open_page_follows_by_one_request(kaja: Stack, open_window: OpenWindow) -> None:
    room = Room(kaja, open_window, "follows")
    room.break_it(refuse={"probability": 1}, delay={"seconds": 4})
    page = room.publish("Nobody looks away")
    looks: list[str] = []

    def note(request: Request) -> None:
        if request.method == "GET" and request.url == page.url:
            looks.append(request.headers.get("hx-request", ""))

    page.on("request", note)
    below = page.locator("#needs-count-below")
    expect(below).to_have_text("")
    expect(page.locator("#post-standing").get_by_text("Failed", exact=True)).to_be_visible(timeout=60_000)
    expect(page.locator("#needs-count")).to_have_text("1")
    expect(below).to_have_text("1")
    expect(page.locator("#post-facts")).to_contain_text("Needs you")
    # Being sent, failed, told to somebody: three things happen, and each is looked at once for all parts of the page.
    assert 1 <= len(looks) <= 3, looks


def test_a_number_beside_a_name_is_asked_for_alone(kaja: Stack, open_window: OpenWindow) -> None:
    room = Room(kaja, open_window, "numbers")
    room.break_it(refuse={"probability": 1})
    page = open_window(room.cookie)
    page.goto(f"{room.home}/settings/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(room.home)[2]))
    room.publish("Told to a page of settings")
    expect(page.locator("#needs-count")).to_have_text("1")
    asked.clear()  # whoever listens first is told to look at everything once
    room.publish("And another")
    expect(page.locator("#needs-count")).to_have_text("2")
    assert "/counts" in asked
    assert "/settings/" not in asked


def test_the_number_in_the_bar_of_a_phone_follows(kaja: Stack, open_window: OpenWindow) -> None:
    room = Room(kaja, open_window, "bar")
    room.break_it(refuse={"probability": 1})
    phone = open_window(room.cookie, **PHONE)
    phone.goto(f"{room.home}/ideas/")
    link = phone.locator(".bottom-bar").get_by_role("link", name=re.compile("Needs you"))
    expect(link.locator(".count")).to_have_count(0)
    room.publish("Told to a phone")
    expect(link.locator(".count")).to_have_text("1")
    expect(link.locator(".count")).to_be_visible()
