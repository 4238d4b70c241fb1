"""A newcomer's first minutes: from the empty installation to a post that stands on the practice network."""

import re

from playwright.sync_api import expect

from kaja.kernel.codes import FIRST_ACCOUNT, make_code
from tests.browser.album import Album
from tests.browser.conftest import OpenWindow
from tests.browser.looking import LARGE, NIGHT, look
from tests.browser.places import Place
from tests.browser.stack import Stack


def printed_code(kaja: Stack) -> str:
    """What `kaja up` has printed beside its address."""
    return make_code((kaja.installation.home / "secret-key").read_text().strip(), FIRST_ACCOUNT)


def test_from_the_first_page_to_the_published_post(kaja: Stack, open_window: OpenWindow, album: Album) -> None:
    page = open_window()
    page.goto("/")
    expect(page).to_have_url(re.compile("/account/signup/"))
    # Whoever comes first owns nothing: the code stands where Kaja was started.
    page.get_by_label("Code").fill("ABCD-EFGH-JKMN")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("This is not the code")
    wrong = look(page, album, Place("", "", name="signup-code"), "nobody", (LARGE, NIGHT))
    page.get_by_label("Code").fill(printed_code(kaja).lower())
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_label("Your name")).to_be_visible()
    wrong += look(page, album, Place("", "", name="signup-first"), "nobody", (LARGE, NIGHT))
    assert wrong == [], "\n".join(wrong)
    page.get_by_label("Your name").fill("Mari Tamm")
    page.get_by_label("Email").fill("mari@lummus.test")
    page.get_by_label("Password").fill("a few quiet words")
    page.get_by_role("button", name="Create the account").click()

    expect(page.get_by_role("heading", name="Name your workspace")).to_be_visible()
    expect(page.get_by_label("Time zone")).to_have_value("Europe/Tallinn")
    page.get_by_label("Name", exact=True).fill("Kohvik Lummus")
    page.get_by_role("button", name="Continue").click()

    expect(page.get_by_role("heading", name="Where do you want to post?")).to_be_visible()
    page.get_by_role("button", name="Practise first").click()

    expect(page.get_by_role("heading", name="New post")).to_be_visible()
    page.get_by_label("Text", exact=True).fill("Good morning from the first visit! https://lummus.test #kohvik")
    channel = page.get_by_role("checkbox", name="Kohvik Lummus")
    if not channel.is_checked():
        page.locator("label.chip").click()
    expect(page.locator(".preview")).to_contain_text("Good morning from the first visit!")
    page.get_by_role("radio", name="Now").click()
    page.get_by_role("button", name="Publish now to 1 channel").click()

    standing = page.locator("#post-standing")
    expect(standing.get_by_text("Sent", exact=True)).to_be_visible(timeout=60_000)
    with page.expect_popup() as popup:
        standing.get_by_role("link", name="See it on the network").click()
    seen = popup.value
    expect(seen.get_by_text("PRACTICE", exact=True)).to_be_visible()
    expect(seen.get_by_text("Good morning from the first visit!")).to_be_visible()
    assert [item["text"][:12] for item in kaja.practice.truth()] == ["Good morning"]

    page.goto("/account/signup/")
    expect(page).not_to_have_url(re.compile("/account/signup/"))
    stranger = open_window()
    stranger.goto("/account/signup/")
    expect(stranger.get_by_role("button", name="Create the account")).to_have_count(0)
