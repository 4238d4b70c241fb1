"""The weekly times of a channel, on its page."""

import re
from datetime import time
from typing import Any

import pytest
from django.test import Client

from kaja.channels.models import Channel, Slot
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser
from tests.web.calendar.conftest import make_channel, make_post, soon
from tests.web.test_pages import read


def times(workspace: Workspace, channel: Channel) -> list[tuple[int, time]]:
    with workspace_scope(workspace.id):
        return [(slot.weekday, slot.time) for slot in Slot.objects.filter(channel=channel)]


def change(client: Client, channel: Channel, **form: Any) -> str:
    """One step in the editor; the page that follows."""
    answer = client.post(f"/w/acme/calendar/slots/{channel.id}", form, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == f"/w/acme/channels/{channel.id}/#slots"
    return str(answer.content.decode())


def undo_in(html: str) -> str:
    return html.split("/undo/")[1].split('"')[0]


def test_times_are_added_and_taken_away(person: Client, workspace: Workspace, channel: Channel) -> None:
    html = change(person, channel, day=["0", "4"], time="09:30")
    assert times(workspace, channel) == [(0, time(9, 30)), (4, time(9, 30))]
    assert "2 weekly times added." in html
    assert "Remove Monday 09:30" in html
    assert "Next free slot:" in html
    assert read(html).inline == []
    html = change(person, channel, remove="0 09:30")
    assert times(workspace, channel) == [(4, time(9, 30))]
    person.post(f"/w/acme/undo/{undo_in(html)}")
    assert times(workspace, channel) == [(0, time(9, 30)), (4, time(9, 30))]


@pytest.mark.parametrize(("preset", "count"), [("mornings", 5), ("twice", 10), ("noons", 7), ("three", 3)])
def test_preset_adds_its_times(person: Client, workspace: Workspace, channel: Channel, preset: str, count: int) -> None:
    change(person, channel, day="6", time="23:00")
    change(person, channel, preset=preset)
    assert len(times(workspace, channel)) == count + 1
    assert "exist already" in change(person, channel, preset=preset)
    change(person, channel, clear="1")
    assert times(workspace, channel) == []


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"day": "1", "time": "25:00"}, "is not a time of day"),
        ({"day": "1", "time": ""}, "is not a time of day"),
        ({"time": "09:00"}, "No day is chosen"),
        ({"day": "9", "time": "09:00"}, "seven days"),
        ({"remove": "nonsense"}, "is not a time of day"),
    ],
)
def test_bad_input_changes_nothing_and_is_said(
    person: Client, workspace: Workspace, channel: Channel, form: dict[str, str], words: str
) -> None:
    change(person, channel, day="0", time="08:00")
    assert words in change(person, channel, **form)
    assert times(workspace, channel) == [(0, time(8))]


def test_copy_replaces_the_times_of_others_and_is_undone(
    person: Client, workspace: Workspace, channel: Channel
) -> None:
    other = make_channel(workspace, "Other")
    change(person, other, day="6", time="20:00")
    html = change(person, channel, day="0", time="08:00")
    assert f'value="{other.id}"' in html
    answer = person.post(f"/w/acme/calendar/slots/{channel.id}/copy", {"to": [str(other.id)]}, follow=True)
    assert times(workspace, other) == [(0, time(8))]
    person.post(f"/w/acme/undo/{undo_in(answer.content.decode())}")
    assert times(workspace, other) == [(6, time(20))]


def test_channels_of_another_workspace_are_not_there(
    person: Client, workspace: Workspace, other_workspace: Workspace, channel: Channel
) -> None:
    theirs = make_channel(other_workspace, "Rival")
    assert person.post(f"/w/acme/calendar/slots/{theirs.id}", {"preset": "noons"}).status_code == 404
    copied = person.post(f"/w/acme/calendar/slots/{channel.id}/copy", {"to": [str(theirs.id)]})
    assert copied.status_code == 404
    assert times(other_workspace, theirs) == []


def test_only_those_who_manage_channels_change_them(workspace: Workspace, channel: Channel) -> None:
    add_member(workspace, "writer@acme.test", Role.MARKETER)
    client = browser(workspace, "writer@acme.test")
    assert client.post(f"/w/acme/calendar/slots/{channel.id}", {"preset": "noons"}).status_code == 403
    assert times(workspace, channel) == []
    assert "slots-add" not in client.get(f"/w/acme/channels/{channel.id}/").content.decode()


def test_planned_posts_keep_their_times(person: Client, workspace: Workspace, channel: Channel) -> None:
    at = soon()
    change(person, channel, day=str(at.weekday()), time="09:00")
    post = make_post(workspace, "x", at, (channel,), scheduled=True)
    change(person, channel, clear="1")
    with workspace_scope(workspace.id):
        post.refresh_from_db()
    assert post.due_at == at


def test_week_of_slots_begins_where_the_workspace_begins_it(
    person: Client, workspace: Workspace, channel: Channel
) -> None:
    with workspace_scope(workspace.id):
        Workspace.objects.filter(id=workspace.id).update(week_start="sun")
    html = person.get(f"/w/acme/channels/{channel.id}/").content.decode()
    heads = re.findall(r'<h3 id="slots-(\d)"[^>]*>(\w+)<', html)
    assert heads[0] == ("6", "Sunday")
    assert heads[-1] == ("5", "Saturday")
