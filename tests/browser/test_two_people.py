"""Two people open the same post: the second to save is shown the difference, and nothing typed is lost."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import OpenWindow, Watched
from tests.browser.stack import Stack


def test_the_second_sees_what_the_first_changed(kaja: Stack, open_window: OpenWindow, console: Watched) -> None:
    console.allow("409")  # what the second save is answered with
    made = kaja.plant("room", slug="two")
    colleague = kaja.plant("add_person", slug="two", email="jaan.two@lummus.test", name="Jaan Kask")
    mine, theirs = open_window(made["cookie"]), open_window(colleague["cookie"])
    mine.goto("/w/two/posts/new")
    mine.get_by_label("Text", exact=True).fill("We open at eight with rye bread")
    mine.wait_for_url(re.compile("/edit$"))
    theirs.goto(mine.url)
    text = theirs.get_by_label("Text", exact=True)
    text.fill("We open at nine with rye bread")
    expect(theirs.locator("#save-state")).to_contain_text("Saved")

    mine.get_by_label("Text", exact=True).fill("We open at eight with white bread")
    dialog = mine.locator("#conflict-dialog")
    expect(dialog).to_contain_text("Jaan Kask saved this post")
    expect(dialog.locator(".difference-text del")).to_have_text(["nine", "rye"])
    expect(dialog.locator(".difference-text ins")).to_have_text(["eight", "white"])
    dialog.get_by_role("button", name="Keep mine").click()
    expect(mine.locator("#save-state")).to_contain_text("Saved")

    mine.goto(mine.url.removesuffix("/edit"))
    expect(mine.locator("#post-timeline")).to_contain_text("Jaan Kask")
    expect(mine.get_by_role("heading", level=1)).to_have_text("We open at eight with white bread")
