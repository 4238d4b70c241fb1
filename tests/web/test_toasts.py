"""What the page says after a step, with a real browser: over the page, gone by itself only when it may be."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kaja.kernel import clock
from kaja.workspaces.models import Workspace
from tests.web.calendar.conftest import TALLINN, make_channel, make_post

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAY = """([text, kind]) => import(
    document.querySelector('script[src*="js/app"]').src.replace(/app[^/]*$/, "kit/flash.js"))
  .then(({say}) => say(text, kind))"""


def say(page: Page, text: str, kind: str) -> None:
    page.evaluate(SAY, [text, kind])


def visit(page: Page) -> None:
    page.clock.install()
    page.goto("/w/acme/needs-you/")
    expect(page.locator("main")).to_be_visible()


def test_message_moves_nothing_on_the_page(page: Page, workspace: Workspace) -> None:
    visit(page)
    before = page.locator("main h1, main h2").first.bounding_box()
    say(page, "It is done.", "done")
    expect(page.locator("#flashes [role=status]")).to_have_text("It is done.")
    assert page.locator("main h1, main h2").first.bounding_box() == before


def test_what_was_done_goes_by_itself_and_a_refusal_stays(page: Page, workspace: Workspace) -> None:
    visit(page)
    say(page, "It is done.", "done")
    say(page, "It did not happen.", "needs")
    expect(page.get_by_role("alert")).to_have_text("It did not happen.")
    page.clock.fast_forward(60_000)
    expect(page.locator("#flashes [role=status]")).to_have_count(0)
    expect(page.get_by_role("alert")).to_have_text("It did not happen.")
    page.get_by_role("alert").get_by_role("button", name="Dismiss").press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_message_stays_while_the_keyboard_is_in_it(page: Page, workspace: Workspace) -> None:
    visit(page)
    say(page, "It is done.", "done")
    message = page.locator("#flashes [role=status]")
    message.get_by_role("button", name="Dismiss").focus()
    page.clock.fast_forward(60_000)
    expect(message).to_have_text("It is done.")
    page.locator("#main").focus()
    page.clock.fast_forward(60_000)
    expect(message).to_have_count(0)


def test_escape_dismisses_and_the_focus_is_not_lost(page: Page, workspace: Workspace) -> None:
    visit(page)
    say(page, "It did not happen.", "needs")
    page.get_by_role("alert").get_by_role("button", name="Dismiss").focus()
    page.keyboard.press("Escape")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.locator("#main")).to_be_focused()


def test_many_steps_leave_a_handful_of_messages_and_every_refusal(page: Page, workspace: Workspace) -> None:
    visit(page)
    say(page, "It did not happen.", "needs")
    for number in range(8):
        say(page, f"Done: {number}", "done")
    expect(page.locator("#flashes [data-flash]")).to_have_count(4)
    expect(page.get_by_role("alert")).to_have_text("It did not happen.")
    expect(page.locator("#flashes")).to_contain_text("Done: 7")


def test_moved_card_leaves_the_grid_where_it_was_and_z_takes_it_back(page: Page, workspace: Workspace) -> None:
    channel = make_channel(workspace)
    monday = clock.now().astimezone(TALLINN) + timedelta(days=7 - clock.now().astimezone(TALLINN).weekday())
    at = monday.replace(hour=9, minute=0, second=0, microsecond=0)
    post = make_post(workspace, "Move me", at, (channel,), scheduled=True)
    page.goto(f"/w/acme/calendar/?view=week&date={at:%Y-%m-%d}")
    card = page.locator(f"#post-{post.id}")
    card.locator(".cal-link").focus()
    grid = page.locator(".week").bounding_box()
    page.keyboard.press("m")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(card).to_have_attribute("data-at", f"{at + timedelta(days=1):%Y-%m-%dT%H:%M}")
    expect(page.locator("#flashes")).to_contain_text("Moved to")
    assert page.locator(".week").bounding_box() == grid
    page.keyboard.press("z")
    expect(card).to_have_attribute("data-at", f"{at:%Y-%m-%dT%H:%M}")
    page.wait_for_load_state()  # undo loads the page anew: its words stand there before its styles
    assert page.locator(".week").bounding_box() == grid
