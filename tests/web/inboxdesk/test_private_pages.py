"""Private replies on the screen: tried before they are switched on, refused in words, with a line for each person."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from kaja.channels.models import Channel
from kaja.inbox.models import Message
from kaja.inbox.privately.models import PrivateReply, PrivateSending
from kaja.inbox.privately.planning import plan_private
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.browser.axe import list_violations
from tests.inbox.privately.saying import PUBLIC, lines, make_private, say, take
from tests.people import add_member, browser
from tests.web.conftest import OpenWindow
from tests.web.test_query_counts import CONTROL

pytestmark = pytest.mark.django_db
PAGE = "/w/acme/inbox/private/"


@pytest.fixture
def person(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def fields(channel: Channel, **more: Any) -> dict[str, Any]:
    return {
        "name": "Prices", "channels": [str(channel.id)], "words": "price*\nцена", "text": "Hello {first_name}: 2 €",
        "public": "Look there\nSent", "pause_least": "60", "pause_most": "300", "daily": "50", **more,
    }  # fmt: skip


def stored(workspace: Workspace) -> list[PrivateReply]:
    with workspace_scope(workspace.id):
        return list(PrivateReply.objects.order_by("name"))


def ask(workspace: Workspace, channel: Channel, *names: str) -> None:
    ids = take(workspace, channel, *(say("The price, please", who, nr) for nr, who in enumerate(names, 1)))
    with workspace_scope(workspace.id):
        plan_private(ids)


def press(html: str) -> str:
    """What the button that switches on would send."""
    found = re.search(r'name="tried" value="([^"]*)"', html)
    return found[1] if found else ""


def test_it_is_tried_then_switched_on_then_off(person: Client, workspace: Workspace, channel: Channel) -> None:
    assert "No private reply yet" in person.get(PAGE).content.decode()
    take(workspace, channel, say("PRICES <b>?</b>"), say("price again", nr=2), say("hello", "ants", 3))
    html = person.post(PAGE + "new", fields(channel), follow=True).content.decode()
    [row] = stored(workspace)
    assert (row.on_since, row.wanted["words"], row.said["public"]) == (None, ["price*", "цена"], ["Look there", "Sent"])
    assert "<strong>1</strong> person" in html
    assert "2 of the last 3 messages ask for it" in html
    assert "PRICES &lt;b&gt;?&lt;/b&gt;" in html
    refused = person.post(f"{PAGE}{row.id}/do", {"do": "on"})
    assert refused.status_code == 422
    assert "was not tried as it is now" in refused.content.decode()
    assert stored(workspace)[0].on_since is None
    person.post(f"{PAGE}{row.id}/do", {"do": "on", "tried": press(html)})
    assert stored(workspace)[0].on_since is not None
    assert "for what is written from then on" in person.get(PAGE).content.decode()
    person.post(f"{PAGE}{row.id}/do", {"do": "off"})
    assert stored(workspace)[0].on_since is None
    person.post(f"{PAGE}{row.id}/do", {"do": "delete"})
    assert stored(workspace) == []


def test_what_is_typed_is_tried_without_being_kept(person: Client, workspace: Workspace, channel: Channel) -> None:
    row = make_private(workspace, channel, on=False)
    take(workspace, channel, say("bread?"))
    answer = person.post(
        f"{PAGE}{row.id}/", fields(channel, words="bread", do="try"), headers={"HX-Request-Type": "partial"}
    )
    html = answer.content.decode()
    assert "<html" not in html
    assert "<strong>1</strong> person" in html
    assert not press(html)
    assert stored(workspace)[0].wanted["words"] == ["price*"]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"channels": []}, "channels", "for no post"),
        ({"words": ""}, "words", "for every comment"),
        ({"pattern": "(a"}, "pattern", "missing )"),
        ({"text": ""}, "text", "This field is required"),
        ({"public": "One"}, "public", "again and again"),
        ({"public": "x" * 4000 + "\nOne"}, "public", "Shorten it by"),
        ({"pause_most": "5"}, "pause_most", "shorter than the shortest"),
        ({"daily": "0"}, "daily", "greater than or equal to 1"),
    ],
)
def test_what_is_none_is_refused_in_words_and_nothing_is_lost(
    person: Client, workspace: Workspace, channel: Channel, change: dict[str, Any], field: str, words: str
) -> None:
    for do in ("try", "save"):
        answer = person.post(PAGE + "new", fields(channel, **change, do=do))
        html = answer.content.decode()
        assert answer.status_code == 422
        assert words in html[html.index(f'id="id_{field}_error"') :][:700]
        assert 'value="Prices"' in html
    assert stored(workspace) == []


def test_the_form_says_which_channels_have_none(person: Client, workspace: Workspace, channel: Channel) -> None:
    with workspace_scope(workspace.id):
        other = Channel.objects.create(network="bluesky", account_id="2", name="Sky shop")
    html = person.get(PAGE + "new").content.decode()
    assert f'value="{channel.id}"' in html
    assert f'value="{other.id}"' not in html
    place = html.index("their networks give an app no private reply")
    assert "Sky shop" in html[place:][:400]
    assert person.post(PAGE + "new", fields(other)).status_code == 422
    assert stored(workspace) == []


def test_each_person_has_a_line_and_what_waits_is_stopped(
    person: Client, workspace: Workspace, channel: Channel
) -> None:
    assert "Nobody has asked for one yet" in person.get(PAGE + "log/").content.decode()
    row = make_private(workspace, channel, limits={"pause_least": 600, "pause_most": 600})
    ask(workspace, channel, "ann", "ben", "cat")
    html = person.get(PAGE + "log/").content.decode()
    assert html.count("Do not send") == 3
    assert "Hello Ann, the prices" in html
    with workspace_scope(workspace.id):
        first = PrivateSending.objects.get(handle__remote_id="ann")
    html = person.post(PAGE + "log/stop", {"sending": str(first.id)}, follow=True).content.decode()
    assert "Somebody stopped it before it was sent." in html
    assert html.count("Do not send") == 2
    html = person.post(PAGE + "log/stop", {"reply": str(row.id)}, follow=True).content.decode()
    assert "2 are not sent." in html
    assert "Do not send" not in html
    assert {state for _, state, _ in lines(workspace)} == {"stopped"}
    waiting = person.get(f"{PAGE}log/?reply={row.id}&state=waiting").content.decode()
    assert "There is nobody like that." in waiting


def test_who_only_looks_sees_and_changes_nothing(workspace: Workspace, channel: Channel) -> None:
    row = make_private(workspace, channel)
    ask(workspace, channel, "ann")
    add_member(workspace, "eve@acme.test", Role.ANALYST)
    eve = browser(workspace, "eve@acme.test")
    assert "Switch off" not in eve.get(PAGE).content.decode()
    assert "Do not send" not in eve.get(PAGE + "log/").content.decode()
    assert eve.get(f"{PAGE}{row.id}/").status_code == 200
    with workspace_scope(workspace.id):
        sending = PrivateSending.objects.get()
    for path, given in (
        ("new", fields(channel)),
        (f"{row.id}/", fields(channel)),
        (f"{row.id}/do", {"do": "off"}),
        ("log/stop", {"sending": str(sending.id)}),
    ):
        assert eve.post(PAGE + path, given).status_code == 403
    assert stored(workspace)[0].on_since is not None
    assert lines(workspace) == [("ann", "waiting", "")]


def test_the_form_asks_as_much_for_many_as_for_one(person: Client, workspace: Workspace, channel: Channel) -> None:
    row = make_private(workspace, channel)
    asked = []
    for many in (1, 12):
        ask(workspace, channel, *(f"p{nr}" for nr in range(many)))
        person.get(f"{PAGE}{row.id}/")
        with CaptureQueriesContext(connection) as found:
            person.get(f"{PAGE}{row.id}/")
        asked.append(len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)]))
    assert asked == [13, 13]


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_private_reply_is_made_and_stopped_in_a_browser(
    open_window: OpenWindow, workspace: Workspace, channel: Channel, tmp_path: Path
) -> None:
    take(workspace, channel, say("What is the PRICE?", "ann"), say("Price!", "ben", 2))
    client = browser(workspace)
    page = open_window(client)
    page.goto(PAGE)
    page.get_by_role("link", name="New private reply").first.click()
    page.get_by_label("Name").fill("Prices")
    page.get_by_label("Bakery").check()
    page.get_by_label("A comment says one of these").fill("price")
    page.get_by_label("Send this in private").fill("Hello {first_name}, a loaf is 2 €.")
    page.get_by_label("Then say one of these below the comment").fill("\n".join(PUBLIC))
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("#trial .desk-count")).to_contain_text("2 people")
    assert stored(workspace) == []
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#trial")).to_contain_text("Switch it on")
    page.get_by_role("button", name="Switch it on").click()
    expect(page.locator(".badge-done")).to_have_text("On")
    with workspace_scope(workspace.id):
        assert plan_private(list(Message.objects.values_list("id", flat=True))) == 2
    shots = Path(tmp_path)
    for theme in ("light", "dark"):
        for width in (1440, 390):
            there = open_window(client, viewport={"width": width, "height": 900}, color_scheme=theme)
            for name, path in (("list", ""), ("form", f"{stored(workspace)[0].id}/"), ("log", "log/")):
                there.goto(PAGE + path)
                there.screenshot(path=shots / f"{name}-{theme}-{width}.png", full_page=True)
                wide = there.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, (name, theme, width)
                assert list_violations(there) == [], (name, theme, width)
    page.goto(PAGE + "log/")
    page.get_by_role("button", name="Do not send").first.click()
    expect(page.get_by_role("button", name="Do not send")).to_have_count(1)
    assert sorted(state for _, state, _ in lines(workspace)) == ["stopped", "waiting"]
