"""Reminders, snoozing until a moment of one's own and the order by what is due, in a real browser."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from kaja.inbox import actions
from kaja.inbox.models import AnswerWait, Conversation, ConversationState
from kaja.inbox.targets.follow import mark_due
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member
from tests.waiting import wait_until
from tests.web.inbox.test_in_chromium import INBOX, heard, names, stored, three

__all__ = ["three"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
TALLINN = ZoneInfo("Europe/Tallinn")


def promise(workspace: Workspace, talk: Conversation, ahead: timedelta) -> None:
    with workspace_scope(workspace.id):
        AnswerWait.objects.update_or_create(
            conversation=talk, measure="first", begun_at=talk.last_at,
            defaults={"channel": talk.channel, "due_at": clock.now() + ahead},
        )  # fmt: skip
        mark_due([talk.id])


def test_a_reminder_by_keys_alone_and_taken_off(workspace: Workspace, page: Page, three: list[Conversation]) -> None:
    anna = three[0]
    page.goto(f"{INBOX}{anna.id}/")
    page.keyboard.press("b")
    page.keyboard.press("ArrowUp")  # the last line of the menu
    page.keyboard.press("Enter")
    dialog = page.locator("#moment-dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("button", name="Remind me")).to_be_visible()
    expect(dialog.get_by_role("button", name="Snooze")).to_be_hidden()
    expect(page.locator("#moment-at")).to_be_focused()
    day = clock.now().astimezone(TALLINN).date() + timedelta(days=3)
    page.locator("#moment-at").fill(f"{day:%d.%m.%Y}")
    page.keyboard.press("Tab")
    page.locator("#moment-at-time").fill("745")
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator("#thread-head .thread-reminder")).to_be_visible()
    expect(page.locator("#inbox-context")).to_contain_text("07:45")
    assert stored(workspace, anna).remind_at == datetime(day.year, day.month, day.day, 7, 45, tzinfo=TALLINN)
    expect(page.locator(".convo-current .convo-foot")).to_contain_text("07:45")
    page.locator("#inbox-context").get_by_role("button", name="Take it off").click()
    expect(page.locator("#thread-head .thread-reminder")).to_have_count(0)
    wait_until(lambda: stored(workspace, anna).remind_at is None)
    # The sheet of keys says so.
    page.keyboard.press("?")
    sheet = page.locator("#keys-dialog")
    expect(sheet).to_contain_text("Remind me, unless they write")
    expect(sheet).to_contain_text("What is due first, or the newest first")


def test_many_are_snoozed_until_a_moment_of_ones_own(
    workspace: Workspace, page: Page, three: list[Conversation]
) -> None:
    page.goto(INBOX)
    for _ in range(2):
        page.keyboard.press("j")
        page.keyboard.press("x")
    page.keyboard.press("s")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page.locator("#moment-at")).to_be_focused()
    page.keyboard.press("Escape")  # nothing was chosen
    expect(page.locator("#moment-dialog")).to_be_hidden()
    assert stored(workspace, three[0]).snoozed_until is None
    page.keyboard.press("s")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # the next full hour stands there
    expect(page.locator("#conversations [data-item]")).to_have_count(1)
    first, second, third = (stored(workspace, each).snoozed_until for each in three)
    assert first is not None
    assert (first, third) == (second, None)
    assert (first.minute, timedelta() < first - clock.now() <= timedelta(hours=1)) == (0, True)


def test_what_is_due_first_stands_first_also_when_it_comes_later(
    workspace: Workspace, page: Page, three: list[Conversation]
) -> None:
    anna, boris, cecilia = three
    promise(workspace, cecilia, timedelta(minutes=50))
    promise(workspace, boris, timedelta(hours=-1))
    page.goto(INBOX)
    page.keyboard.press("d")
    expect(page).to_have_url(f"{page.url.partition('/w/')[0]}{INBOX}?sort=due")
    page.wait_for_load_state()  # and the script hears
    assert names(page) == ["Boris", "Cecilia", "Anna"]
    page.locator("h1").hover()
    promise(workspace, anna, timedelta(minutes=5))
    late = page.locator("#conversations [data-item]").first
    expect(late.locator(".convo-late")).to_have_text("late by 1 h")
    heard(page, "conversation", anna.id)
    row = page.locator(f'#conversations [data-item="{anna.id}"]')
    expect(row).to_contain_text("due in")
    page.keyboard.press("d")
    expect(page).to_have_url(f"{page.url.partition('/w/')[0]}{INBOX}")
    page.wait_for_load_state()
    assert names(page) == ["Anna", "Boris", "Cecilia"]


def test_two_people_at_one_conversation_are_told(workspace: Workspace, page: Page, three: list[Conversation]) -> None:
    add_member(workspace, "kai@acme.test", Role.COMMUNITY_MANAGER)
    page.goto(f"{INBOX}{three[0].id}/")
    page.locator("#reply-text").fill("My words")
    with workspace_scope(workspace.id):
        actions.set_state(actor(workspace, "kai@acme.test"), [three[0].id], ConversationState.SPAM)
    page.locator("#thread-head .thread-done").click()
    expect(page.locator("#flashes")).to_contain_text("Somebody else changed this meanwhile")
    assert stored(workspace, three[0]).state == "spam"
    # The page shows what it is now, what was written is still there, and the second press is what it says.
    expect(page.locator("#thread-head")).to_contain_text("Spam")
    expect(page.locator("#reply-text")).to_have_value("My words")
    page.locator("#thread-head").get_by_role("button", name="Open again").click()
    wait_until(lambda: stored(workspace, three[0]).state == "open")
