"""The components of the living page in a real browser: by keys alone, with axe-core, in both themes, on a phone.

`SCREENSHOTS` names a folder for pictures; without it none are kept.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kaja.content.models import Label
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.browser.axe import list_violations
from tests.browser.looking import WIDER

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SCREENSHOTS", "")


@pytest.fixture
def ui(page: Page, monkeypatch: pytest.MonkeyPatch) -> Page:
    monkeypatch.setenv("KAJA_UI_PAGE", "1")
    page.goto("/ui")
    page.evaluate("document.activeElement.blur()")  # the first field of the form that is wrong has the focus
    return page


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('[data-item]')?.dataset.item ?? ''"))


def rows(page: Page, name: str) -> Any:
    return page.locator(f"#{name} [data-item]")


def test_list_is_walked_selected_and_opened_by_keys(ui: Page) -> None:
    for key, item in (("j", "a"), ("j", "b"), ("j", "c"), ("k", "b")):
        ui.keyboard.press(key)
        assert focused(ui) == item
    bar = ui.locator("#ui-list-bulk")
    expect(bar).to_be_hidden()
    ui.keyboard.press("x")
    expect(bar.locator(".bulk-count")).to_have_text("1 selected")
    ui.keyboard.press("j")
    ui.keyboard.press("Shift+X")
    expect(bar.locator(".bulk-count")).to_have_text("2 selected")
    expect(ui.locator("#ui-list .selected")).to_have_count(2)
    assert ui.locator("#ui-list [data-select-all]").evaluate("box => box.indeterminate")
    # The row that cannot be selected is passed over.
    ui.keyboard.press("j")
    assert focused(ui) == "d"
    ui.keyboard.press("x")
    expect(bar.locator(".bulk-count")).to_have_text("2 selected")
    ui.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    ui.locator("#ui-list [data-select-all]").check()
    expect(bar.locator(".bulk-count")).to_have_text("3 selected")
    bar.locator("[data-bulk-clear]").click()
    expect(bar).to_be_hidden()
    ui.keyboard.press("k")
    assert focused(ui) == "d"  # where the keys were last
    ui.keyboard.press("k")
    ui.keyboard.press("Enter")
    assert ui.url.endswith("#ui-c")


def test_boxes_select_a_stretch_with_shift(ui: Page) -> None:
    boxes = ui.locator("#ui-list .list-box")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(ui.locator("#ui-list .selected")).to_have_count(3)
    boxes.nth(1).click()
    expect(boxes.nth(1)).not_to_be_checked()
    expect(ui.locator("#ui-list-bulk .bulk-count")).to_have_text("2 selected")


def test_menus_and_dialogs_open_by_keys_and_give_the_focus_back(ui: Page) -> None:
    opener = ui.locator("[data-open-dialog]")
    opener.focus()
    ui.keyboard.press("Enter")
    expect(ui.locator("#ui-dialog")).to_be_visible()
    assert ui.evaluate("document.activeElement.closest('dialog')?.id") == "ui-dialog"
    ui.keyboard.press("Escape")
    expect(ui.locator("#ui-dialog")).to_be_hidden()
    expect(opener).to_be_focused()

    opener = ui.locator("[data-ui-popup]")
    opener.focus()
    ui.keyboard.press("Enter")
    expect(opener).to_have_attribute("aria-expanded", "true")
    lines = ui.locator("#ui-popup [role=menuitem]")
    expect(lines.nth(0)).to_be_focused()
    for key, line in (("ArrowDown", 1), ("End", 2), ("ArrowDown", 0), ("ArrowUp", 2), ("Home", 0)):
        ui.keyboard.press(key)
        expect(lines.nth(line)).to_be_focused()
    ui.keyboard.press("Escape")
    expect(ui.locator("#ui-popup")).to_be_hidden()
    expect(opener).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "false")

    summary = ui.locator("summary", has_text="More").first
    summary.focus()
    ui.keyboard.press("Enter")
    ui.keyboard.press("ArrowDown")
    expect(ui.locator("details[open] .menu-item").first).to_be_focused()
    ui.keyboard.press("Escape")
    expect(summary).to_be_focused()


EVERY_STOP = """() => {
  const seen = document.activeElement, style = getComputedStyle(seen);
  const ring = (each) => parseFloat(each.outlineWidth) > 0 && each.outlineStyle !== "none";
  const around = seen.closest(".chip, .field, .date-field, .palette-search, .part");
  return {
    what: seen === document.body ? "" : seen.outerHTML.slice(0, 90),
    ring: ring(style) || style.boxShadow !== "none"
      || Boolean(around && (ring(getComputedStyle(around)) || getComputedStyle(around).boxShadow !== "none")),
  };
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_focus_is_seen_wherever_tab_leads(ui: Page, theme: Any) -> None:
    ui.emulate_media(color_scheme=theme)
    hidden, stops = [], 0
    for _ in range(70):
        ui.keyboard.press("Tab")
        found = ui.evaluate(EVERY_STOP)
        if not found["what"]:
            break
        stops += 1
        if not found["ring"]:
            hidden.append(found["what"])
    assert stops > 40
    assert hidden == []


PAGES = ("calendar/", "calendar/?view=list", "ideas/", "groups/labels/", "groups/campaigns/", "settings/members/",
         "settings/audit/", "posts/new", "posts/bin", "needs-you/", "channels/")  # fmt: skip


def test_focus_is_seen_on_the_pages_of_a_workspace(page: Page, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        Label.objects.create(name="apple")
    hidden = []
    for address in PAGES:
        page.goto(f"/w/acme/{address}")
        stops = 0
        for _ in range(45):
            page.keyboard.press("Tab")
            found = page.evaluate(EVERY_STOP)
            stops += bool(found["what"])  # behind the last one, and before the first, is the page itself
            if not found["ring"] and found["what"]:
                hidden.append(f"{address}: {found['what']}")
        assert stops > 10, address
    assert hidden == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_every_state_is_whole_and_shuts_nobody_out(ui: Page, theme: Any, width: int) -> None:
    ui.emulate_media(color_scheme=theme, reduced_motion="reduce")
    ui.set_viewport_size({"width": width, "height": 900})
    ui.reload()
    assert ui.evaluate(WIDER) == []
    ui.locator("#ui-list .list-box").first.click()
    expect(ui.locator("#ui-list-bulk")).to_be_visible()
    assert list_violations(ui) == []
    if SHOTS:
        ui.screenshot(path=Path(SHOTS) / f"ui-{width}-{theme}.png", full_page=True)


def test_row_keeps_the_focus_when_the_list_is_drawn_anew(page: Page, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        made = [Label.objects.create(name=name) for name in ("apple", "berry", "cherry")]
    page.goto("/w/acme/groups/labels/")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert focused(page) == str(made[1].id)
    redraw = """() => htmx.ajax("GET", location.href, {
      source: document.querySelector("#labels"), target: "#labels", select: "#labels", swap: "outerHTML"})"""
    with workspace_scope(workspace.id):
        Label.objects.create(name="aardvark")
    page.evaluate(redraw)
    expect(rows(page, "labels")).to_have_count(4)
    assert focused(page) == str(made[1].id)
    # Its row has gone: the one that stands there now has the focus.
    with workspace_scope(workspace.id):
        made[1].delete()
    page.evaluate(redraw)
    expect(rows(page, "labels")).to_have_count(3)
    assert focused(page) == str(made[2].id)


def test_long_list_is_paged_through_by_links(page: Page, workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        Label.objects.bulk_create(Label(workspace=workspace, name=f"label {n:03}") for n in range(300))
    page.goto("/w/acme/groups/labels/")
    seen = 0
    for _ in range(6):
        seen += rows(page, "labels").count()
        following = page.locator(".pager [rel=next]")
        if following.count():
            following.click()
            page.wait_for_load_state()
    assert seen == 300
    page.locator(".pager [rel=first]").click()
    expect(rows(page, "labels").first).to_contain_text("label 000")
