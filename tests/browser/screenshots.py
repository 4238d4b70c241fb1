"""`make screenshots`: the README's pictures, taken from a running Kaja with a café's week in it.

The post on the post page really goes out, to the practice network, whose first answer gets lost on purpose.
"""

import io
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.stack import PACE, ROOT, Stack
from tests.chromium import FLAGS
from tests.system import find_program

FOLDER = ROOT / "docs" / "screenshots"
MOST_BYTES = 250_000
DESK, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}


def keep(page: Page, name: str) -> None:
    """Write what the window shows; in fewer colours where the file would be too large."""
    page.mouse.move(0, 0)
    page.wait_for_load_state("networkidle")
    shot = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
    out = io.BytesIO()
    shot.save(out, "PNG", optimize=True)
    for colours in (256, 128, 64):
        if out.tell() <= MOST_BYTES:
            break
        out = io.BytesIO()
        shot.quantize(colours, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(out.getvalue())
    print(f"docs/screenshots/{name}.png  {out.tell() // 1000} KB", flush=True)


def open_page(browser: Browser, stack: Stack, cookie: str, **look: Any) -> Page:
    settings = {"viewport": DESK, "locale": "en-GB", "timezone_id": "Europe/Tallinn", "reduced_motion": "reduce"}
    context = browser.new_context(base_url=stack.url, **{**settings, **look})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": "kaja_session", "value": cookie, "url": stack.url}])
    # A live page never stops talking to its server; here it only has to be complete.
    context.route(re.compile("/live$"), lambda route: route.abort())
    return context.new_page()


def publish(page: Page, slug: str, channel: str, text: str) -> None:
    """Give the page of a post that has gone out to a practice channel."""
    page.goto(f"/w/{slug}/posts/new")
    page.get_by_label("Text", exact=True).fill(text)
    chip = page.locator("label.chip", has_text=channel)
    if not chip.locator("input").is_checked():  # a workspace's only channel is
        chip.click()
    page.get_by_role("radio", name="Now").click()
    page.get_by_role("button", name="Publish now to 1 channel").click()
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    for _ in range(60):
        page.reload()
        if page.locator("#post-standing").get_by_text("Sent", exact=True).count():
            break
        page.wait_for_timeout(1000)


def publish_with_a_lost_answer(page: Page, stack: Stack, made: dict[str, Any]) -> None:
    """Kaja finds the post on the network and does not send it twice; the journal tells how."""
    stack.practice.set_faults(made["account"], drop_after={"probability": 1, "on": ["publish"]})
    publish(page, made["slug"], "Lummus practice", "Rye bread from the night's oven. Forty loaves, then it is Tuesday.")
    page.locator("#post-standing summary", has_text="Journal").click()
    expect(page.locator(".log li").first).to_be_visible()


def bring_an_audience(page: Page, stack: Stack, made: dict[str, Any]) -> str:
    """Invented people write, the worker reads it; gives the address of a conversation to answer."""
    publish(page, made["slug"], "Kohvik", "Cinnamon buns at eight. The first forty are still warm.")
    mood = {"mood": "launch", "seed": 4, "shares": {"en": 5, "et": 1, "ru": 1}, "per_minute": 0.1, "minutes": 1}
    assert stack.practice.call("PUT", "/admin/audience", mood).status == 200
    wanted = {"account": made["account"], "count": 40}
    assert stack.practice.call("POST", "/admin/audience/step", wanted, timeout=120).status == 200
    rows = page.locator(".convo-link")
    for _ in range(90):
        page.goto(f"/w/{made['slug']}/inbox/")
        if rows.count() >= 15:
            break
        page.wait_for_timeout(1000)
    question = page.locator(".convo-text", has_text=re.compile(r"^[ -~]*\?$"))
    return page.locator("li", has=question).locator(".convo-link").first.get_attribute("href") or ""


def take(browser: Browser, stack: Stack, slug: str = "lummus") -> None:
    """All of them."""
    made = stack.plant("demo", slug=slug)
    week = f"/w/{slug}/calendar/?view=week&date={made['week']}"
    draft = f"/w/{slug}/posts/{made['draft']}/edit"
    page = open_page(browser, stack, made["cookie"])
    page.goto(week)
    keep(page, "calendar")
    page.goto(draft)
    expect(page.locator(".preview")).to_have_count(3)
    keep(page, "composer")
    page.goto(f"/w/{slug}/needs-you/")
    keep(page, "needs-you")
    publish_with_a_lost_answer(page, stack, made)
    keep(page, "post")
    dark = open_page(browser, stack, made["cookie"], color_scheme="dark")
    dark.goto(week)
    keep(dark, "calendar-dark")
    for name, address, theme in (("phone-calendar", week, "light"), ("phone-composer", draft, "dark")):
        phone = open_page(browser, stack, made["cookie"], viewport=PHONE, device_scale_factor=2, color_scheme=theme)
        phone.goto(address)
        keep(phone, name)


def take_inbox(browser: Browser, stack: Stack, slug: str = "lummus-town") -> None:
    """Of a workspace whose channels all really stand."""
    made = stack.plant("room", slug=slug)
    page = open_page(browser, stack, made["cookie"])
    asked = bring_an_audience(page, stack, made)
    page.goto(asked)
    answer = "Good question! The baker knows for certain, so I have just asked her."
    page.locator("textarea[name=text]").first.fill(answer)
    keep(page, "inbox")
    phone = open_page(browser, stack, made["cookie"], viewport=PHONE, device_scale_factor=2)
    phone.goto(asked.rpartition("/inbox/")[0] + "/inbox/")
    keep(phone, "phone-inbox")


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="kaja-screenshots-"))
    stack = Stack(folder, **PACE)
    try:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=find_program("chromium"), args=FLAGS)
            take(browser, stack)
            take_inbox(browser, stack)
            browser.close()
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
