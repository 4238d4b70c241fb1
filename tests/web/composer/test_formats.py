"""A network with several formats: which fields are shown follows the choice, and a network with one looks as before."""

import re

import pytest
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel
from kaja.content.models import Variant
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.web.composer.conftest import Send, make_channel
from tests.web.composer.windows import saved

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


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2031-01-05T18:00", "2031-01-05T18:00+02:00[Europe/Tallinn]"),
        ("2031-07-05T18:00", "2031-07-05T18:00+03:00[Europe/Tallinn]"),
        ("2031-03-30T03:30", "2031-03-30T04:30+03:00[Europe/Tallinn]"),  # an hour that the clocks skip
        ("2031-10-26T03:30", "2031-10-26T03:30+03:00[Europe/Tallinn]"),  # one that comes twice: the first
        ("2031-01-05T18:00:30Z", "2031-01-05T20:00+02:00[Europe/Tallinn]"),  # an instant, as a program says it
        ("2031-01-05T18:00-05:00[America/Bogota]", "2031-01-05T18:00-05:00[America/Bogota]"),  # kept before a move
        ("2031-02-30T18:00", "2031-02-30T18:00"),  # no moment: what was typed stays, and the check says it
    ],
)
def test_a_day_and_a_time_become_the_instant_that_the_workspaces_clocks_mean(
    send: Send, practice: Channel, workspace: Workspace, given: str, kept: str
) -> None:
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(time_zone="Europe/Tallinn")
    own = {str(practice.id): {"overrides": {}, "options": {"format": "event", "starts_at": given, "title": given}}}
    whole = {"text": "Open evening", "channels": [str(practice.id)], "variants": own, "when": {"mode": "now"}}
    saved = send("save", **whole)
    assert saved.status_code == 200
    with workspace_scope(workspace.id):
        [variant] = Variant.objects.all()
    assert variant.options == {"format": "event", "starts_at": kept, "title": given}, "of another field nothing"
    problems = send("check", **whole).json()["problems"]
    assert ("This is not a day and a time." in problems) == ("[" not in kept)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_time_of_a_network_is_chosen_and_shown_again_by_the_workspaces_clocks(
    page: Page, practice: Channel, workspace: Workspace
) -> None:
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(time_zone="America/New_York")
    page.goto("/w/acme/posts/new")
    page.get_by_label("Text", exact=True).fill("Open evening")
    page.get_by_role("checkbox", name="Acme").check(force=True)
    group = page.locator(f'[data-options="{practice.id}"]')
    group.locator("summary").click()
    group.get_by_label("Format").select_option("event")
    day, time = group.get_by_label("Begins at"), group.get_by_role("combobox", name="Time")
    expect(page.locator("#problems")).to_contain_text("not filled in")
    day.fill("2031-07-05")
    day.press("Enter")
    expect(page.locator("#problems")).to_contain_text("not filled in")  # a day alone is no time
    time.fill("1830")
    time.press("Enter")
    expect(page.locator("#problems")).not_to_contain_text("not filled in")
    saved(page)
    with workspace_scope(workspace.id):
        assert Variant.objects.get().options["starts_at"] == "2031-07-05T18:30-04:00[America/New_York]"
    page.reload()
    page.wait_for_load_state("networkidle")  # the first check draws the fields
    group.locator("summary").click()
    expect(time).to_have_value("18:30")
    shown = group.locator("kaja-option-datetime").evaluate("option => option.value")
    assert shown == "2031-07-05T18:30"


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
