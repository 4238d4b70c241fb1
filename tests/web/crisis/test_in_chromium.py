"""Crisis mode in a real browser: the count follows the choice, statements are put into words, the review on paper."""

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel
from kaja.crisis.actions import (
    Ending,
    add_conversation,
    approve_statement,
    end_crisis,
    pause_planned,
    record_decision,
    write_statement,
)
from kaja.crisis.models import Crisis
from kaja.crisis.queries import PlannedFilter
from kaja.inbox.models import Conversation
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.crisis.begun import begin, outcomes, plan
from tests.people import actor
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
WORDS = "We are looking into it."


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return make_channel()


@pytest.fixture
def crisis(workspace: Workspace) -> Crisis:
    with workspace_scope(workspace.id):
        made = begin(workspace)
        row = write_statement(actor(workspace), made.id, "First words", {"en": WORDS})
        approve_statement(actor(workspace), made.id, row.id, row.version)
    return made


def test_the_count_follows_what_is_chosen_and_that_is_paused(
    workspace: Workspace, channel: Channel, crisis: Crisis, page: Page
) -> None:
    with workspace_scope(workspace.id):
        plan(workspace, [channel], "Offer of the day", labels=["offer"])
        plan(workspace, [channel], "Something else")
    page.goto(f"/w/acme/crisis/{crisis.id}/posts/")
    expect(page.locator(".desk-count")).to_have_text("2 scheduled posts")
    page.get_by_label("offer").check()
    expect(page.locator(".desk-count")).to_have_text("1 scheduled post")
    page.get_by_role("button", name="Pause 1 post").click()
    expect(page.locator("#flashes")).to_contain_text("1 post is paused.")
    expect(page.locator("#crisis-posts")).to_contain_text("Offer of the day")
    with workspace_scope(workspace.id):
        assert outcomes(crisis) == {"Offer of the day": ""}


def test_a_statement_is_put_into_an_answer_and_into_a_post(
    workspace: Workspace, channel: Channel, crisis: Crisis, page: Page
) -> None:
    with workspace_scope(workspace.id):
        talk = make_conversation(channel, make_handle("Anna"), ["Glass!"])
    page.goto(f"/w/acme/inbox/{talk.id}/")
    page.locator("#reply-text").press("/")
    expect(page.locator("#saved-found li")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#reply-text")).to_have_value(WORDS)
    page.goto("/w/acme/posts/new")
    page.get_by_role("button", name="Approved statements").first.click()
    page.locator("#statement-picker [data-statement]").first.click()
    expect(page.locator(".part-text").first).to_have_value(WORDS)


def test_the_review_prints_without_what_is_pressed(
    workspace: Workspace, channel: Channel, crisis: Crisis, page: Page
) -> None:
    with workspace_scope(workspace.id):
        talk: Conversation = make_conversation(
            channel, make_handle("Anna"), ["Glass!"], at=clock.now() + timedelta(seconds=1)
        )
        add_conversation(actor(workspace), crisis.id, talk.id)
        plan(workspace, [channel], "Offer of the day")
        pause_planned(actor(workspace), crisis.id, PlannedFilter())
        for n in range(3):
            record_decision(actor(workspace), crisis.id, f"Decision {n}: we close until it is known.")
        end_crisis(actor(workspace), crisis.id, Ending(lesson="Look at the flour."))
    page.goto(f"/w/acme/crisis/{crisis.id}/")
    expect(page.locator(".rail")).to_be_visible()
    page.emulate_media(media="print")
    for hidden in (".rail", ".bottom-bar", ".tabs", ".page-actions", "#crisis-banner .banner"):
        for each in page.locator(hidden).all():
            expect(each).to_be_hidden()
    for shown in ("Decision 2", "Look at the flour.", WORDS, "Glass in the bread", "Kept as a draft: 1"):
        expect(page.get_by_text(shown).first).to_be_visible()
    # Nothing of it is cut off by a page that scrolls.
    body: Any = page.evaluate(
        "[...document.querySelectorAll('.frame, .page, .page-body')].map((e) => getComputedStyle(e).overflowY)"
    )
    assert set(body) == {"visible"}
    assert page.pdf()[:5] == b"%PDF-"
