"""What a person sees and does when a network refuses a post, and when nobody knows whether it took it."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenWindow
from tests.browser.stack import Stack
from tests.waiting import wait_until

REASON = "Please do not write about cats."


class Room:
    """A workspace with one practice channel whose faults are its own."""

    def __init__(self, kaja: Stack, open_window: OpenWindow, slug: str) -> None:
        self.kaja = kaja
        made = kaja.plant("room", slug=slug)
        self.account, self.owner = str(made["account"]), str(made["workspace"])
        self.cookie = str(made["cookie"])
        self.page = open_window(self.cookie)
        self.home = f"/w/{slug}"

    def break_it(self, **faults: object) -> None:
        self.kaja.practice.set_faults(self.account, **faults)  # type: ignore[arg-type]

    def standing(self) -> list[str]:
        return [str(item["text"]) for item in self.kaja.practice.truth(self.account)]

    def publish(self, text: str) -> Page:
        """Write it and press the button; the post's page."""
        page = self.page
        page.goto(f"{self.home}/posts/new")
        page.get_by_label("Text", exact=True).fill(text)
        channel = page.locator('label.chip input[name="channel"]')
        if not channel.is_checked():
            page.locator("label.chip").click()
        page.get_by_role("radio", name="Now").click()
        page.get_by_role("button", name="Publish now to 1 channel").click()
        page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
        return page


def test_a_refused_post_is_mended_and_sent(kaja: Stack, open_window: OpenWindow) -> None:
    room = Room(kaja, open_window, "refused")
    room.break_it(refuse={"probability": 1, "reason": REASON})
    page = room.publish("All about cats")
    standing = page.locator("#post-standing")
    expect(standing.get_by_text("Failed", exact=True)).to_be_visible(timeout=60_000)
    expect(standing).to_contain_text(REASON)
    expect(page.locator("#needs-count")).to_have_text("1")
    standing.get_by_text("Journal", exact=True).click()
    expect(standing.locator(".log")).to_contain_text(REASON)
    # Something happens meanwhile, and the open page follows: what somebody reads stays open.
    kaja.plant("add_post", slug="refused", text="Another", channels=[], email="mari.refused@lummus.test")
    expect(standing.locator(".log")).to_contain_text(REASON)

    page.get_by_role("link", name=re.compile("Needs you")).first.click()
    waiting = page.locator("#needs-you")
    expect(waiting).to_contain_text("All about cats")
    expect(waiting).to_contain_text(REASON)
    assert room.standing() == []

    room.break_it()
    waiting.get_by_role("link", name="Edit").click()
    page.get_by_label("Text", exact=True).fill("All about bread")
    expect(page.locator("#save-state")).to_contain_text("Saved")
    # The time that was planned has passed meanwhile.
    page.get_by_role("radio", name="Now").click()
    page.locator("#finish").click()
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    again = page.locator("#post-standing").get_by_role("button", name="Send again")
    if again.count():
        again.click()
    expect(page.locator("#post-standing").get_by_text("Sent", exact=True)).to_be_visible(timeout=60_000)
    expect(page.locator("#post-facts")).to_contain_text("Sent")
    assert room.standing() == ["All about bread"]
    expect(page.locator("#needs-count")).to_have_text("")


def lose_the_answer(room: Room, text: str) -> None:
    """The network takes the post, its answer is lost, and it cannot be asked either: only a person can know."""
    room.break_it(drop_after={"probability": 1, "on": ["publish"]}, error_before={"probability": 1, "on": ["read"]})
    room.publish(text)
    expect(room.page.locator("#needs-count")).to_have_text("1", timeout=90_000)
    expect(room.page.locator("#post-standing")).to_contain_text("Nobody knows whether it went out")
    assert room.standing() == [text]


def test_a_lost_answer_is_settled_by_one_who_looks(kaja: Stack, open_window: OpenWindow) -> None:
    room = Room(kaja, open_window, "lost")
    lose_the_answer(room, "Did you hear me?")
    with room.page.expect_popup() as popup:
        room.page.locator("#post-standing").get_by_role("link", name="Look on the network").click()
    seen = popup.value
    seen.get_by_role("link", name=re.compile("UTC")).click()
    address = seen.url

    # The network answers again: Kaja asks it which post stands at the address before it believes it.
    room.break_it()
    room.page.goto(f"{room.home}/needs-you/")
    room.page.get_by_text("It is there, at another address").click()
    room.page.get_by_label("Address of the post on the network").fill(address)
    room.page.get_by_role("button", name="It is there").click()
    expect(room.page.locator("#flashes")).to_contain_text("Noted: it is on the network.")
    expect(room.page.get_by_text("Nothing waits for you")).to_be_visible()
    assert room.standing() == ["Did you hear me?"]


def test_sending_again_asks_first_because_it_may_double(kaja: Stack, open_window: OpenWindow) -> None:
    room = Room(kaja, open_window, "again")
    lose_the_answer(room, "Once or twice?")
    room.break_it()
    page = room.page
    button = page.locator("#post-standing").get_by_role("button", name="Send again")
    button.click()
    dialog = page.locator("#confirm-dialog")
    expect(dialog).to_contain_text("it will be there twice")
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert room.standing() == ["Once or twice?"]

    button.click()
    dialog.get_by_role("button", name="It is not there: send it again").click()
    expect(page.locator("#post-standing").get_by_text("Sent", exact=True)).to_be_visible(timeout=60_000)
    assert room.standing() == ["Once or twice?"] * 2, "the person said that it was not there"


def test_what_stands_there_is_changed_and_deleted(kaja: Stack, open_window: OpenWindow) -> None:
    """By the worker's background jobs, not by the page."""
    room = Room(kaja, open_window, "changed")
    page = room.publish("Open at eight")
    standing = page.locator("#post-standing")
    expect(standing.get_by_text("Sent", exact=True)).to_be_visible(timeout=60_000)
    address = page.url
    page.get_by_role("link", name="Edit").first.click()
    page.get_by_label("Text", exact=True).fill("Open at nine")
    page.locator("#finish").click()
    page.wait_for_url(address)
    standing.get_by_role("button", name="Change it there too").click()
    expect(page.locator("#post-timeline")).to_contain_text("Changed on the network")
    assert room.standing() == ["Open at nine"]
    standing.get_by_role("button", name="Delete it there").click()
    page.locator("#confirm-dialog").get_by_role("button", name="Delete there").click()
    expect(standing).to_contain_text("Deleted on the network")
    assert [item["deleted"] for item in kaja.practice.truth(room.account)] == [True]


def test_the_same_words_by_hand_are_told_from_ours_by_who_was_first(kaja: Stack, open_window: OpenWindow) -> None:
    """Two posts that read alike, and one of them is Kaja's: nobody needs to be asked, and none is sent again."""
    room = Room(kaja, open_window, "candidates")
    text = "The same words by hand"
    late = {"probability": 1, "seconds": 3}
    room.break_it(drop_after={"probability": 1, "on": ["publish"]}, late_listing=late)
    room.publish(text)
    # Kaja first sees neither, then both: hence both are listed late.
    wait_until(lambda: room.standing() == [text])
    room.break_it(late_listing=late)
    token = kaja.practice.account(room.account, workspace=room.owner)
    assert kaja.practice.post(token, text).status in (200, 201)
    standing = room.page.locator("#post-standing")
    expect(standing.get_by_text("Sent", exact=True)).to_be_visible(timeout=90_000)
    expect(room.page.locator("#needs-count")).to_have_text("")
    ours, by_hand = sorted((item["id"] for item in kaja.practice.truth(room.account)), key=int)
    shown = standing.locator(f'a[href^="{kaja.practice.url}"]')
    expect(shown.first).to_have_attribute("href", re.compile(rf"/{ours}$"))
    expect(standing.locator(f'a[href$="/{by_hand}"]')).to_have_count(0)
    assert room.standing() == [text] * 2
