"""The composer with a real browser: typing, channels, pictures, keys, two editors, a server that goes away.

`SCREENSHOTS` names a folder for screenshots; without it none are kept.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, expect

from kaja.channels.models import Channel
from kaja.content import actions
from kaja.content.document import Document, PartDocument
from kaja.content.models import Post, PostState
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Member, Workspace
from kaja.workspaces.queries import actor_of
from tests.web.composer.conftest import sign_in
from tests.web.composer.windows import choose, picture, saved
from tests.web.conftest import OpenWindow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SCREENSHOTS", "")


def shoot(page: Page, name: str) -> None:
    """Nothing sticks out to the side; a picture is kept where one is asked for."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    if SHOTS:
        page.wait_for_timeout(300)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=False)


def accessible(page: Page) -> None:
    """axe finds nothing against WCAG 2.2 A and AA."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}}).response["violations"]
    assert [(each["id"], [node["html"][:160] for node in each["nodes"]]) for each in found] == []


def the_post(workspace: Workspace) -> Post:
    with workspace_scope(workspace.id):
        return Post.objects.get()


def test_writing_checking_and_saving(page: Page, channels: dict[str, Channel], workspace: Workspace) -> None:
    page.goto("/w/acme/posts/new")
    field = page.get_by_label("Text", exact=True)
    field.fill("Fresh rye bread every morning! https://bakery.test #bread")
    choose(page, channels["bluesky"])
    choose(page, channels["mastodon"])
    expect(page.locator(".p-bluesky .p-link")).to_have_text(["https://bakery.test", "#bread"])
    expect(page.locator(".counter")).to_have_count(2)
    saved(page)
    assert "/edit" in page.url
    assert the_post(workspace).summary.startswith("Fresh rye bread")
    page.reload()
    expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile("Fresh rye"))
    expect(page.locator(".preview")).to_have_count(2)


def test_the_button_of_an_empty_post_leads_to_its_text(page: Page, channels: dict[str, Channel]) -> None:
    page.goto("/w/acme/posts/new")
    choose(page, channels["bluesky"])
    button = page.locator("#finish")
    expect(button).to_have_text("Write something first")
    expect(page.locator("#problems .problem")).to_have_count(0)
    button.press("Enter")
    expect(page.get_by_label("Text", exact=True)).to_be_focused()


def test_a_channel_differs_and_is_reset(page: Page, channels: dict[str, Channel], workspace: Workspace) -> None:
    page.goto("/w/acme/posts/new")
    page.get_by_label("Text", exact=True).fill("Common words")
    choose(page, channels["bluesky"])
    choose(page, channels["practice"])
    page.get_by_role("tab", name="Blue Door", exact=False).nth(1).click()
    field = page.get_by_label("Text", exact=True)
    expect(field).to_have_value("Common words")
    field.fill("Own words")
    expect(page.locator(".badge-differs:visible")).to_have_count(1)
    expect(page.locator(".p-text", has_text="Own words")).to_have_count(1)
    expect(page.locator(".p-text", has_text="Common words")).to_have_count(1)
    saved(page)
    page.locator("#reset-variant").click()
    expect(page.locator(".p-text", has_text="Common words")).to_have_count(2)


def test_a_problem_leads_to_its_place(page: Page, channels: dict[str, Channel]) -> None:
    page.goto("/w/acme/posts/new")
    choose(page, channels["wordpress"])
    page.get_by_label("Text", exact=True).fill("An article without a title")
    problem = page.locator(".problem", has_text=re.compile("title", re.I)).first
    problem.click()
    expect(page.locator(f"#option-{channels['wordpress'].id}-title")).to_be_focused()
    page.keyboard.type("A title")
    expect(page.locator(".p-headline")).to_have_text("A title")
    choose(page, channels["bluesky"])
    page.get_by_label("Text", exact=True).fill("much too long " * 30)
    expect(page.locator(".counter-over")).to_have_count(1)
    page.locator(".problem", has_text="Blue Door").first.click()
    expect(page.locator(".part-text")).to_be_focused()


def files(number: int) -> list[FilePayload]:
    return [{"name": f"p{n}.jpg", "mimeType": "image/jpeg", "buffer": picture(n)} for n in range(number)]


def test_pictures_are_added_moved_by_keys_and_described(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    page.goto("/w/acme/posts/new")
    choose(page, channels["bluesky"])
    page.get_by_label("Text", exact=True).fill("Pictures")
    page.locator('input[type="file"]').set_input_files(files(3))
    expect(page.locator(".strip-picture")).to_have_count(3)
    page.locator(".strip-picture").first.focus()
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#composer-said")).to_have_text("p0.jpg is now number 2 of 3.")
    expect(page.locator(".strip-picture").nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("Description (alt text)").fill("A loaf on a table")
    accessible(page)
    page.get_by_role("button", name="Keep the description").click()
    expect(page.locator(".p-alt")).to_have_count(1)
    page.locator(".strip-picture").nth(1).hover()
    page.locator('.strip-item:nth-child(2) [data-do="crop"]').click()
    page.get_by_role("radio", name="1:1").click()
    page.get_by_role("button", name="Crop", exact=True).last.click()
    expect(page.locator('.p-tile img[src*="crop="]')).to_have_count(1)
    saved(page)
    media = the_post(workspace).document["parts"][0]["media"]
    assert [bool(item["crop"]) for item in media] == [False, True, False]
    assert media[1]["alt"] == "A loaf on a table"


def test_a_thread_is_cut_joined_and_moved(page: Page, channels: dict[str, Channel]) -> None:
    page.goto("/w/acme/posts/new")
    choose(page, channels["bluesky"])
    page.get_by_label("Text", exact=True).fill(" ".join(f"word{n}" for n in range(100)))
    page.get_by_role("button", name="Cut into a thread").click()
    expect(page.locator(".part")).to_have_count(3)
    expect(page.locator(".p-bluesky .p-post")).to_have_count(3)
    accessible(page)
    shoot(page, "thread")
    page.locator('.part:nth-child(3) [data-do="join"]').click()
    expect(page.locator(".part")).to_have_count(2)
    first = page.locator(".part-text").first.input_value()
    page.locator(".part-text").first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator(".part-text").nth(1)).to_have_value(first)


def test_two_people_and_the_difference(
    page: Page, open_window: OpenWindow, workspace: Workspace, channels: dict[str, Channel]
) -> None:
    page.goto("/w/acme/posts/new")
    page.get_by_label("Text", exact=True).fill("the quick brown fox")
    saved(page)
    other = open_window(sign_in(workspace, name="Jaan"))
    other.goto(page.url)
    other.get_by_label("Text", exact=True).fill("the slow brown fox")
    saved(other)
    other.wait_for_function("document.querySelector('#save-state').textContent.startsWith('Saved')")
    with workspace_scope(workspace.id):
        assert Post.objects.get().summary == "the slow brown fox"
    page.get_by_label("Text", exact=True).fill("the quick brown dog")
    dialog = page.locator("#conflict-dialog")
    expect(dialog).to_contain_text("Jaan saved this post")
    expect(dialog.locator(".difference-text del")).to_have_text(["slow", "fox"])
    expect(dialog.locator(".difference-text ins")).to_have_text(["quick", "dog"])
    shoot(page, "conflict")
    page.get_by_role("button", name="Keep mine").click()
    saved(page)
    assert the_post(workspace).summary == "the quick brown dog"
    other.context.close()


def test_text_survives_a_server_that_does_not_answer(
    page: Page, channels: dict[str, Channel], workspace: Workspace
) -> None:
    page.goto("/w/acme/posts/new")
    page.get_by_label("Text", exact=True).fill("first words")
    saved(page)
    page.route("**/posts/save", lambda route: route.abort())
    page.get_by_label("Text", exact=True).fill("first words and more")
    expect(page.locator("#save-state")).to_contain_text("kept in this browser")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect(page.locator(".notice", has_text="never saved")).to_be_visible()
    page.unroute("**/posts/save")
    page.get_by_role("button", name="Use it").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("first words and more")
    saved(page)
    assert the_post(workspace).summary == "first words and more"


def test_emoji_and_the_whole_way_by_keys(page: Page, channels: dict[str, Channel], workspace: Workspace) -> None:
    page.goto("/w/acme/posts/new")
    choose(page, channels["practice"])
    page.get_by_label("Text", exact=True).fill("Coffee ")
    page.get_by_role("button", name="Emoji").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("hot beverage")
    page.wait_for_timeout(1000)  # a person looks at what was found before taking it
    page.keyboard.press("Enter")
    expect(page.get_by_label("Text", exact=True)).to_have_value(re.compile("Coffee ☕"))
    page.get_by_role("radio", name="Next free slot").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#finish")).to_have_text("Publish now to 1 channel")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    assert the_post(workspace).state == PostState.SCHEDULED
    expect(page.locator("#post-standing")).to_contain_text("Blue Door Bakery")
    accessible(page)


def test_the_board_moves_cards_by_keys_and_mouse(page: Page, workspace: Workspace) -> None:
    page.goto("/w/acme/ideas/")
    for text in ("third idea", "second idea", "first idea"):
        page.get_by_label("New idea").fill(text)
        page.keyboard.press("Enter")
        page.wait_for_load_state()
    ideas = page.locator('[data-column="idea"] .idea-text')
    expect(ideas).to_have_text(["first idea", "second idea", "third idea"])
    page.wait_for_load_state()  # its words stand there before its scripts hear a key
    ideas.first.focus()
    page.keyboard.press("Alt+ArrowDown")
    expect(page.locator("#board-said")).to_have_text("Moved to Ideas, place 2")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator("#board-said")).to_have_text("Moved to Drafts, place 1")
    with page.expect_response("**/move") as answer:
        page.locator(".idea-card", has_text="third idea").drag_to(page.locator(".idea-card", has_text="first idea"))
    assert answer.value.ok
    accessible(page)
    page.reload()
    expect(page.locator('[data-column="idea"] .idea-text')).to_have_text(["second idea"])
    expect(page.locator('[data-column="draft"] .idea-text')).to_have_count(2)


LONG = {
    "en": "Fresh rye bread every morning from seven, and coffee from next door. https://bakery.test #bread",
    "ru": "Свежий ржаной хлеб каждое утро с семи часов, а кофе обжаривают у соседей за углом. Заходите! #хлеб",
    "zh-hant": "每天早上七點現烤的黑麥麵包，搭配隔壁烘焙坊的咖啡。歡迎光臨藍門麵包店！ #麵包",
}


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (1024, "dark"), (390, "light"), (390, "dark")])
def test_nothing_is_wider_than_the_screen(
    open_window: OpenWindow, workspace: Workspace, channels: dict[str, Channel], width: int, theme: Any
) -> None:
    person = sign_in(workspace, name="Mari")
    page = open_window(person, viewport={"width": width, "height": 900}, color_scheme=theme)
    for language, words in LONG.items():
        page.goto("/w/acme/posts/new")
        if language == "en":
            shoot(page, f"empty-{width}-{theme}")
        page.get_by_label("Text", exact=True).fill(words)
        for each in channels.values():
            choose(page, each)
        page.locator('input[type="file"]').first.set_input_files(files(3))
        expect(page.locator(".strip-picture")).to_have_count(3)
        saved(page)
        shoot(page, f"composer-{language}-{width}-{theme}")
    if SHOTS:
        page.screenshot(path=str(Path(SHOTS) / f"whole-{width}-{theme}.png"), full_page=True)
    with workspace_scope(workspace.id):
        member = Member.objects.select_related("user").filter(user__name="Mari").get()
        actor = actor_of(member, member.user)
        for n in range(12):
            actions.create_post(actor, Document(parts=(PartDocument(text=LONG["ru"] + str(n)),)), state="idea")
        post = Post.objects.filter(state="draft").order_by("id").first()
        assert post is not None
        actions.update_post(actor, post.id, None, {"document": Document(parts=(PartDocument(text="Stale bread"),))})
    page.goto("/w/acme/ideas/")
    shoot(page, f"ideas-{width}-{theme}")
    page.goto(f"/w/acme/posts/{post.id}")
    page.locator(".timeline-differences summary").first.click()
    shoot(page, f"post-{width}-{theme}")
