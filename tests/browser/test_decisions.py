"""Pages of somebody who has something to decide or to end: looked at like all others, in three languages."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.album import Album
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.looking import EVENING, LARGE, MIDDLE, NIGHT, SMALL, look
from tests.browser.places import Place
from tests.browser.scenes import PASSWORD
from tests.browser.stack import Stack

LOOKS = {"en": (LARGE, EVENING, MIDDLE, SMALL, NIGHT), "ru": (MIDDLE, NIGHT), "zh-hant": (MIDDLE, NIGHT)}


@pytest.mark.parametrize("language", LOOKS)
def test_what_a_restored_backup_asks(kaja: Stack, open_window: OpenWindow, album: Album, language: str) -> None:
    made = kaja.plant("held", slug=f"held-{language}", language=language)
    page = open_window(made["cookie"])
    page.goto(f"/w/{made['slug']}/settle/")
    expect(page.locator("main ul.list").first.locator("li")).to_have_count(4)
    wrong = look(page, album, Place("", "", name="settling"), language, LOOKS[language])
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("language", LOOKS)
def test_what_a_crisis_asks(kaja: Stack, open_window: OpenWindow, album: Album, language: str) -> None:
    made = kaja.plant("troubled", slug=f"troubled-{language}", language=language)
    page = open_window(made["cookie"])
    for name in ("", "posts/", "statements/", "conversations/", "end"):
        page.goto(f"/w/{made['slug']}/crisis/{made['crisis']}/{name}")
        expect(page.locator("#crisis-banner .banner")).to_be_visible()
        label = f"crisis-{name.strip('/') or 'log'}"
        wrong = look(page, album, Place("", "", name=label), language, LOOKS[language])
        assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("language", LOOKS)
def test_what_a_new_password_asks(
    kaja: Stack, open_window: OpenWindow, album: Album, language: str, console: Watched
) -> None:
    made = kaja.plant("reviewed", slug=f"reviewed-{language}", language=language)
    page = open_window(made["cookie"])
    page.goto(f"/w/{made['slug']}/calendar/")
    expect(page).to_have_url(re.compile("/account/review/$"))  # whatever was asked for, this comes first
    expect(page.locator("main li")).to_have_count(2)
    wrong = look(page, album, Place("", "", name="account-review"), language, LOOKS[language])
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("language", LOOKS)
def test_what_a_consent_opens_and_what_the_operator_stores(
    kaja: Stack, open_window: OpenWindow, album: Album, language: str
) -> None:
    made = kaja.plant("consenting", slug=f"consenting-{language}", language=language)
    page = open_window(made["cookie"])
    for name, path in (
        ("channels-choose", f"channels/choose/{made['choice']}/"),
        ("settings-networks", "settings/networks/"),
        ("settings-network", "settings/networks/practice/"),
        ("connect-by-consent", "channels/connect/practice/"),
    ):
        page.goto(f"/w/{made['slug']}/{path}")
        expect(page.get_by_role("main")).to_be_visible()
        wrong = look(page, album, Place("", "", name=name), language, LOOKS[language])
        assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("language", LOOKS)
def test_where_somebody_is_signed_in(kaja: Stack, open_window: OpenWindow, album: Album, language: str) -> None:
    slug = f"sessions-{language}"
    email = f"mari.{slug}@lummus.test"
    kaja.plant("make_person", email=email, language=language)
    kaja.plant("make_workspace", slug=slug, language=language, email=email)
    for _ in range(2):  # two devices
        page = open_window()
        page.goto("/account/login/")
        page.locator('input[name="login"]').fill(email)
        page.locator('input[name="password"]').fill(PASSWORD)
        page.locator('form:has(input[name="password"]) button:not([type="button"])').first.click()
        page.wait_for_url(re.compile(f"/w/{slug}/"))
    page.goto("/account/sessions/")
    expect(page.locator("main li")).to_have_count(2)
    wrong = look(page, album, Place("", "", name="account-sessions"), language, LOOKS[language])
    assert wrong == [], "\n".join(wrong)
    page.locator("main li form button").click()
    page.locator('input[name="password"]').fill(PASSWORD)  # ending one asks for the password first, and then goes on
    page.locator("main form button").click()
    expect(page.locator("main li")).to_have_count(1)
