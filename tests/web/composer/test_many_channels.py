"""Eight channels at once: what is the same is said once, and nothing is cut off; what a network refused stays said."""

import re
from datetime import time, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from kaja.channels.models import Channel, Slot
from kaja.content.models import Post, PostState
from kaja.content.queries import drafts_of
from kaja.delivery.models import State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.drafts import freeze_draft
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Workspace
from tests.web.composer.conftest import Send, make_channel

EIGHT = [
    ("Bakery", "bluesky", ""),
    ("Café", "bluesky", ""),
    ("Bakery Tallinn", "mastodon", "https://one.test"),
    ("Bakery Tartu", "mastodon", "https://two.test"),
    ("Bakery Narva", "mastodon", "https://three.test"),
    ("Blog", "wordpress", "https://blog.test"),
    ("Practice one", "practice", ""),
    ("Practice two", "practice", ""),
]


@pytest.fixture
def eight(workspace: Workspace) -> list[Channel]:
    return [make_channel(workspace, name, network, base_url=base) for name, network, base in EIGHT]


def ids(channels: list[Channel]) -> list[str]:
    return [str(channel.id) for channel in channels]


def test_equal_previews_are_drawn_once_and_named_all(send: Send, eight: list[Channel]) -> None:
    html = send("check", text="Fresh bread", channels=ids(eight), when={"mode": "now"}).json()["previews"]
    named = re.findall(r'<article class="preview" aria-label="([^"]+)"', html)
    assert named == [
        "Bakery, Café, Bluesky",
        "Bakery Tallinn, Bakery Tartu, Bakery Narva, Mastodon",
        "Blog, WordPress",
        "Practice one, Practice two, Practice",
    ]
    own = {str(eight[1].id): {"overrides": {"parts": [{"text": "Fresh cake", "media": []}]}, "options": {}}}
    answer = send("check", text="Fresh bread", channels=ids(eight), variants=own, when={"mode": "now"}).json()
    assert len(re.findall('<article class="preview"', answer["previews"])) == 5


def test_a_slot_that_is_not_of_all_channels_says_whose_it_is(
    send: Send, workspace: Workspace, eight: list[Channel]
) -> None:
    with workspace_scope(workspace.id):
        for day in range(7):
            Slot.objects.create(channel=eight[0], weekday=day, time=time(9))
    plan = send("check", text="a", channels=ids(eight[:3]), when={"mode": "slot"}).json()["plan"]
    assert plan["note"] == "A slot of Bakery. The post goes out at this time on all 3 channels."
    assert send("check", text="a", channels=ids(eight[:1]), when={"mode": "slot"}).json()["plan"]["note"] == ""
    with workspace_scope(workspace.id):
        for day in range(7):
            Slot.objects.create(channel=eight[1], weekday=day, time=time(9))
    assert send("check", text="a", channels=ids(eight[:2]), when={"mode": "slot"}).json()["plan"]["note"] == ""
    with workspace_scope(workspace.id):
        Channel.objects.filter(id=eight[1].id).update(name="Bakery", network="mastodon", base_url="https://four.test")
    plan = send("check", text="a", channels=ids(eight[:3]), when={"mode": "slot"}).json()["plan"]
    assert plan["note"].startswith("A slot of Bakery (Bluesky), Bakery (Mastodon).")


def refuse(workspace: Workspace, channel: Channel) -> None:
    """The channel's delivery as the engine leaves it behind when the network says no."""
    with workspace_scope(workspace.id):
        delivery = PostDelivery.objects.select_related("variant__post", "variant__channel").get(channel=channel)
        draft = drafts_of([delivery.variant])[delivery.source_id]
        delivery.state, delivery.needs_person, delivery.next_at = State.FAILED, True, None
        delivery.content = freeze_draft(draft, clock.now())[0].render()
        delivery.problem = {
            "code": "refused",
            "message": "The network says: %(why)s",
            "params": {"why": "no rude words"},
        }
        delivery.save()
        PostDelivery.objects.exclude(id=delivery.id).update(state=State.SENT, remote_id="r1", sent_at=clock.now())


def planned(send: Send, channels: list[Channel]) -> dict[str, Any]:
    local = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00")
    when = {"mode": "time", "local": local}
    saved = send("finish?then=publish", text="Damn bread", channels=ids(channels), when=when).json()
    return {"post": saved["post"], "revision": saved["revision"], "channels": ids(channels)}


def test_what_a_network_refused_stands_at_its_channel_until_the_text_changes(
    send: Send, workspace: Workspace, eight: list[Channel]
) -> None:
    edit = planned(send, eight[6:])
    refuse(workspace, eight[6])
    answer = send("check", text="Damn bread", **edit, when={"mode": "now"}).json()
    assert "The network says: no rude words" in answer["problems"]
    assert "Practice one" in answer["problems"]
    assert "No problems found" not in answer["problems"]
    changed = send("check", text="Good bread", **edit, when={"mode": "now"}).json()
    assert "no rude words" not in changed["problems"]
    other = {str(eight[7].id): {"overrides": {"parts": [{"text": "Good bread", "media": []}]}, "options": {}}}
    assert (
        "no rude words"
        in send("check", text="Damn bread", **edit, variants=other, when={"mode": "now"}).json()["problems"]
    )


def test_the_button_says_on_how_many_of_the_channels_it_will_be_sent(
    send: Send, workspace: Workspace, eight: list[Channel]
) -> None:
    edit = planned(send, eight[6:])
    refuse(workspace, eight[6])
    plan = send("check", text="Good bread", **edit, when={"mode": "now"}).json()["plan"]
    assert plan["button"] == "Publish now to 1 of 2 channels"
    assert send("check", text="a", channels=ids(eight[6:]), when={"mode": "now"}).json()["plan"]["button"] == (
        "Publish now to 2 channels"
    )


def test_the_next_post_begins_with_the_same_channels(send: Send, workspace: Workspace, eight: list[Channel]) -> None:
    answer = send("finish?then=publish&next=1", text="One", channels=ids(eight[6:]), when={"mode": "now"}).json()
    query = "&".join(f"channel={each}" for each in ids(eight[6:]))
    assert answer["location"] == f"/w/acme/posts/new?{query}"
    with workspace_scope(workspace.id):
        assert Post.objects.get().state == PostState.SCHEDULED


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_composer_with_eight_channels(page: Page, eight: list[Channel], workspace: Workspace) -> None:
    page.goto("/w/acme/posts/new")
    field = page.get_by_label("Text", exact=True)
    expect(field).to_be_focused()
    page.get_by_role("button", name="All 8").click()
    expect(page.locator('input[name="channel"]:checked')).to_have_count(8)
    field.fill("Fresh bread from six o'clock")
    expect(page.locator(".preview")).to_have_count(4)
    # One counter for every limit, the least room first.
    counters = page.locator(".counter:visible")
    limits = [int(str(each.text_content()).split("/")[1].split()[0]) for each in counters.all()]
    assert len(limits) == len(set(limits))
    assert limits == sorted(limits)
    # Options are in the tab of their channel.
    expect(page.locator("[data-options]:visible")).to_have_count(0)
    page.locator(f'[data-tab="{eight[5].id}"]').click()
    expect(page.locator("[data-options]:visible")).to_have_count(1)
    # No tab is cut off.
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for tab in page.locator(".composer-tabs .tab:visible").all():
            box = tab.bounding_box()
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
    page.get_by_role("button", name="All 8").click()
    expect(page.locator('input[name="channel"]:checked')).to_have_count(0)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_several_posts_are_written_one_after_the_other(page: Page, eight: list[Channel], workspace: Workspace) -> None:
    page.goto(f"/w/acme/posts/new?channel={eight[6].id}")
    page.get_by_label("Text", exact=True).fill("The first")
    page.get_by_role("radio", name="Now").click()
    page.get_by_role("button", name="… and write the next").click()
    expect(page.get_by_text("It is on its way to 1 channel.")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_be_focused()
    expect(page.get_by_label("Text", exact=True)).to_have_value("")
    page.keyboard.type("The second")
    page.get_by_role("radio", name="Now").click()
    expect(page.locator("#finish")).to_have_text("Publish now to 1 channel")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/posts/[0-9a-f-]{36}$"))
    with workspace_scope(workspace.id):
        assert sorted(Post.objects.values_list("summary", flat=True)) == ["The first", "The second"]
