"""A network with several formats: which fields are shown follows the choice, and a network with one looks as before."""

import re

import pytest
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel
from kaja.content.models import Variant
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.web.composer.conftest import Send, make_channel

BOARDS = {"limits": {"boards": [["1", "Ideas"], ["2", "Recipes"]]}}


@pytest.fixture
def practice(workspace: Workspace) -> Channel:
    return make_channel(workspace, "Acme", facts=BOARDS)


def fields_of(html: str) -> list[str]:
    return re.findall(r'data-option="(\w+)"', html)


def test_the_answer_carries_the_fields_of_the_format(
    send: Send, practice: Channel, channels: dict[str, Channel]
) -> None:
    others = [str(channels[name].id) for name in ("bluesky", "mastodon", "wordpress")]

    def forms(**options: object) -> dict[str, str]:
        own = {str(practice.id): {"overrides": {}, "options": options}}
        told: dict[str, str] = send(
            "check", text="Bread", channels=[str(practice.id), *others], variants=own, when={"mode": "now"}
        ).json()["forms"]
        return told

    plain = forms()
    assert set(plain) == {str(practice.id)}, "the others have one format, and their fields stay as they are"
    assert fields_of(plain[str(practice.id)]) == ["format", "title", "content_warning"]
    pin = forms(format="pin", board="2")[str(practice.id)]
    assert fields_of(pin) == ["format", "title", "content_warning", "board", "link"]
    assert re.search(r'<option value="2" selected[^>]*>\s*Recipes', pin)
    assert "<kaja-option-number" in forms(format="poll")[str(practice.id)]


def test_an_option_of_a_format_is_saved_and_an_unknown_one_refused(
    send: Send, practice: Channel, workspace: Workspace
) -> None:
    own = {str(practice.id): {"overrides": {}, "options": {"format": "poll", "answers": ["Rye", "Wheat"]}}}
    saved = send("save", text="Which?", channels=[str(practice.id)], variants=own, when={"mode": "now"})
    assert saved.status_code == 200
    with workspace_scope(workspace.id):
        assert Variant.objects.get().options == {"format": "poll", "answers": ["Rye", "Wheat"]}
    own[str(practice.id)]["options"] = {"hologram": "yes"}
    refused = send("save", text="Which?", channels=[str(practice.id)], variants=own, when={"mode": "now"})
    assert refused.status_code == 422


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_choosing_a_format_brings_its_fields(page: Page, practice: Channel) -> None:
    page.goto("/w/acme/posts/new")
    page.get_by_label("Text", exact=True).fill("Which bread?")
    page.get_by_role("checkbox", name="Acme").check(force=True)
    group = page.locator(f'[data-options="{practice.id}"]')
    group.locator("summary").click()
    group.get_by_label("Format").focus()
    group.get_by_label("Format").select_option("poll")
    expect(group.get_by_label("Format")).to_be_focused()
    expect(group.get_by_role("textbox", name="Answers")).to_be_visible()
    expect(page.locator("#problems")).to_contain_text("A poll needs two to four answers.")
    group.get_by_role("textbox", name="Answers").fill("Rye, Wheat")
    group.get_by_label("Open for so many hours").fill("12")
    expect(page.locator("#problems")).not_to_contain_text("A poll needs two to four answers.")
    expect(page.locator(".preview .p-format")).to_have_text("Poll")
    # What depends on another field comes with it; what was typed stays.
    group.get_by_label("Format").select_option("story")
    expect(group.get_by_label("The words", exact=True)).to_have_count(0)
    group.get_by_label("Link", exact=True).fill("https://bakery.test/")
    group.get_by_label("Words beside the link").check()
    expect(group.get_by_label("The words", exact=True)).to_be_visible()
    expect(group.get_by_label("Link", exact=True)).to_have_value("https://bakery.test/")
    # A choice without a default is a person's.
    group.get_by_label("Format").select_option("short")
    expect(group.get_by_label("Who sees it")).to_have_value("")
    expect(page.locator("#problems")).to_contain_text("Who may see this has to be chosen.")
