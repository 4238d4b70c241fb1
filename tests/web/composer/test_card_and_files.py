"""A link card that one channel drops, files on their way, emoji for those who type fast, a failed post opened again."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from kaja.channels.models import Channel
from kaja.content.models import Post, PostState, Variant
from kaja.content.queries import draft_of
from kaja.delivery.models import State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import User, Workspace
from tests.web.composer.windows import choose, picture, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CARD = {"url": "https://lummus.test/guji", "title": "Guji", "description": "A coffee", "image": None}


def own_tab(page: Page, channel: Channel) -> None:
    page.locator(f'[data-tab="{channel.id}"]').click()


def test_one_channel_drops_the_card_that_the_others_show(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    page.route("**/posts/card", lambda route: route.fulfill(json={"card": CARD, "asset": None}))
    page.goto("/w/acme/posts/new")
    choose(page, channels["bluesky"])
    choose(page, channels["practice"])
    page.get_by_label("Text", exact=True).fill("New on the bar: https://lummus.test/guji")
    page.get_by_role("button", name="Make a link card").click()
    expect(page.locator(".p-card")).to_have_count(2)
    expect(page.get_by_role("button", name="Remove the card")).to_be_visible()

    own_tab(page, channels["bluesky"])
    page.get_by_role("button", name="No card on this channel").click()
    expect(page.locator("#card-dropped")).to_contain_text("This channel shows no link card")
    expect(page.locator("#card-follow")).to_be_focused()
    expect(page.locator(".p-card")).to_have_count(1)
    expect(page.locator("#card-offer")).to_be_hidden()
    expect(page.locator(".badge-differs:visible")).to_have_count(1)
    saved(page)
    with workspace_scope(workspace.id):
        cards = {v.channel_id: draft_of(v).link_card for v in Variant.objects.select_related("post", "channel")}
    assert cards[channels["bluesky"].id] is None
    assert cards[channels["practice"].id] is not None

    page.reload()
    own_tab(page, channels["bluesky"])
    expect(page.locator("#card-edit")).to_be_hidden()
    page.get_by_role("button", name="Show the common card again").click()
    expect(page.locator(".p-card")).to_have_count(2)
    expect(page.locator(".badge-differs:visible")).to_have_count(0)
    expect(page.locator("#field-link_card-title")).to_have_value("Guji")


def test_a_large_file_shows_how_far_it_is_and_can_be_broken_off(
    page: Page, channels: dict[str, Channel], workspace: Workspace, tmp_path: Path
) -> None:
    # A picture that does not get smaller: a real one, with noise behind its end.
    large = tmp_path / "large.jpg"
    large.write_bytes(picture(1, (2000, 1500)) + bytes(range(256)) * 12_000)
    page.goto("/w/acme/posts/new")
    page.get_by_label("Text", exact=True).fill("A film")
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 300_000}
    network.send("Network.emulateNetworkConditions", slow)
    page.locator('input[type="file"]').set_input_files(large)
    bar = page.locator(".strip-upload progress")
    page.wait_for_function("() => [...document.querySelectorAll('.strip-upload progress')].some((b) => b.value % 1)")
    expect(bar).to_have_attribute("aria-label", "large.jpg is being uploaded")
    expect(page.locator(".strip-share")).to_have_text(re.compile(r"^\d+ %$"))
    # Whatever else is done meanwhile, it stays in sight.
    choose(page, channels["practice"])
    expect(bar).to_be_visible()
    page.get_by_role("button", name="Cancel the upload of large.jpg").click()
    expect(page.locator(".strip-item")).to_have_count(0)
    expect(page.locator("#composer-said")).to_have_text("large.jpg was not uploaded: you cancelled it.")
    expect(page.get_by_label("Text", exact=True)).to_have_value("A film")

    network.send("Network.emulateNetworkConditions", {**slow, "uploadThroughput": -1})
    page.locator('input[type="file"]').set_input_files(large)
    expect(page.locator(".strip-picture")).to_have_count(1)
    with workspace_scope(workspace.id):
        assert Asset.objects.count() == 1


@pytest.mark.parametrize(
    ("language", "typed", "name"),
    [
        ("en", "grinning", "grinning face"),
        ("ru", "кофе", "горячий напиток"),
        ("et", "kohv", "kuum jook"),
        ("zh-hant", "咖啡", "熱飲"),
        ("ru", "hot beverage", "горячий напиток"),
    ],
)
def test_emoji_are_found_in_the_readers_language_and_in_english(
    page: Page, channels: dict[str, Channel], language: str, typed: str, name: str
) -> None:
    User.objects.update(language=language)
    page.goto("/w/acme/posts/new")
    page.locator('[data-do="emoji"]').first.click()
    page.keyboard.type(typed)
    expect(page.locator(".emoji-grid button").first).to_have_attribute("title", name)
    page.keyboard.type("qqqq")
    expect(page.locator(".emoji-grid button")).to_have_count(0)


def test_emoji_for_those_who_type_faster_than_the_list_arrives(page: Page, channels: dict[str, Channel]) -> None:
    held: list[Route] = []
    page.route("**/emoji*.json", lambda route: held.append(route))
    page.goto("/w/acme/posts/new")
    field = page.get_by_label("Text", exact=True)
    field.fill("Coffee ")
    page.get_by_role("button", name="Emoji").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("hot beverage")
    page.keyboard.press("Enter")
    expect(field).to_have_value("Coffee ")
    assert len(held) == 1
    held[0].continue_()
    expect(field).to_have_value(re.compile("Coffee ☕"))
    expect(page.locator("#emoji-picker")).to_be_hidden()
    # The second time the list is there, and Enter follows the last letter at once.
    page.get_by_role("button", name="Emoji").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("hot beverage")
    page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile("Coffee ☕️?☕"))


@pytest.fixture
def failed(workspace: Workspace, channels: dict[str, Channel]) -> Post:
    """A post of an hour ago that one network refused and another took."""
    due = clock.now() - timedelta(hours=1)
    with workspace_scope(workspace.id):
        post = Post.objects.create(
            state=PostState.SCHEDULED, due_at=due, document={"parts": [{"text": "Fix me", "media": []}]},
            summary="Fix me", revision=1,
        )  # fmt: skip
        for name, state in (("practice", State.FAILED), ("bluesky", State.SENT)):
            variant = Variant.objects.create(post=post, channel=channels[name])
            PostDelivery.objects.create(
                variant=variant, channel=channels[name], due_at=due, state=state, remote_id="r",
                needs_person=state == State.FAILED,
            )  # fmt: skip
    return post


def test_a_failed_post_is_edited_to_go_out_now(page: Page, failed: Post, channels: dict[str, Channel]) -> None:
    page.goto(f"/w/acme/posts/{failed.id}/edit")
    expect(page.get_by_role("radio", name="Now")).to_have_attribute("aria-checked", "true")
    # It counts only where the post has not gone out yet.
    expect(page.locator("#finish")).to_have_text("Publish now to 1 of 2 channels")
    expect(page.locator("#problems")).not_to_contain_text("passed already")
    page.locator(f'label.chip:has(input[value="{channels["practice"].id}"])').click()
    expect(page.locator("#finish")).to_have_text("Save the changes")
    expect(page.get_by_role("radiogroup", name="When")).to_be_hidden()
    expect(page.locator("#when-words")).to_have_text("This post has gone out.")
    page.get_by_label("Text", exact=True).fill("Fixed")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    expect(page.locator("#flashes")).to_contain_text("Saved. What stands on a network stays as it is")


def test_a_post_of_tomorrow_keeps_its_time(page: Page, failed: Post, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        Post.objects.update(due_at=clock.now() + timedelta(days=1))
        PostDelivery.objects.update(state=State.SCHEDULED, remote_id="", due_at=clock.now() + timedelta(days=1))
    page.goto(f"/w/acme/posts/{failed.id}/edit")
    expect(page.get_by_role("radio", name="At a time")).to_have_attribute("aria-checked", "true")
    expect(page.locator("#finish")).to_have_text("Save and keep it scheduled")
