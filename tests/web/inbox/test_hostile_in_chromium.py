"""Hostile texts where people really see them, one of each attack, in Chromium: nothing of theirs runs, nothing is
fetched from anywhere else, no dialog opens, the page stays the page. `test_hostile_words.py` tries all of them."""

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from kaja.inbox.models import Handle
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.people import browser as session_of
from tests.waiting import wait_until
from tests.web.conftest import OpenWindow
from tests.web.inbox.hostile import OUTSIDE, list_first
from tests.web.inbox.hostile_world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", event => {
  window.__violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
});
"""


class Watched:
    """A window that remembers what must not happen."""

    def __init__(self, page: Page, own: str) -> None:
        self.page, self.own = page, own
        self.wrong: list[str] = []
        page.add_init_script(WATCH)
        page.on("dialog", self._dialog)
        page.on("popup", lambda popup: self.wrong.append(f"a window: {popup.url}"))
        page.on("request", self._request)
        page.on("pageerror", lambda error: self.wrong.append(f"an error: {error}"))

    def _dialog(self, dialog: Any) -> None:
        self.wrong.append(f"a dialog: {dialog.message}")
        dialog.dismiss()

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self.own, "data:", "blob:")):
            self.wrong.append(f"a request: {request.url[:100]}")

    def go(self, address: str) -> None:
        self.page.goto(address, wait_until="load")
        self.look(address)

    def look(self, where: str) -> None:
        """What was found by now, on this page."""
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
        found = self.page.evaluate(
            """() => [window.__ran, window.__violations, document.querySelectorAll("main").length,
            [...document.querySelectorAll("*")].filter(each =>
              [...each.attributes].some(one => one.name.startsWith("on") || one.name === "srcdoc")).length,
            document.querySelectorAll(
              "iframe, object, embed, base, meta[http-equiv], main style, main script:not([type$=json])").length]"""
        )
        assert found == [None, [], 1, 0, 0], (where, found)
        assert self.wrong == [], (where, self.wrong)


@pytest.fixture
def watched(workspace: Workspace, open_window: OpenWindow, live_server: Any) -> Watched:
    page = open_window(session_of(workspace))
    # Pictures come through our own proxy, which would ask what these addresses name.
    page.context.route("**/picture*", lambda route: route.abort())
    return Watched(page, live_server.url)


def test_the_watch_sees_what_it_is_there_for(chromium: Browser, live_server: Any) -> None:
    context = chromium.new_context(base_url=live_server.url)
    page = context.new_page()
    watched = Watched(page, live_server.url)
    page.goto("/account/login/")
    page.evaluate(
        f"""() => document.querySelector('main').insertAdjacentHTML('beforeend',
        '<img src="{OUTSIDE}/a.png" onerror="window.__ran=1"><iframe srcdoc="x"></iframe>')"""
    )
    try:
        wait_until(lambda: page.evaluate("window.__violations.length") > 0)
        with pytest.raises(AssertionError):
            watched.look("a page that lost")
    finally:
        context.close()


def heard(page: Page, topic: str, thing: Any = None, said: Any = None) -> None:
    """As if the server had said so: these tests' server has no stream."""
    detail = json.dumps({"topic": topic, "id": str(thing) if thing else None, "said": said})
    page.evaluate(f"document.dispatchEvent(new CustomEvent('kaja:live', {{detail: {detail}}}))")


def test_one_of_each_attack_does_nothing_where_it_is_seen(workspace: Workspace, watched: Watched) -> None:
    texts = [vector.text for vector in list_first()]
    assert len(texts) > 200
    world, page = World(workspace, texts), watched.page
    with workspace_scope(workspace.id):
        people = list(Handle.objects.order_by("first_at", "id").values_list("person_id", flat=True))
    for address in (
        f"{world.desk}?view=all", *(f"{world.desk}{talk.id}/?view=all" for talk in [*world.threads, world.notes]),
        f"{world.desk}people/", f"{world.desk}rules/log/", f"{world.desk}rules/{world.rule.id}/", f"{world.desk}leads/",
        f"{world.desk}alarms/{world.alarm.id}/", f"{world.desk}report/conversations", "/w/acme/needs-you/",
        *(f"{world.desk}people/{each}/" for each in people[::40]), "/w/acme/settings/audit/",
        f"{world.desk}?view=all&q=%3Cimg+src%3Dx+onerror%3D1%3E", f"{world.desk}quality/",
        f"{world.desk}quality/{world.beside['card']}/", f"{world.desk}leads/{world.beside['lead']}/",
        "/w/acme/crisis/", *(f"/w/acme/crisis/{world.beside['crisis']}/{each}" for each in ("", "conversations/")),
        f"/w/acme/settings/webhooks/{world.beside['endpoint']}/", "/w/acme/settings/devices/", "/w/acme/channels/",
    ):  # fmt: skip
        watched.go(address)

    # Opened from the list, one after the other, which a script puts into the page.
    watched.go(f"{world.desk}?view=all")
    for number in range(8):
        link = page.locator("#conversations a[data-open]").nth(number)
        wanted = link.get_attribute("data-open")
        link.click()
        expect(page.locator(f'#inbox-thread[data-conversation="{wanted}"]')).to_be_visible()
    watched.look("opened from the list")
    # What comes in while it is looked at.
    for _, talk in world.singles[:12]:
        heard(page, "conversation", talk)
    heard(page, "presence", world.singles[0][1], {"who": "1", "name": texts[0][:80], "what": "writing"})
    watched.look("live")
    # A long thread: answers to single messages name them, what was edited is unfolded, all that can be pointed at is.
    watched.go(f"{world.desk}{world.threads[0].id}/?view=all")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    page.evaluate("document.querySelectorAll('[data-reply-to]').forEach(each => each.click())")
    page.evaluate(
        """() => document.querySelectorAll('#thread-list *').forEach(each => {
          for (const what of ["pointerover", "mouseover", "focus", "toggle", "animationstart"])
            each.dispatchEvent(new Event(what, {bubbles: true}));
        })"""
    )
    watched.look("a long thread")
    # A link that somebody wrote leads where it says, and tells nobody where it was pressed.
    links = page.locator(".said-text a[href^='http']")
    assert links.count() > 0
    for link in links.all()[:20]:
        assert link.get_attribute("rel") == "noopener noreferrer nofollow ugc"
        assert (link.get_attribute("href") or "").startswith(("https://", "http://"))
    assert OUTSIDE in (page.content())
