"""What can be read on the small marks of a card, with a real browser: initials, and labels in the month."""

import pytest
from playwright.sync_api import Page, expect

from kaja.content.actions.groups import save_campaign
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.people import actor
from tests.web.calendar.conftest import make_channel, make_post
from tests.web.calendar.test_in_chromium import card, next_week, visit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Where the initials are drawn (their line is higher than they are: capitals take its middle), and what lies over them.
COVERED = """marks => marks.flatMap(mark => {
  const range = document.createRange();
  range.selectNodeContents(mark.firstChild);
  const line = range.getBoundingClientRect();
  const size = parseFloat(getComputedStyle(mark).fontSize);
  const base = (line.top + line.bottom) / 2 + size * 0.36;
  const letters = { left: line.left, right: line.right, top: base - size * 0.72, bottom: base };
  const others = marks.slice(marks.indexOf(mark) + 1);  // a later one lies above
  return [...document.querySelectorAll(".cal-card .channel-mark > .mark"), ...others].filter(above => {
    const box = above.getBoundingClientRect();
    return box.left < letters.right && box.right > letters.left && box.top < letters.bottom && box.bottom > letters.top;
  }).map(() => mark.title);
})"""


@pytest.mark.parametrize("view", ["week", "month", "list"])
def test_nothing_lies_on_the_initials_of_a_channel(page: Page, workspace: Workspace, view: str) -> None:
    channels = tuple(make_channel(workspace, name) for name in ("Kohvik Aeg", "Wide Moon", "Leib Sai"))
    make_post(workspace, "Fresh rye bread", next_week(1), channels, scheduled=True)
    visit(page, view)
    marks = page.locator(".cal-card .channel-mark")
    expect(marks).to_have_count(3)
    assert marks.all_inner_texts() == ["KA", "WM", "LS"]
    assert marks.evaluate_all(COVERED) == []


@pytest.mark.parametrize("scheduled", [True, False])
@pytest.mark.parametrize(("in_campaign", "shown"), [(False, 2), (True, 1)])
def test_month_shows_the_labels_of_a_post_on_three_channels(
    page: Page, workspace: Workspace, scheduled: bool, in_campaign: bool, shown: int
) -> None:
    channels = tuple(make_channel(workspace, name) for name in ("Kohvik Aeg", "Wide Moon", "Leib Sai"))
    with workspace_scope(workspace.id):
        campaign = save_campaign(actor(workspace), "Spring", colour="teal").id if in_campaign else None
    post = make_post(
        workspace,
        "Fresh rye bread every morning",
        next_week(1),
        channels,
        scheduled=scheduled,
        labels=["bread", "tips", "vegan"],
        campaign=campaign,
    )
    visit(page, "month")
    labels = card(page, post).locator(".cal-label")
    assert [label.get_attribute("title") for label in labels.all()] == ["bread", "tips", "vegan"]
    assert [label.is_visible() for label in labels.all()] == [n < shown for n in range(3)]
    edge = card(page, post).bounding_box()
    assert edge is not None
    for label in labels.all()[:shown]:
        box = label.bounding_box()
        assert box is not None
        # A whole square within the card; half a word would be wider, what is cut off stands outside.
        assert box["width"] == box["height"] == 8
        assert edge["x"] < box["x"] < edge["x"] + edge["width"] - 8
    colours = {label.evaluate("each => getComputedStyle(each).backgroundColor") for label in labels.all()}
    assert len(colours) == 3
    page.set_viewport_size({"width": 1920, "height": 1000})
    room = labels.first.evaluate("each => [each.scrollWidth, each.clientWidth]")
    assert room[0] <= room[1], "where there is room, the name of the first label is whole"
