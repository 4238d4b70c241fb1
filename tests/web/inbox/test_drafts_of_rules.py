"""An answer that a rule drafted, in the box of whoever opens the conversation; and a task beside it."""

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from kaja.inbox.answering import reply
from kaja.inbox.models import Conversation, Message, SavedReply
from kaja.inbox.rules.actions import apply_rules
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.inbox.rules.test_rules import switched_on
from tests.people import actor, browser, member_of
from tests.waiting import wait_until
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

WORDS = "Dear Anna, we are sorry."


@pytest.fixture
def talk(workspace: Workspace) -> Conversation:
    """A rule was for it."""
    with workspace_scope(workspace.id):
        saved = SavedReply.objects.create(title="Refunds", texts={"en": "Dear {name}, we are sorry."})
        whose = str(member_of(workspace).user_id)
        then = {"draft": str(saved.id), "task": {"text": "Call <b>them</b>", "member": whose, "minutes": 600}}
        switched_on(workspace, then=then)
        made = make_conversation(make_channel(), make_handle("Anna"), ["A refund, please"])
        apply_rules([message.id for message in Message.objects.all()])
    return made


def stored(workspace: Workspace, talk: Conversation) -> Conversation:
    with workspace_scope(workspace.id):
        return Conversation.objects.get(id=talk.id)


@pytest.mark.django_db
def test_the_page_says_whose_draft_it_is_and_what_the_task_is(workspace: Workspace, talk: Conversation) -> None:
    html = browser(workspace).get(f"/w/acme/inbox/{talk.id}/").content.decode()
    assert f'data-draft="{WORDS}"' in html
    assert "The rule “Refunds” drafted an answer." in html
    assert "Call &lt;b&gt;them&lt;/b&gt;" in html
    about = browser(workspace).get(f"/w/acme/inbox/{talk.id}/about").content.decode()
    assert "An answer is drafted" in about
    assert "Task until" in about


@pytest.mark.django_db
def test_an_answer_of_anybody_ends_it(workspace: Workspace, talk: Conversation) -> None:
    with workspace_scope(workspace.id):
        reply(actor(workspace), talk.id, "We called you.", key=new_id())
    assert stored(workspace, talk).draft_reply_id is None
    assert "data-draft" not in browser(workspace).get(f"/w/acme/inbox/{talk.id}/").content.decode()


@pytest.mark.django_db(transaction=True)
@pytest.mark.browser
def test_it_stands_in_the_box_and_leaves_what_somebody_wrote_alone(
    workspace: Workspace, page: Page, talk: Conversation
) -> None:
    page.goto(f"/w/acme/inbox/{talk.id}/")
    box = page.locator("#reply-text")
    expect(box).to_have_value(WORDS)
    expect(page.locator('[data-do="use-draft"]')).to_be_hidden()
    with workspace_scope(workspace.id):
        assert not Message.objects.filter(direction="out").exists()
    # One's own words stay over a reload, and the draft is offered beside them.
    box.fill("My own words ")
    page.reload()
    expect(box).to_have_value("My own words ")
    page.get_by_role("button", name="Put it in").click()
    expect(box).to_have_value(f"My own words {WORDS}")
    page.get_by_role("button", name="Leave it out").click()
    wait_until(lambda: stored(workspace, talk).draft_reply_id is None)
    expect(page.locator(".reply-draft")).to_be_hidden()
    assert timedelta(hours=9) < (stored(workspace, talk).remind_at or talk.last_at) - talk.last_at
