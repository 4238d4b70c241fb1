"""The inbox in a real browser: keys from end to end, the way back, live rows, drafts, and who else is there."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.http import QueryDict
from playwright.sync_api import Page, expect

from kaja.inbox.models import Conversation
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.web.inbox.feed import InboxFeed, ListView
from kaja.workspaces.models import Workspace
from tests.people import add_member, browser
from tests.waiting import wait_until
from tests.web.inbox.conversations import add_message, make_channel, make_conversation, make_handle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
INBOX = "/w/acme/inbox/"


@pytest.fixture
def three(workspace: Workspace) -> list[Conversation]:
    """The newest first: Anna, Boris, Cecilia."""
    with workspace_scope(workspace.id):
        channel = make_channel()
        return [
            make_conversation(
                channel, make_handle(name), [f"Question of {name}"], at=clock.now() - timedelta(minutes=10 * number)
            )
            for number, name in enumerate(("Anna", "Boris", "Cecilia"))
        ]


def stored(workspace: Workspace, conversation: Conversation) -> Conversation:
    with workspace_scope(workspace.id):
        return Conversation.objects.get(id=conversation.id)


def heard(page: Page, topic: str, thing: Any = None, said: Any = None) -> None:
    """As if the server had said so: these tests' server has no stream."""
    detail = json.dumps({"topic": topic, "id": str(thing) if thing else None, "said": said})
    page.evaluate(f"document.dispatchEvent(new CustomEvent('kaja:live', {{detail: {detail}}}))")


def sent(page: Page, workspace: Workspace, *conversations: Conversation, query: str = "") -> None:
    """As if the stream had sent the rows, drawn as it draws them."""
    query_of_list = tuple(sorted(QueryDict(query).items()))
    ids = [conversation.id for conversation in conversations]
    html = InboxFeed().draw(ListView(workspace.id, "en", query_of_list, None), ids)  # type: ignore[arg-type]
    detail = json.dumps({"topic": "drawn", "view": query, "ids": [str(each) for each in ids], "html": html})
    page.evaluate(f"document.dispatchEvent(new CustomEvent('kaja:live', {{detail: {detail}}}))")


def names(page: Page) -> list[str]:
    return page.locator("#conversations .convo-name").all_inner_texts()


def test_worked_with_the_keyboard_alone(workspace: Workspace, page: Page, three: list[Conversation]) -> None:
    anna, boris, cecilia = three
    page.goto(INBOX)
    page.keyboard.press("j")
    expect(page.locator("#conversations [data-item] a").nth(0)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    expect(page.locator("#inbox-thread h2")).to_have_text("Anna")
    expect(page).to_have_url(f"{page.url.partition('/w/')[0]}{INBOX}{anna.id}/")
    expect(page.locator("#inbox-thread")).to_be_focused()
    # The next one opens by itself when one is done.
    page.keyboard.press("e")
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    expect(page.locator("#conversations [data-item]")).to_have_count(2)
    wait_until(lambda: stored(workspace, anna).state == "done")
    expect(page.locator("#flashes")).to_contain_text("1 conversation is done.")
    # Given to oneself from the menu that the key opens.
    page.keyboard.press("a")
    expect(page.get_by_role("button", name="To me")).to_be_focused()
    page.keyboard.press("Enter")
    wait_until(lambda: stored(workspace, boris).assignee_id is not None)
    expect(page.locator("#conversations .convo-assignee")).to_have_count(1)
    # A note, with Ctrl and Enter.
    page.keyboard.press("n")
    page.keyboard.type("Look at this, please")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread-list .said-note")).to_contain_text("Look at this, please")
    expect(page.locator("#reply-text")).to_have_value("")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.press("Enter")
    expect(page.locator("#inbox-thread h2")).to_have_text("Cecilia")
    wait_until(lambda: stored(workspace, boris).snoozed_until is not None)
    page.keyboard.press("#")
    expect(page.locator("#conversations")).to_contain_text("All done")
    assert stored(workspace, cecilia).state == "spam"


def test_back_leads_through_what_was_open(page: Page, three: list[Conversation]) -> None:
    page.goto(f"{INBOX}?view=all")
    page.get_by_text("Boris", exact=True).click()
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    page.get_by_text("Cecilia", exact=True).click()
    expect(page.locator("#inbox-thread h2")).to_have_text("Cecilia")
    assert page.url.endswith(f"{three[2].id}/?view=all")
    page.go_back()
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    page.go_back()
    expect(page.locator("#inbox-thread")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    page.reload()
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    expect(page.locator("#conversations .convo-current .convo-name")).to_have_text("Boris")


def test_one_pane_on_a_phone_and_one_thumb(workspace: Workspace, page: Page, three: list[Conversation]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(INBOX)
    page.get_by_text("Anna", exact=True).click()
    expect(page.locator("#inbox-list")).to_be_hidden()
    expect(page.locator("#inbox-thread h2")).to_have_text("Anna")
    thumb = page.locator(".thumb")
    thumb.get_by_role("button", name="Next").click()
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    thumb.get_by_role("button", name="Done").click()
    expect(page.locator("#inbox-thread h2")).to_have_text("Cecilia")
    thumb.get_by_role("button", name="Answer").click()
    expect(page.locator("#reply-text")).to_be_focused()
    assert stored(workspace, three[1]).state == "done"
    page.go_back()
    page.go_back()
    page.go_back()
    expect(page.locator("#inbox-list")).to_be_visible()
    expect(page.locator("#inbox-thread")).to_have_count(0)


def test_what_comes_in_never_moves_what_somebody_points_at(
    workspace: Workspace, page: Page, three: list[Conversation]
) -> None:
    page.goto(INBOX)
    page.locator("#conversations [data-item]").nth(1).hover()
    with workspace_scope(workspace.id):
        late = make_conversation(three[0].channel, make_handle("Dora"), ["Just now"], at=clock.now())
        add_message(three[2], "And one thing more", at=clock.now())
    before = page.locator("#conversations [data-item]").nth(1).bounding_box()
    heard(page, "conversation", late.id)
    heard(page, "conversation", three[2].id)
    pill = page.locator("#inbox-pill")
    expect(pill).to_have_text("1 new")
    expect(page.locator("#conversations")).to_contain_text("And one thing more")
    assert names(page) == ["Anna", "Boris", "Cecilia"]
    after = page.locator("#conversations [data-item]").nth(1).bounding_box()
    assert before is not None
    assert after is not None
    assert before["x"] == after["x"]
    pill.click()
    expect(page.locator("#conversations .convo-name").first).to_have_text("Dora")
    expect(pill).to_be_hidden()
    # With nobody there it comes in by itself, and the views count it.
    page.locator("h1").hover()
    page.locator("h1").click()
    with workspace_scope(workspace.id):
        later = make_conversation(three[0].channel, make_handle("Emil"), ["Even later"], at=clock.now())
    heard(page, "conversation", later.id)
    expect(page.locator("#conversations .convo-name").first).to_have_text("Emil")
    expect(page.locator("#inbox-views [aria-current]")).to_have_text("To do 5")


def test_rows_that_the_stream_sends_are_not_asked_for(
    workspace: Workspace, page: Page, three: list[Conversation]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(INBOX)[2].partition("?")[0]))
    page.goto(INBOX)
    page.locator("h1").click()
    asked.clear()
    with workspace_scope(workspace.id):
        late = make_conversation(three[0].channel, make_handle("Dora"), ["Just now"], at=clock.now())
        add_message(three[2], "And one thing more", at=clock.now())
        Conversation.objects.filter(id__in=[three[0].id, three[1].id]).update(state="done")
    for conversation in (late, *three):
        heard(page, "conversation", conversation.id)
    sent(page, workspace, late, *three)
    expect(page.locator("#inbox-views [aria-current]")).to_have_text("To do 2")
    assert names(page) == ["Cecilia", "Dora"]
    expect(page.locator("#conversations")).to_contain_text("And one thing more")
    assert [each for each in asked if each in ("rows", "views")] == ["views"]
    # What the page has is newer than what was sent: another tab's step, which was asked for in between.
    with workspace_scope(workspace.id):
        Conversation.objects.filter(id=late.id).update(version=5, excerpt="The newest words")
    heard(page, "conversation", late.id)
    expect(page.locator("#conversations")).to_contain_text("The newest words")  # nothing was sent: it was asked for
    assert asked.count("rows") == 1
    with workspace_scope(workspace.id):
        Conversation.objects.filter(id=late.id).update(version=4, excerpt="Older words")
    sent(page, workspace, late)
    with workspace_scope(workspace.id):
        Conversation.objects.filter(id=three[2].id).update(excerpt="Sent after them")
    sent(page, workspace, three[2])
    expect(page.locator("#conversations")).to_contain_text("Sent after them")
    expect(page.locator("#conversations")).to_contain_text("The newest words")


def test_the_open_thread_goes_on_and_a_draft_stays(workspace: Workspace, page: Page, three: list[Conversation]) -> None:
    page.goto(f"{INBOX}{three[0].id}/")
    box = page.locator("#reply-text")
    box.fill("We open at ten")
    with workspace_scope(workspace.id):
        said = add_message(three[0], "Are you there?", at=clock.now())
    heard(page, "conversation", three[0].id)
    expect(page.locator(f"#message-{said.id}")).to_be_visible()
    expect(box).to_have_value("We open at ten")
    page.reload()
    expect(box).to_have_value("We open at ten")
    page.locator("#conversations").get_by_text("Boris", exact=True).click()
    expect(page.locator("#inbox-thread h2")).to_have_text("Boris")
    expect(box).to_have_value("")
    page.locator("#conversations").get_by_text("Anna", exact=True).click()
    expect(box).to_have_value("We open at ten")


def test_who_looks_and_who_writes(page: Page, three: list[Conversation]) -> None:
    def telling(what: str) -> Any:
        return page.expect_request(lambda r: r.url.endswith("/presence") and what in (r.post_data or "gone"))

    with telling("looking"):
        page.goto(f"{INBOX}{three[0].id}/")
    line = page.locator("#thread-presence")
    with telling("looking"):  # whoever comes is told who is here
        heard(page, "presence", three[0].id, {"who": "1", "name": "Mari <b>", "what": "looking"})
    expect(line).to_have_text("Mari <b> is looking at this too")
    heard(page, "presence", three[0].id, {"who": "1", "name": "Mari <b>", "what": "writing"})
    expect(line).to_have_text("Mari <b> is writing an answer")
    heard(page, "presence", three[1].id, {"who": "2", "name": "Liis Tamm", "what": "looking"})
    expect(page.locator(f'[data-presence="{three[1].id}"]')).to_have_text("LT")
    heard(page, "presence", three[0].id, {"who": "1", "name": "Mari <b>", "what": "gone"})
    expect(line).to_have_text("")
    with telling("writing"):
        page.locator("#reply-text").press_sequentially("We")
    with telling("gone"):
        page.locator("#conversations").get_by_text("Boris", exact=True).click()


def test_many_at_once_and_back(workspace: Workspace, page: Page, three: list[Conversation]) -> None:
    page.goto(INBOX)
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#conversations-bulk")).to_contain_text("2 selected")
    page.keyboard.press("e")
    expect(page.locator("#conversations [data-item]")).to_have_count(1)
    expect(page.locator("#conversations-bulk")).to_be_hidden()
    assert [stored(workspace, each).state for each in three] == ["done", "done", "new"]
    page.keyboard.press("z")
    expect(page.locator("#conversations [data-item]")).to_have_count(3)
    assert [stored(workspace, each).state for each in three] == ["new", "new", "new"]


def test_a_colleague_without_the_permission_reads_only(
    workspace: Workspace, open_window: Any, three: list[Conversation]
) -> None:
    add_member(workspace, "anna@acme.test", "analyst")
    page = open_window(browser(workspace, "anna@acme.test"))
    page.goto(f"{INBOX}{three[0].id}/")
    expect(page.locator("#thread-list")).to_contain_text("Question of Anna")
    expect(page.locator("kaja-reply")).to_have_count(0)
    page.keyboard.press("e")
    page.keyboard.press("r")
    assert stored(workspace, three[0]).state == "new"
