"""The composer with a real browser, by mouse and clipboard: pasting, dropping, dragging, cropping, going back."""

import base64
import re
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Locator, Page, expect

from kaja.channels.models import Channel
from kaja.content.models import Post, PostState
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.web.composer.windows import choose, picture, saved

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

T = TypeVar("T")
# What a browser hands to a page when a person pastes a picture or lets files go over it.
HAND_OVER = """([kind, files]) => {
    const data = new DataTransfer();
    for (const [name, bytes] of files) {
        const content = Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
        data.items.add(new File([content], name, { type: "image/jpeg" }));
    }
    const target = document.querySelector(".part-text");
    const common = { bubbles: true, cancelable: true };
    if (kind === "paste") return target.dispatchEvent(new ClipboardEvent("paste", { ...common, clipboardData: data }));
    target.dispatchEvent(new DragEvent("dragover", { ...common, dataTransfer: data }));
    const seen = document.querySelector(".part-dropping") !== null;
    target.dispatchEvent(new DragEvent("drop", { ...common, dataTransfer: data }));
    return seen;
}"""


def the_post(workspace: Workspace) -> Post:
    with workspace_scope(workspace.id):
        return Post.objects.get()


def media_of(workspace: Workspace) -> list[dict[str, Any]]:
    return list(the_post(workspace).document["parts"][0]["media"])


def until(page: Page, look: Callable[[], T], good: Callable[[T], bool]) -> T:
    """What is kept, once the page has saved by itself."""
    for _ in range(100):
        if good(found := look()):
            return found
        page.wait_for_timeout(150)
    raise AssertionError(found)


def hand_over(page: Page, kind: str, *numbers: int) -> Any:
    files = [[f"{kind}-{n}.jpg", base64.b64encode(picture(n)).decode()] for n in numbers]
    return page.evaluate(HAND_OVER, [kind, files])


def pictures(page: Page) -> Locator:
    return page.locator(".strip-picture")


def names(page: Page) -> list[str]:
    return [str(each.get_attribute("aria-label")).partition(":")[0] for each in pictures(page).all()]


def begin(page: Page, channel: Channel, text: str = "Pictures") -> None:
    page.goto("/w/acme/posts/new")
    choose(page, channel)
    page.get_by_label("Text", exact=True).fill(text)


def test_pictures_are_pasted_dropped_and_dragged_into_another_order(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    begin(page, channels["bluesky"])
    untouched = hand_over(page, "paste", 0)
    assert not untouched, "a pasted picture must not also be pasted as text"
    expect(pictures(page)).to_have_count(1)
    assert hand_over(page, "drop", 1, 2), "the place where files would land is shown"
    expect(pictures(page)).to_have_count(3)
    assert names(page) == ["paste-0.jpg", "drop-1.jpg", "drop-2.jpg"]
    items = page.locator(".strip-item")
    items.nth(2).drag_to(items.nth(0))
    expect(page.locator("#composer-said")).to_have_text("drop-2.jpg is now number 1 of 3.")
    assert names(page) == ["drop-2.jpg", "paste-0.jpg", "drop-1.jpg"]
    saved(page)
    shown = [each.get_attribute("src") for each in page.locator(".p-bluesky .p-tile img").all()]
    assert [item["asset"] in str(address) for item, address in zip(media_of(workspace), shown, strict=True)] == [
        True
    ] * 3


def test_a_crop_is_drawn_with_the_mouse_and_taken_back(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    begin(page, channels["bluesky"])
    hand_over(page, "paste", 0)
    expect(pictures(page)).to_have_count(1)
    page.locator('[data-do="crop"]').click()
    stage, handle = page.locator(".crop-stage").bounding_box(), page.locator(".crop-handle").bounding_box()
    assert stage is not None
    assert handle is not None
    at = (handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2)
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] - stage["width"] / 2, at[1] - stage["height"] / 4, steps=4)
    page.mouse.up()
    page.mouse.move(stage["x"] + 20, stage["y"] + 20)
    page.mouse.down()
    page.mouse.move(stage["x"] + 20 + stage["width"] / 4, stage["y"] + 20 + stage["height"] / 8, steps=4)
    page.mouse.up()
    width, height = map(int, re.findall(r"\d+", page.locator("#crop-size").inner_text()))
    assert [width, height] == pytest.approx([450, 450], abs=12)  # of 900 x 600
    page.get_by_role("button", name="Crop", exact=True).last.click()
    expect(page.locator('.p-tile img[src*="crop="]')).to_have_count(1)
    saved(page)
    [item] = until(page, lambda: media_of(workspace), lambda media: bool(media and media[0]["crop"]))
    assert item["crop"]["x"] == pytest.approx(0.25, abs=0.02)
    assert item["crop"]["y"] == pytest.approx(0.125, abs=0.02)
    # What is shown is what will be sent: the file itself has that size.
    size = page.evaluate(
        """async (address) => {
            const image = new Image();
            image.src = address;
            await image.decode();
            return [image.naturalWidth, image.naturalHeight];
        }""",
        page.locator('.p-tile img[src*="crop="]').get_attribute("src"),
    )
    assert size == [pytest.approx(width, abs=2), pytest.approx(height, abs=2)]
    # In the strip the part fills the square; the browser itself cuts it out of the small picture.
    box, image = page.locator(".strip-picture").bounding_box(), page.locator(".strip-picture img").bounding_box()
    assert box is not None
    assert image is not None
    assert (box["x"] - image["x"]) / image["width"] == pytest.approx(item["crop"]["x"], abs=0.02)
    assert (box["y"] - image["y"]) / image["height"] == pytest.approx(item["crop"]["y"], abs=0.02)
    assert box["width"] / image["width"] == pytest.approx(item["crop"]["width"], abs=0.02)
    assert image["width"] / image["height"] == pytest.approx(1.5, abs=0.02)
    page.locator('[data-do="crop"]').click()
    page.locator('#crop-dialog button[value="whole"]').click()
    expect(page.locator('.p-tile img[src*="crop="]')).to_have_count(0)


def test_a_first_comment_is_shown_and_kept_with_an_idea(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    begin(page, channels["practice"], "Fresh bread")
    page.get_by_text("First comment, language").click()
    page.get_by_label("First comment").fill("The recipe is in the first comment")
    expect(page.locator(".p-practice")).to_contain_text("The recipe is in the first comment")
    page.get_by_role("button", name="Keep as an idea").click()
    page.wait_for_url("**/ideas/**")
    post = the_post(workspace)
    assert (post.state, post.document["first_comment"]) == (PostState.IDEA, "The recipe is in the first comment")
    expect(page.locator('[data-column="idea"] .idea-text')).to_have_text(["Fresh bread"])


def test_an_earlier_version_is_looked_at_and_brought_back(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    begin(page, channels["practice"], "The first words")
    saved(page)
    with workspace_scope(workspace.id):
        # Autosaves of one sitting are one version; yesterday's is another.
        post = Post.objects.get()
        post.revisions.update(updated_at="2026-01-01T00:00:00Z", created_at="2026-01-01T00:00:00Z")
    page.goto(f"/w/acme/posts/{post.id}/edit")
    page.get_by_label("Text", exact=True).fill("The second words")
    until(page, lambda: the_post(workspace).summary, lambda summary: summary == "The second words")
    page.get_by_role("button", name="History").click()
    history = page.locator("#history-body")
    expect(history.locator("del")).to_have_text(["first"])
    expect(history.locator("ins")).to_have_text(["second"])
    history.get_by_role("button", name="Bring back").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("The first words")
    assert the_post(workspace).summary == "The first words"
