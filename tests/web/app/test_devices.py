"""The page of devices, and the worker that shows what is pushed, in a real browser.

The browser's own push service is on the internet, so the browser is given one on loopback in its place; everything of
ours is as it is: page, worker, sealing, signature, and the message that Chromium hands to the worker.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.db import connections
from playwright.sync_api import Page, Worker, expect

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, ConversationState
from kaja.kernel.sessions import name_of
from kaja.kernel.tenancy import workspace_scope
from kaja.push.actions import add_device
from kaja.push.kinds import INBOX, POSTS
from kaja.push.models import Device
from kaja.push.notices import send_notice
from kaja.push.server_key import ensure_server_key
from kaja.workspaces.models import Workspace
from kaja.workspaces.notices import tell_members
from tests.inbox.talking import add_message
from tests.people import browser, member_of
from tests.push.conftest import service as service
from tests.push.receiving import BrowserKeys, PushService, decode
from tests.waiting import wait_until
from tests.web.app.conftest import WithWorker

pytestmark = pytest.mark.django_db(transaction=True)

DEVICES = "/w/acme/settings/devices/"
A_PUSH_SERVICE = """(given) => {
  let now = null;
  const subscription = (options) => ({
    endpoint: given.endpoint, options, toJSON: () => given,
    unsubscribe: async () => { now = null; localStorage.setItem("unsubscribed", "1"); return true; },
  });
  PushManager.prototype.getSubscription = async () => now;
  PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
    localStorage.setItem("asked-with", Array.from(applicationServerKey).join());
    localStorage.setItem("subscribed", "1");
    return (now = subscription({ applicationServerKey }));
  };
  if (localStorage.getItem("subscribed")) now = subscription({});
}"""

COUNT_SHOWN = """() => {
  const show = registration.showNotification.bind(registration);
  self.shownSoFar = 0;
  registration.showNotification = async (...given) => { await show(...given); self.shownSoFar += 1; };
}"""
"""It shows as before, and one knows when it has."""


def worker_of(page: Page) -> Worker:
    return page.context.service_workers[0]


def on_a_phone(page: Page, service: PushService, keys: BrowserKeys) -> None:
    """The browser allows notices, and has a push service on loopback."""
    page.context.grant_permissions(["notifications"])
    page.add_init_script(f"({A_PUSH_SERVICE})({json.dumps(service.subscription(keys))})")


@pytest.mark.browser
def test_a_device_is_switched_on_tried_chosen_and_off(
    workspace: Workspace, with_worker: WithWorker, service: PushService
) -> None:
    keys, page = BrowserKeys(), with_worker(browser(workspace))
    on_a_phone(page, service, keys)
    page.goto(DEVICES)
    page.get_by_role("button", name="Switch notices on here").click()
    expect(page.get_by_text("Notices come to this device")).to_be_visible()
    asked = bytes(int(each) for each in page.evaluate("localStorage.getItem('asked-with')").split(","))
    assert asked == decode(ensure_server_key())
    row = page.locator("#devices [data-item]")
    expect(row).to_contain_text("this device")
    expect(row).to_contain_text("no notice yet")
    row.get_by_role("button", name="Send a test notice").click()
    expect(row).to_contain_text("last notice")
    told = json.loads(keys.open(service.received[0].body))
    assert told["title"] == "Kaja"
    page.wait_for_load_state()  # its scripts are there
    row.locator(f'input[value="{POSTS}"]').uncheck()
    wait_until(lambda: POSTS not in Device.objects.get().kinds)
    expect(row.locator(f'input[value="{POSTS}"]')).not_to_be_checked()
    assert INBOX in Device.objects.get().kinds
    row.get_by_role("button", name="Switch off").click()
    expect(page.get_by_text("No device is told anything yet.")).to_be_visible()
    wait_until(lambda: page.evaluate("localStorage.getItem('unsubscribed') === '1'"))
    assert not Device.objects.exists()


@pytest.mark.browser
@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("delete window.PushManager", "This browser takes no notices."),
        ("Object.defineProperty(navigator, 'standalone', { value: false }); delete window.PushManager", "home screen"),
        ("Object.defineProperty(Notification, 'permission', { value: 'denied' })", "was told to show no notices"),
        ("Object.defineProperty(window, 'isSecureContext', { value: false })", "only from an address with https"),
    ],
    ids=["none", "iphone", "denied", "http"],
)
def test_the_page_says_plainly_why_a_browser_cannot(
    workspace: Workspace, with_worker: WithWorker, script: str, said: str
) -> None:
    page = with_worker(browser(workspace))
    page.add_init_script(script)
    page.goto(DEVICES)
    expect(page.locator("#this-device [data-state]:visible")).to_have_count(1)
    expect(page.locator("#this-device [data-state]:visible")).to_contain_text(said)
    expect(page.locator("#push-on")).to_be_hidden()


@pytest.mark.browser
def test_a_push_service_that_does_not_answer_is_said(workspace: Workspace, with_worker: WithWorker) -> None:
    page = with_worker(browser(workspace))
    page.context.grant_permissions(["notifications"])
    page.add_init_script("PushManager.prototype.subscribe = async () => { throw new DOMException('', 'AbortError'); }")
    page.goto(DEVICES)
    page.get_by_role("button", name="Switch notices on here").click()
    expect(page.locator("p[role=alert]")).to_contain_text("did not answer")
    expect(page.locator("#push-on")).to_be_visible()
    assert not Device.objects.exists()


def as_a_worker(work: Callable[[], Any]) -> Any:
    """In a thread of its own: the browser's driver has a loop in this one."""

    def whole() -> Any:
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(whole).result()


class Told:
    """A notice that was really sent, as the browser hands it to the worker."""

    def __init__(self, page: Page, workspace: Workspace, service: PushService) -> None:
        self.page, self.keys = page, BrowserKeys()
        page.context.grant_permissions(["notifications"])
        [cookie] = [each["value"] for each in page.context.cookies() if each["name"] == "kaja_session"]
        self.device = add_device(
            member_of(workspace).user, name_of(cookie), "", {**service.subscription(self.keys), "expirationTime": None}
        )
        ensure_server_key()
        self.workspace, self.service = workspace, service
        worker_of(page).evaluate(COUNT_SHOWN)

    def send(self, path: str) -> dict[str, Any]:
        with workspace_scope(self.workspace.id):
            [notice] = tell_members("inbox.assigned", "x", {}, path=path, user_ids=[self.device.user_id])
        assert as_a_worker(lambda: send_notice(self.workspace.id, notice.id, self.device.id))
        text = self.keys.open(self.service.received[-1].body).decode()
        line = self.page.context.new_cdp_session(self.page)
        ids: list[str] = []
        line.on("ServiceWorker.workerRegistrationUpdated", lambda e: ids.extend(
            each["registrationId"] for each in e["registrations"] if not each["isDeleted"]))  # fmt: skip
        line.send("ServiceWorker.enable")
        wait_until(lambda: bool(ids) or bool(self.page.evaluate("0")))  # asking lets the driver hear events
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url))
        line.send("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": ids[-1], "data": text})
        return dict(json.loads(text))

    def wait_shown(self, count: int) -> list[dict[str, Any]]:
        """What stands there once the worker has shown so many. Nobody may ask before: whoever asks Chromium for the
        notices while it draws one has it forget that one, and no later question finds it."""
        wait_until(lambda: worker_of(self.page).evaluate("self.shownSoFar") == count)
        return self.shown()

    def shown(self) -> list[dict[str, Any]]:
        return list(
            worker_of(self.page).evaluate("""async () => (await registration.getNotifications()).map(
            ({ title, body, tag, actions }) => ({ title, body, tag, actions: actions.map(({ action }) => action) }))""")
        )

    def press(self, action: str) -> None:
        """The system's own surface cannot be pressed from here; this is the event that it makes."""
        worker_of(self.page).evaluate(
            """async (action) => {
              const [notification] = await registration.getNotifications();
              self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action }));
            }""",
            action,
        )


@pytest.fixture
def told(workspace: Workspace, with_worker: WithWorker, service: PushService) -> Told:
    return Told(with_worker(browser(workspace)), workspace, service)


def make_conversation(workspace: Workspace) -> Conversation:
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id="inbox", name="Inbox")
    return add_message(workspace, channel, "Are you open on Sunday?").conversation


def state_of(workspace: Workspace, conversation: Conversation) -> str:
    with workspace_scope(workspace.id):
        return Conversation.objects.get(id=conversation.id).state


@pytest.mark.browser
def test_done_is_done_from_the_notice(workspace: Workspace, told: Told) -> None:
    conversation = make_conversation(workspace)
    message = told.send(f"inbox/{conversation.id}/")
    [shown] = told.wait_shown(1)
    assert (shown["title"], shown["tag"]) == (message["title"], message["tag"])
    assert shown["actions"] == ["answer", "done"]
    told.press("done")
    wait_until(lambda: state_of(workspace, conversation) == ConversationState.DONE)
    wait_until(lambda: told.shown() == [])


@pytest.mark.browser
def test_a_button_that_could_not_do_it_says_so(workspace: Workspace, told: Told) -> None:
    conversation = make_conversation(workspace)
    message = told.send(f"inbox/{conversation.id}/")
    assert len(told.wait_shown(1)) == 1
    told.page.context.clear_cookies()
    told.press("done")
    assert [each["body"] for each in told.wait_shown(2)] == [message["failed"]]
    assert state_of(workspace, conversation) != ConversationState.DONE
