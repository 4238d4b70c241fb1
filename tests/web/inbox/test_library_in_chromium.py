"""A picture that is in the library already goes into an answer, and into a post, without being uploaded again."""

import io
from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, Message
from kaja.kernel.tenancy import workspace_scope
from kaja.media.upload import upload_asset
from kaja.networks.mastodon.limits import Limits, render_limits
from kaja.workspaces.models import Workspace
from tests.media.pictures import gradient, save
from tests.people import actor
from tests.waiting import wait_until
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def asked(workspace: Workspace) -> Conversation:
    """With three files in the library: cup, bowl and plate."""
    for number, name in enumerate(("cup", "bowl", "plate")):
        content = save(gradient(size=(20 + number, 20)), "PNG")
        upload_asset(actor(workspace), workspace.id, io.BytesIO(content), f"{name}.png", len(content))
    with workspace_scope(workspace.id):
        channel: Channel = make_channel(network="mastodon", facts={"limits": dict(render_limits(Limits()))})
        made = make_conversation(channel, make_handle("Mari", "mastodon"), ["Have you got it in blue?"])
        Message.objects.filter(conversation=made).update(data={"acct": "mari", "visibility": "public"})
    return made


def shown(page: Page) -> Sequence[str]:
    return page.locator("#library-dialog .library-file").all_inner_texts()


def test_an_answer_takes_a_picture_from_the_library(workspace: Workspace, page: Page, asked: Conversation) -> None:
    page.set_viewport_size({"width": 390, "height": 844})  # where the box shows only while somebody is in it
    page.goto(f"/w/acme/inbox/{asked.id}/")
    page.locator(".thumb").get_by_role("button", name="Answer").click()
    page.get_by_role("button", name="From the library").click()
    dialog = page.locator("#library-dialog")
    expect(dialog.locator(".library-file")).to_have_count(3)
    assert shown(page) == ["plate.png", "bowl.png", "cup.png"]
    # By keys alone: found by its name, taken with Enter.
    page.keyboard.type("bowl")
    expect(dialog.locator(".library-file")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(dialog.locator(".library-file")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog).to_be_hidden()
    expect(page.locator(".reply-files li")).to_have_count(1)
    expect(page.locator("#reply-text")).to_be_visible()
    page.locator(".reply-files input").fill("The blue bowl")
    page.locator("#reply-text").fill("Here it is")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#thread-list .said-out .said-picture")).to_have_count(1)

    def sent() -> list[str]:
        with workspace_scope(workspace.id):
            answers = Message.objects.filter(conversation=asked, direction="out")
            return [file["alt"] for each in answers for file in each.media]

    wait_until(lambda: sent() == ["The blue bowl"])


def test_a_post_takes_the_same(workspace: Workspace, page: Page, asked: Conversation) -> None:
    page.goto("/w/acme/posts/new")
    for _ in range(2):  # the second press adds nothing
        page.get_by_role("button", name="From the library").click()
        page.locator("#library-dialog .library-file").filter(has_text="cup.png").click()
        expect(page.locator("#library-dialog")).to_be_hidden()
        expect(page.locator(".strip .strip-item")).to_have_count(1)
    page.get_by_role("button", name="From the library").click()
    page.locator("#library-dialog input").fill("nothing is called so")
    expect(page.get_by_text("No file is like that.")).to_be_visible()
    page.keyboard.press("Escape")  # empties the field, as browsers do
    expect(page.locator("#library-dialog .library-file")).to_have_count(3)
    page.keyboard.press("Escape")
    expect(page.locator("#library-dialog")).to_be_hidden()
