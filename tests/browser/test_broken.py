"""The pages of bad days (an outage, an error, a form that is too old): looked at like all others."""

import pytest
from playwright.sync_api import Route, expect

from tests.browser.album import Album
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.looking import LARGE, NIGHT, look
from tests.browser.places import Place
from tests.browser.stack import Stack


@pytest.fixture(scope="module")
def broken(kaja: Stack) -> dict[str, str]:
    return kaja.plant("broken")


def test_pages_of_bad_days(kaja: Stack, open_window: OpenWindow, album: Album, broken: dict[str, str]) -> None:
    assert len(broken) >= 7
    page = open_window()
    # In Kaja's own place, so that styles and their rules are the real ones.
    page.route("**/broken/*", lambda route: route.fulfill(body=broken[name_of(route)], content_type="text/html"))
    wrong: list[str] = []
    for name in broken:
        page.goto(f"/broken/{name}")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        wrong += look(page, album, Place("", "", name=f"broken-{name}"), "broken", (LARGE, NIGHT))
    assert wrong == [], "\n".join(wrong)


def name_of(route: Route) -> str:
    return route.request.url.rpartition("/")[2]


def test_a_page_for_others(kaja: Stack, open_window: OpenWindow, album: Album, console: Watched) -> None:
    console.allow("403")
    kaja.plant("room", slug="closed")
    guest = kaja.plant("add_person", slug="closed", email="guest.closed@lummus.test", name="Guest", role="approver")
    page = open_window(guest["cookie"])
    page.goto("/w/closed/posts/new")
    expect(page.get_by_role("heading", level=1)).to_have_text("This did not happen")
    wrong = look(page, album, Place("", "", name="refused"), "approver", (LARGE, NIGHT))
    assert wrong == [], "\n".join(wrong)
