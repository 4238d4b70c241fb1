"""The calendar with a real browser: dragging, moving by keys, undoing, selecting, and what it looks like.

`SCREENSHOTS` names a folder for screenshots; without it none are kept.
"""

import os
import re
from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Locator, Page, expect

from kaja.channels.models import Channel, Slot
from kaja.content.actions.groups import save_campaign
from kaja.content.models import Post, PostState
from kaja.delivery.models import State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.media.models import Asset
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import User, Workspace
from tests.people import actor
from tests.web.calendar.conftest import TALLINN, local, make_channel, make_post, reload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("SCREENSHOTS", "")
WORDS = (
    "Открываем летнюю террасу: приходите на завтрак с девяти утра, кофе за счёт заведения",
    "夏季露台開放：早上九點起供應早餐，咖啡由我們請客，歡迎帶朋友一起來",
    "Fresh rye bread every morning, and a long sentence that does not fit on a small card at all",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnungsdiskussion",
    "Short one",
)


def next_week(days: int = 0, hour: int = 9) -> datetime:
    """A day of the week after this one."""
    now = clock.now().astimezone(TALLINN)
    monday = now - timedelta(days=now.weekday()) + timedelta(days=7 + days)
    return monday.replace(hour=hour, minute=0, second=0, microsecond=0)


def visit(page: Page, view: str = "week", day: datetime | None = None, query: str = "") -> None:
    page.goto(f"/w/acme/calendar/?view={view}&date={day or next_week():%Y-%m-%d}{query}")
    expect(page.locator('.cal-card .cal-link[tabindex="0"]').first).to_be_visible()


def card(page: Page, post: Post) -> Locator:
    return page.locator(f"#post-{post.id}")


def cell(page: Page, at: datetime) -> Locator:
    return page.locator(f'.cell[data-at="{at:%Y-%m-%dT%H}:00"]')


def drag(page: Page, which: Locator, to: Locator, part: float = 0.1, *, drop: bool = True) -> None:
    start, goal = which.bounding_box(), to.bounding_box()
    assert start is not None
    assert goal is not None
    page.mouse.move(start["x"] + 20, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 20, steps=3)
    page.mouse.move(goal["x"] + goal["width"] / 2, goal["y"] + goal["height"] * part, steps=6)
    if drop:
        page.mouse.up()


def stands_at(page: Page, post: Post, at: datetime) -> None:
    """On the page and in the database."""
    expect(card(page, post)).to_have_attribute("data-at", f"{at:%Y-%m-%dT%H:%M}")


def test_card_is_dragged_and_comes_back(page: Page, workspace: Workspace, channel: Channel) -> None:
    at, goal = next_week(0), next_week(2, 14)
    post = make_post(workspace, "Drag me", at, (channel,), scheduled=True)
    visit(page)
    drag(page, card(page, post), cell(page, goal), 0.6, drop=False)
    expect(page.locator("#cal-flag strong")).to_contain_text("14:30")
    page.mouse.up()
    stands_at(page, post, goal.replace(minute=30))
    expect(page).to_have_url(re.compile("/calendar/"))
    assert local(reload(workspace, post.id).due_at) == f"{goal:%Y-%m-%d}T14:30"
    with workspace_scope(workspace.id):
        assert local(PostDelivery.objects.get().next_at) == f"{goal:%Y-%m-%d}T14:30"
    page.get_by_role("button", name="Undo").click()
    stands_at(page, post, at)
    assert reload(workspace, post.id).due_at == at
    with workspace_scope(workspace.id):
        assert PostDelivery.objects.get().next_at == at


def test_escape_leaves_a_dragged_card_where_it_was(page: Page, workspace: Workspace) -> None:
    at = next_week(0)
    post = make_post(workspace, "Stay", at)
    visit(page)
    drag(page, card(page, post), cell(page, next_week(3)), drop=False)
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(page.locator(".ghost")).to_have_count(0)
    expect(page.locator("#cal-flag")).to_be_hidden()
    assert reload(workspace, post.id).due_at == at


def test_dragging_says_conflicts_and_refuses_the_past(page: Page, workspace: Workspace, channel: Channel) -> None:
    at = next_week(1)
    make_post(workspace, "Already there", at, (channel,))
    post = make_post(workspace, "Comes", next_week(0, 11), (channel,))
    visit(page)
    drag(page, card(page, post), page.locator(".cal-card", has_text="Already there"), 0.05, drop=False)
    expect(page.locator("#cal-flag")).to_contain_text("Another post is here")
    page.keyboard.press("Escape")
    page.mouse.up()
    gone = clock.now().astimezone(TALLINN) - timedelta(days=8)
    old = make_post(workspace, "Long ago", gone.replace(hour=12, minute=0))
    visit(page, "month", gone)
    drag(page, card(page, old), page.locator(f'.month-day[data-at="{gone - timedelta(days=1):%Y-%m-%d}"]'))
    expect(page.locator("#flashes")).to_contain_text("passed already")
    assert reload(workspace, old.id).due_at == old.due_at


def test_what_is_sent_says_why_it_stays(page: Page, workspace: Workspace, channel: Channel) -> None:
    post = make_post(workspace, "Out", next_week(0), (channel,), scheduled=True)
    with workspace_scope(workspace.id):
        PostDelivery.objects.update(state=State.SENT, remote_id="r")
    visit(page)
    drag(page, card(page, post), cell(page, next_week(2)))
    expect(page.locator("#flashes")).to_contain_text("gone out already")
    assert reload(workspace, post.id).due_at == next_week(0)


def test_keys_move_a_card_and_tell_it(page: Page, workspace: Workspace, channel: Channel) -> None:
    at = next_week(0)
    post = make_post(workspace, "By keys", at, (channel,), scheduled=True)
    other = make_post(workspace, "Neighbour", next_week(1), (channel,))
    visit(page)
    card(page, post).locator(".cal-link").focus()
    page.keyboard.press("ArrowRight")
    expect(card(page, other).locator(".cal-link")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("m")
    expect(page.locator("#calendar-said")).to_contain_text("Arrows choose another time")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#calendar-said")).to_contain_text("Another post is here")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    goal = next_week(1, 10).replace(minute=15)
    expect(page.locator("#calendar-said")).to_contain_text("10:15")
    page.keyboard.press("Enter")
    stands_at(page, post, goal)
    expect(page.locator("#calendar-said")).to_contain_text("Moved to")
    # The focus stays with the card.
    expect(card(page, post).locator(".cal-link")).to_be_focused()
    assert reload(workspace, post.id).due_at == goal
    page.keyboard.press("m")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#calendar-said")).to_contain_text("stays where it was")
    page.get_by_role("button", name="Undo").click()
    stands_at(page, post, at)
    assert reload(workspace, post.id).due_at == at


def test_menu_by_keys_unschedules_and_moves_to_a_slot(page: Page, workspace: Workspace, channel: Channel) -> None:
    post = make_post(workspace, "Menu", next_week(0), (channel,), scheduled=True)
    with workspace_scope(workspace.id):
        Slot.objects.create(channel=channel, weekday=3, time=time(16))
    visit(page)
    card(page, post).locator(".cal-link").focus()
    page.keyboard.press(".")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem", name="Open")).to_be_focused()
    menu.get_by_role("menuitem", name="Unschedule").click()
    expect(card(page, post)).to_have_attribute("data-look", "draft")
    assert reload(workspace, post.id).state == PostState.DRAFT
    card(page, post).locator(".cal-more").click()
    menu.get_by_role("menuitem", name="next free slot").click()
    expect(page.locator("#flashes")).to_contain_text("1 post moved")
    assert local(reload(workspace, post.id).due_at)[11:] == "16:00"


def test_many_are_selected_deleted_and_restored(page: Page, workspace: Workspace, channel: Channel) -> None:
    posts = [make_post(workspace, f"Number {n}", next_week(n), (channel,), scheduled=True) for n in range(3)]
    visit(page)
    card(page, posts[0]).locator(".cal-link").focus()
    page.keyboard.press("x")
    card(page, posts[2]).locator(".cal-link").click(modifiers=["Shift"])
    expect(page.locator("#bulk .bulk-count")).to_have_text("3 selected")
    page.locator("#bulk").get_by_role("button", name="Put into the bin").click()
    expect(page.locator(".cal-card")).to_have_count(0)
    with workspace_scope(workspace.id):
        assert Post.objects.filter(deleted_at__isnull=False).count() == 3
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".cal-card")).to_have_count(3)
    with workspace_scope(workspace.id):
        assert {each.state for each in Post.objects.all()} == {PostState.SCHEDULED}
        assert {each.state for each in PostDelivery.objects.all()} == {State.SCHEDULED}


def test_address_holds_the_view_and_back_works(page: Page, workspace: Workspace, channel: Channel) -> None:
    make_post(workspace, "First", next_week(0), (channel,))
    make_post(workspace, "Second", next_week(1), (make_channel(workspace, "Two"),))
    visit(page)
    page.locator("summary", has_text="Channel").click()
    page.locator(".filters .menu-list a[href*='channel=']", has_text="Acme").click()
    expect(page.locator(".cal-card")).to_have_count(1)
    expect(page).to_have_url(re.compile(f"channel={channel.id}"))
    page.get_by_role("link", name="List").click()
    expect(page).to_have_url(re.compile(rf"view=list.*channel={channel.id}"))
    page.go_back()
    page.go_back()
    expect(page.locator(".cal-card")).to_have_count(2)


def scene(workspace: Workspace, count: int) -> None:
    """A lively fortnight: four states, long words of three scripts, pictures, campaigns, slots."""
    channels = [
        make_channel(workspace, "Кофейня на Ратушной площади", "practice"),
        make_channel(workspace, "Blue Door", "bluesky"),
        make_channel(workspace, "Blue Door Social", "mastodon"),
        make_channel(workspace, "藍門部落格", "wordpress"),
    ]
    User.objects.update(name="Александра Константинопольская")
    with workspace_scope(workspace.id):
        campaign = save_campaign(actor(workspace), "Летняя распродажа 2027", colour="green")
        asset = Asset.objects.create(
            kind="image", file="a", thumbnail="b", filename="a.webp", mime="image/webp", size=1, width=9, height=9,
            sha256="x",
        )  # fmt: skip
        for weekday in range(5):
            for hour in (9, 17):
                Slot.objects.create(channel=channels[weekday % 4], weekday=weekday, time=time(hour))
    for number in range(count):
        at = next_week(number % 7, 8 + number * 5 % 13).replace(minute=number * 15 % 60)
        post = make_post(workspace, WORDS[number % 5], at, tuple(channels[: 1 + number % 4]))
        document = dict(post.document)
        if number % 3 == 0:
            document["parts"] = [{"text": WORDS[number % 5], "media": [{"asset": str(asset.id), "alt": ""}]}]
        state = PostState.SCHEDULED if number % 4 else PostState.DRAFT
        with workspace_scope(workspace.id):
            Post.objects.filter(id=post.id).update(
                document=document, state=state, campaign=campaign if number % 2 else None
            )
            if state == PostState.SCHEDULED:
                plant_deliveries(post.id, at, number)


def plant_deliveries(post_id: UUID, at: datetime, number: int) -> None:
    look = (State.SCHEDULED, State.SENT, State.PROCESSING, State.FAILED)[number // 4 % 4]
    for variant in Post.objects.get(id=post_id).variants.all():
        PostDelivery.objects.create(
            variant=variant, channel_id=variant.channel_id, due_at=at, state=look, remote_id="r",
            needs_person=look == State.FAILED,
        )  # fmt: skip


@pytest.mark.parametrize("count", [0, 3, 60])
def test_nothing_sticks_out(page: Page, workspace: Workspace, count: int) -> None:
    scene(workspace, count)
    shapes = [(1440, "light"), (1024, "dark"), (390, "light")]
    for width, theme in shapes:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        for view in ("week", "month", "list"):
            page.goto(f"/w/acme/calendar/?view={view}&date={next_week():%Y-%m-%d}")
            expect(page.locator("#calendar")).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (width, view)
            if SHOTS:
                page.wait_for_timeout(150)
                page.screenshot(path=str(Path(SHOTS) / f"{view}-{count}-{width}-{theme}.png"), full_page=False)


@pytest.mark.parametrize("view", ["week", "month"])
def test_press_on_an_empty_place_writes_a_post_there(
    page: Page, workspace: Workspace, channel: Channel, view: str
) -> None:
    make_post(workspace, "Somewhere else", next_week(0), (channel,))
    visit(page, view)
    at = next_week(3, 14)
    place = cell(page, at) if view == "week" else page.locator(f'.month-day[data-at="{at:%Y-%m-%d}"]')
    place.click(position={"x": 30, "y": 5 if view == "week" else 60})
    page.wait_for_url("**/posts/new?at=*")
    day = page.locator("#field-due_at")
    expect(day).to_have_value(f"{at:%a} {at.day} {at:%b} {at.year}")
    expect(page.locator("#field-due_at-time")).to_have_value("14:00" if view == "week" else "09:00")


def test_press_that_closes_a_menu_writes_nothing(page: Page, workspace: Workspace, channel: Channel) -> None:
    make_post(workspace, "Somewhere else", next_week(0), (channel,))
    visit(page)
    page.locator(".filters summary").first.click()
    expect(page.locator(".filters details[open]")).to_be_visible()
    cell(page, next_week(5, 14)).click(position={"x": 30, "y": 20})
    expect(page.locator(".filters details[open]")).to_have_count(0)
    assert "/calendar/" in page.url


def test_day_that_was_opened_stays_open_when_a_card_in_it_is_moved(
    page: Page, workspace: Workspace, channel: Channel
) -> None:
    posts = [make_post(workspace, f"Number {n}", next_week(2, 9 + n), (channel,), scheduled=True) for n in range(5)]
    visit(page, "month")
    expect(card(page, posts[4])).not_to_be_visible()
    page.get_by_text("2 more posts").click()
    card(page, posts[4]).locator(".cal-link").focus()
    page.keyboard.press("m")
    page.keyboard.press("PageDown")
    page.keyboard.press("Enter")
    stands_at(page, posts[4], next_week(2, 14))
    expect(card(page, posts[4]).locator(".cal-link")).to_be_focused()
