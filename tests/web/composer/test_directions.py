"""Hebrew and Arabic are written and shown from the right, wherever they stand."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from kaja.channels.models import Channel
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.web.composer.windows import choose, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SCREENSHOTS", "")
TEXTS = {
    "hebrew": "קפה חדש בפינה, https://example.org/קפה\n\nA line in English.\n\nשבת שלום!",
    "arabic": "قهوة جديدة في الزاوية #قهوة\n\nA line in English.\n\nمع السلامة.",
}


def shoot(page: Page, name: str) -> None:
    if SHOTS:
        page.wait_for_timeout(300)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def direction(place: Locator) -> str:
    return str(place.evaluate("element => getComputedStyle(element).direction"))


@pytest.mark.parametrize("language", TEXTS)
def test_text_from_the_right_is_laid_out_from_the_right(
    page: Page, channels: dict[str, Channel], workspace: Workspace, language: str
) -> None:
    text = TEXTS[language]
    with workspace_scope(workspace.id):
        Channel.objects.filter(network="practice").update(name=text.split(",")[0][:20])
    page.goto("/w/acme/posts/new")
    for each in channels.values():
        choose(page, each)
    writing = page.locator("textarea.part-text").first
    writing.fill(text)
    assert direction(writing) == "rtl"
    assert writing.evaluate("element => getComputedStyle(element).unicodeBidi") == "plaintext"
    saved(page)
    shown = page.locator(".p-text")
    expect(shown.first).to_contain_text(text[:10])
    shoot(page, f"composer-{language}")
    assert [place.inner_html() for place in shown.all() if direction(place) != "rtl"] == []
    page.locator("#field-first_comment").evaluate("element => (element.value = 'שלום')")
    assert direction(page.locator("#field-first_comment")) == "rtl"
    page.goto("/w/acme/ideas/")
    shoot(page, f"ideas-{language}")
    assert direction(page.locator(".idea-text").first) == "rtl"
    page.keyboard.press("Control+k")
    asked = page.locator("[role=combobox]")
    asked.fill(text[:6])
    assert direction(asked) == "rtl"
    shoot(page, f"palette-{language}")
