"""The whole journey without a mouse: signing in, writing, planning, moving, publishing. Focus is always to be seen."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.scenes import PASSWORD
from tests.browser.stack import Stack

# What has the focus, and whether an eye could find it: an outline or a shadow that is drawn, inside the window.
# Some frames are waited for: a page that Tab enters again from its end has its focus before its styles say so.
FOCUSED = """async () => {
  const look = () => {
    const element = document.activeElement;
    if (!element || element === document.body) return {name: "", seen: true};
    const box = element.getBoundingClientRect();
    const marks = [element, element.closest("label, .field, .part") ?? element].map((each) => {
      const style = getComputedStyle(each);
      const outline = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
      return outline || style.boxShadow !== "none";
    });
    return {
      name: element.getAttribute("aria-label") || (element.labels?.[0] ?? element).innerText || element.name || "",
      tag: element.outerHTML.slice(0, 120),
      seen: marks.some(Boolean) && box.bottom > 0 && box.top < innerHeight,
    };
  };
  let at;
  for (let frame = 0; frame < 60; frame += 1) {
    await new Promise(requestAnimationFrame);
    at = look();
    if (at.seen) break;
  }
  return at;
}"""


def tab_to(page: Page, name: str, most: int = 60) -> None:
    """Press Tab until the element with this name has the focus; every stop on the way must be visible."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        assert at["seen"], f"the focus cannot be seen on {at['tag']}"
        if re.search(name, at["name"]):
            return
    raise AssertionError(f"{name} is not reached with Tab; the last stop was {at['tag']}")


def test_from_signing_in_to_the_published_post(kaja: Stack, open_window: OpenWindow) -> None:
    kaja.plant("room", slug="keys")
    page = open_window()
    page.goto("/account/login/?next=/w/keys/ideas/")
    if page.evaluate("document.activeElement.tagName") != "INPUT":
        tab_to(page, "Email")
    page.keyboard.type("mari.keys@lummus.test")
    tab_to(page, "Password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/w/keys/ideas/"))

    expect(page.get_by_label("New idea")).to_be_visible()
    page.wait_for_load_state()
    if page.evaluate("document.activeElement.tagName") != "INPUT":
        tab_to(page, "Skip to the content")
        page.keyboard.press("Enter")
        tab_to(page, "New idea")
    page.keyboard.type("Poems between coffee sacks")
    page.keyboard.press("Enter")
    expect(page.locator(".idea-text")).to_have_text(["Poems between coffee sacks"])

    page.locator("body").press("c")
    page.wait_for_url(re.compile("/posts/new"))
    expect(page.get_by_label("Text", exact=True)).to_be_focused()  # whoever comes here came to write
    page.keyboard.type("Written without a mouse")
    if not page.locator('input[name="channel"]').is_checked():
        for _ in range(20):
            page.keyboard.press("Shift+Tab")
            if page.evaluate("document.activeElement.name") == "channel":
                break
        page.keyboard.press("Space")
    expect(page.locator(".preview")).to_contain_text("Written without a mouse")
    tab_to(page, "Next free slot|At a time|^Now", most=80)
    for _ in range(3):
        if page.evaluate("document.activeElement.dataset.whenMode") == "now":
            break
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#finish")).to_have_text("Publish now to 1 channel")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    expect(page.locator("#post-standing").get_by_text("Sent", exact=True)).to_be_visible(timeout=60_000)

    page.keyboard.press("Control+k")
    page.keyboard.type("Needs")
    expect(page.locator("#palette [role=option]").first).to_contain_text("Needs you")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/needs-you/"))
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-dialog")).to_be_hidden()
    page.keyboard.press("g")
    page.keyboard.press("p")
    page.wait_for_url(re.compile("/calendar/"))


def type_time(page: Page, at: datetime) -> None:
    """Type into the field of the day that has the focus, and into that of the time behind it."""
    page.keyboard.press("Control+a")
    page.keyboard.type(f"{at:%Y-%m-%d}")
    for _ in range(2):  # past the button that opens the month
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.part") == "time"
    page.keyboard.press("Control+a")
    page.keyboard.type(f"{at:%H%M}")
    page.keyboard.press("Tab")


def test_planning_and_moving_the_card(kaja: Stack, open_window: OpenWindow) -> None:
    made = kaja.plant("room", slug="plankeys")
    page = open_window(made["cookie"])
    today = datetime.now(ZoneInfo("Europe/Tallinn"))
    # Always on the page of the next week, and always in the future.
    at = (today + timedelta(days=7 - today.weekday() + 1)).replace(hour=10, minute=0)

    page.goto("/w/plankeys/needs-you/")
    page.locator("body").press("c")
    page.wait_for_url(re.compile("/posts/new"))
    expect(page.get_by_label("Text", exact=True)).to_be_focused()  # whoever comes here came to write
    page.keyboard.type("Planned without a mouse")
    assert page.locator('input[name="channel"]').is_checked(), "the only channel is chosen already"
    tab_to(page, "Next free slot|At a time|^Now", most=80)
    for _ in range(3):
        if page.evaluate("document.activeElement.dataset.whenMode") == "time":
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "field-due_at"
    type_time(page, at)
    expect(page.locator("#when-words")).to_contain_text("10:00, Tallinn")
    tab_to(page, "Schedule for 1 channel")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    expect(page.locator("#post-facts")).to_contain_text("10:00")

    page.locator("body").press("g")
    page.keyboard.press("p")
    page.wait_for_url(re.compile("/calendar/"))
    page.locator("body").press("n")
    card = page.locator(".cal-card", has_text="Planned without a mouse")
    expect(card).to_have_attribute("data-at", f"{at:%Y-%m-%d}T10:00")
    tab_to(page, "Planned without a mouse", most=80)
    page.keyboard.press("m")
    expect(page.locator("#calendar-said")).to_contain_text("Arrows choose another time")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    expect(page.locator("#cal-flag")).to_contain_text("11:00")
    page.keyboard.press("Enter")
    goal = at + timedelta(days=1)
    expect(card).to_have_attribute("data-at", f"{goal:%Y-%m-%d}T11:00")
    expect(card.locator(".cal-link")).to_be_focused()
    page.reload()
    expect(card).to_have_attribute("data-at", f"{goal:%Y-%m-%d}T11:00")


def test_every_stop_of_every_page_can_be_seen(kaja: Stack, open_window: OpenWindow) -> None:
    made = kaja.plant("room", slug="stops")
    page = open_window(made["cookie"])
    for path in ("calendar/", "ideas/", "channels/", "needs-you/", "posts/new", "settings/", "settings/members/"):
        page.goto(f"/w/stops/{path}")
        stops = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            at = page.evaluate(FOCUSED)
            assert at["seen"], f"{path}: the focus cannot be seen on {at['tag']}"
            stops.add(at.get("tag", ""))
        assert len(stops) > 8, f"{path}: Tab goes nowhere"
