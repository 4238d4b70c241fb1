"""The field for days and times: typed, walked through by keys, with free slots, and as forms send it."""

from datetime import time, timedelta

import pytest
from django.test import Client
from playwright.sync_api import Page, Route, expect

from kaja.channels.models import Channel, Slot
from kaja.content.models import Campaign
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.people import browser
from tests.web.calendar.conftest import TALLINN, make_channel, make_post, soon

PARSE = """async ([texts, order]) => {
  const source = document.querySelector('script[src*="js/app"]').src.replace(/app[^/]*$/, "dates/write.js");
  const { parseDay } = await import(source);
  const facts = { ...JSON.parse(document.querySelector("kaja-date").dataset.facts), order, today: "2026-11-29" };
  return texts.map((text) => parseDay(text, facts));
}"""
TIMES = """async (texts) => {
  const source = document.querySelector('script[src*="js/app"]').src.replace(/app[^/]*$/, "dates/write.js");
  return texts.map((await import(source)).parseTime);
}"""

browsed = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def add_slots(workspace: Workspace, channel: Channel, *times: time) -> None:
    with workspace_scope(workspace.id):
        for day in range(7):
            for at in times:
                Slot.objects.create(channel=channel, weekday=day, time=at)


@pytest.mark.django_db
class TestFreeSlots:
    def ask(self, workspace: Workspace, query: str) -> list[dict[str, str]]:
        answer = browser(workspace).get(f"/w/acme/calendar/free?{query}")
        assert answer.status_code == 200
        found: list[dict[str, str]] = answer.json()["free"]
        return found

    def test_free_slots_of_a_day_name_their_channels(self, workspace: Workspace) -> None:
        first, second = make_channel(workspace, "Zebra"), make_channel(workspace, "Alpha")
        add_slots(workspace, second, time(9))
        add_slots(workspace, first, time(9), time(15))
        make_post(workspace, "Taken", soon(hour=15), (first,), scheduled=True)
        day = f"day={soon():%Y-%m-%d}"
        assert self.ask(workspace, day) == [{"at": "09:00", "words": "Zebra, Alpha"}]
        assert self.ask(workspace, f"{day}&channel={second.id}") == [{"at": "09:00", "words": "Alpha"}]

    def test_what_has_passed_is_not_free_and_nonsense_finds_nothing(self, workspace: Workspace) -> None:
        add_slots(workspace, make_channel(workspace), time(9))
        assert self.ask(workspace, "day=2020-01-01") == []
        assert self.ask(workspace, "day=yesterday&channel=x") == []


@pytest.mark.django_db
def test_field_without_scripts_sends_its_plain_value(workspace: Workspace) -> None:
    client: Client = browser(workspace)
    with workspace_scope(workspace.id):
        campaign = Campaign.objects.create(name="Spring", starts_on="2027-03-01")
    page = client.get(f"/w/acme/groups/campaigns/{campaign.id}").content.decode()
    field = page.split('id="id_starts_on"')[1].split(">")[0]
    assert 'name="starts_on" value="2027-03-01"' in " ".join(field.split())
    assert 'type="date"' not in page


@pytest.fixture
def dialog(page: Page, workspace: Workspace) -> Page:
    """The calendar with the dialog that moves a card to a time."""
    channel = make_channel(workspace)
    add_slots(workspace, channel, time(9), time(15))
    post = make_post(workspace, "Move me", soon(2, 11), (channel,), scheduled=True)
    page.goto(f"/w/acme/calendar/?view=month&date={soon(2):%Y-%m-%d}")
    card = page.locator(f"#post-{post.id}")
    card.locator(".cal-link").focus()
    page.keyboard.press(".")
    page.get_by_role("menuitem", name="Move to a time").press("Enter")
    expect(page.locator("#move-at")).to_be_visible()
    return page


GAP = """() => {
  const field = document.querySelector("#move-at").getBoundingClientRect();
  const month = document.querySelector(".date-popover:popover-open").getBoundingClientRect();
  return {top: field.top, below: month.top - field.bottom, above: field.top - month.bottom};
}"""


class TestInTheBrowser:
    pytestmark = browsed

    def test_what_people_type_is_understood(self, dialog: Page) -> None:
        typed = ["27.11.", "1.12", "2026-12-24", "24 dec", "5", "30", "24 December 2027", "31.2.", "never", "1.2.27"]
        assert dialog.evaluate(PARSE, [typed, "dmy"]) == [
            "2027-11-27", "2026-12-01", "2026-12-24", "2026-12-24", "2026-12-05", "2026-11-30", "2027-12-24",
            None, None, "2027-02-01",
        ]  # fmt: skip
        assert dialog.evaluate(PARSE, [["12/24", "12/24/2027", "24/12"], "mdy"]) == ["2026-12-24", "2027-12-24", None]
        assert dialog.evaluate(PARSE, [["12-24", "2027年3月1日"], "ymd"]) == ["2026-12-24", "2027-03-01"]
        times = ["9", "930", "9:30", "9.05", "14", "2 pm", "12am", "24", "9:75", "soon"]
        assert dialog.evaluate(TIMES, times) == [
            "09:00", "09:30", "09:30", "09:05", "14:00", "14:00", "00:00", None, None, None,
        ]  # fmt: skip

    def test_post_is_moved_with_the_keyboard_alone(self, dialog: Page, workspace: Workspace) -> None:
        day = soon(2)
        field = dialog.locator("#move-at")
        expect(field).to_have_value(f"{day:%a} {day.day} {day:%b} {day.year}")
        field.press("ArrowDown")
        expect(dialog.get_by_role("dialog", name="Choose a day")).to_be_visible()
        dialog.keyboard.press("ArrowRight")
        dialog.keyboard.press("PageDown")
        dialog.keyboard.press("PageUp")
        dialog.keyboard.press("Enter")
        expect(field).to_be_focused()
        goal = day + timedelta(days=1)
        expect(field).to_have_value(f"{goal:%a} {goal.day} {goal:%b} {goal.year}")
        at = dialog.get_by_role("combobox", name="Time")
        at.fill("1430")
        at.press("Enter")
        expect(dialog.locator("#flashes")).to_contain_text("14:30")
        expect(dialog.locator(f'.cal-card[data-at="{goal:%Y-%m-%d}T14:30"]')).to_be_visible()

    def test_free_slots_of_the_day_come_first(self, dialog: Page) -> None:
        at = dialog.get_by_role("combobox", name="Time")
        at.press("ArrowDown")
        options = dialog.get_by_role("option")
        expect(options.first).to_have_text("09:00 Acme")
        expect(options.nth(1)).to_have_text("15:00 Acme")
        at.press("ArrowDown")
        at.press("ArrowUp")
        at.press("Escape")
        expect(at).to_have_value("11:00")
        dialog.get_by_role("button", name="Choose a day").click()
        dialog.get_by_role("button", name="15:00, Acme").click()
        expect(at).to_have_value("15:00")

    def test_slots_that_come_late_do_not_open_the_month_again(self, dialog: Page) -> None:
        asked: list[Route] = []
        dialog.route("**/calendar/free*", lambda route: asked.append(route))
        field = dialog.locator("#move-at")
        with dialog.expect_request("**/calendar/free*"):
            field.press("ArrowDown")
        month = dialog.get_by_role("dialog", name="Choose a day")
        expect(month).to_be_visible()
        dialog.keyboard.press("Enter")
        expect(month).to_be_hidden()
        slots = {"free": [{"at": "15:00", "words": "Acme"}]}
        with dialog.expect_response("**/calendar/free*"):
            asked[0].fulfill(json=slots)
        dialog.evaluate("() => new Promise(requestAnimationFrame)")
        expect(month).to_be_hidden()

    def test_the_open_month_stays_beside_its_field_when_what_is_around_grows(self, dialog: Page) -> None:
        field = dialog.locator("#move-at")
        field.press("ArrowDown")
        expect(dialog.get_by_role("button", name="15:00, Acme")).to_be_visible()  # as high as it gets
        before = dialog.evaluate(GAP)
        assert before["below"] >= 0, "otherwise a field that moves down comes no nearer"
        dialog.evaluate("() => { document.querySelector('#move-dialog').style.paddingTop = '300px' }")
        dialog.wait_for_function(f"() => {{ const at = ({GAP})(); return at.top > {before['top']} + 20 }}")
        dialog.wait_for_function(f"() => {{ const at = ({GAP})(); return Math.max(at.below, at.above) >= 0 }}")

    def test_what_is_no_day_is_said_and_not_sent(self, dialog: Page) -> None:
        field = dialog.locator("#move-at")
        field.fill("someday")
        field.press("Tab")
        expect(dialog.get_by_role("alert").filter(has_text="This is not a day.")).to_be_visible()
        expect(field).to_have_attribute("aria-invalid", "true")
        dialog.locator('#move-dialog button[value="move"]').click()
        expect(field).to_be_visible()
        field.fill("24 dec")
        field.press("Tab")
        expect(field).not_to_have_attribute("aria-invalid", "true")

    def test_form_sends_the_day_and_shows_it_in_the_workspaces_format(self, page: Page, workspace: Workspace) -> None:
        with workspace_scope(workspace.id):
            Workspace.objects.filter(id=workspace.id).update(date_style="ymd", week_start="sun")
            campaign = Campaign.objects.create(name="Spring")
        page.goto(f"/w/acme/groups/campaigns/{campaign.id}")
        page.locator("details.disclose > summary", has_text="Settings").click()
        year = clock.now().astimezone(TALLINN).year + 1
        page.get_by_label("Begins").fill(f"{year}-3-1")
        page.get_by_label("Begins").press("Tab")
        expect(page.get_by_label("Begins")).to_have_value(f"{_weekday(year)} {year}-03-01")
        page.locator("[data-open-month]").first.click()
        expect(page.locator("table[role=grid] th").first).to_have_text("Sun")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Save").click()
        expect(page.locator("#flashes")).to_be_visible()
        with workspace_scope(workspace.id):
            campaign.refresh_from_db()
        assert str(campaign.starts_on) == f"{year}-03-01"


def _weekday(year: int) -> str:
    return f"{soon().replace(year=year, month=3, day=1):%a}"
