"""The worker in a real browser: it begins, is installable, keeps nothing private, and has a page without network."""

from typing import Any

import pytest
from playwright.sync_api import expect

from kaja.workspaces.models import Workspace
from tests.people import browser
from tests.waiting import wait_until
from tests.web.app.conftest import WithWorker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) {
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname);
  }
  return found;
}"""


def test_chromium_finds_nothing_wrong_with_the_manifest(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    line = page.context.new_cdp_session(page)
    told = line.send("Page.getAppManifest")
    assert told["errors"] == []
    assert told["url"].endswith("/manifest.webmanifest")
    trouble = line.send("Page.getInstallabilityErrors")["installabilityErrors"]
    # A window that leaves no traces installs nothing; Chromium names that, and nothing else.
    assert [each["errorId"] for each in trouble if each["errorId"] != "in-incognito"] == []


def test_pages_come_from_kaja_and_without_network_one_says_so(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    page.goto("/w/acme/calendar/")
    expect(page.locator(".frame")).to_be_visible()
    page.context.set_offline(True)
    page.goto("/w/acme/settings/profile/")
    expect(page.get_by_role("heading", name="No connection to Kaja")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(248, 246, 241)", (
        "its clothes are on"
    )
    expect(page.locator(".frame")).to_have_count(0)
    page.get_by_role("button", name="Try again").click()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", name="No connection to Kaja")).to_be_visible()
    page.context.set_offline(False)  # nobody presses anything
    expect(page.locator(".frame")).to_be_visible()
    assert page.url.endswith("/w/acme/settings/profile/")


def test_nothing_of_a_workspace_is_kept(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    for address in ("calendar/", "inbox/", "posts/new", "settings/members/", "channels/"):
        page.goto(f"/w/acme/{address}")
    kept: Any = page.evaluate(KEPT)
    assert len(kept) > 5
    assert {path for path in kept if not path.startswith("/static/")} == {"/offline"}
    assert not [path for path in kept if "/w/" in path]


def test_an_older_workers_files_are_thrown_away(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    page.evaluate("caches.open('kaja-shell-old').then((kept) => kept.put('/static/old.css', new Response('old')))")
    page.evaluate("navigator.serviceWorker.ready.then((registration) => registration.unregister())")
    page.reload()
    gone = "caches.keys().then((names) => names.length === 1 && names[0] !== 'kaja-shell-old')"
    wait_until(lambda: page.evaluate(gone))
