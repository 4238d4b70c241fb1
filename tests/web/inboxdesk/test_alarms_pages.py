"""Alarms on the screen: what came, what is usual, the messages that made it, and who looks after it."""

from datetime import timedelta

import pytest

from kaja.channels.models import Channel
from kaja.inbox.models import Alarm
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.inbox.rules.test_rules import hear
from tests.people import add_member, browser

pytestmark = pytest.mark.django_db
ALARMS = "/w/acme/inbox/alarms/"


@pytest.fixture
def alarm(workspace: Workspace) -> Alarm:
    moment = clock.now()
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id="1", name="Bakery")
        said = [hear(channel, f"Where is my <b>bread {n}</b>?", who=f"p{n}") for n in range(3)]
        return Alarm.objects.create(
            kind="volume", channel=channel, began_at=moment - timedelta(hours=1), last_at=moment, count=43,
            expected=2.25, limit=9, messages=[str(each.id) for each in said],
        )  # fmt: skip


def test_alarm_says_what_came_what_is_usual_and_shows_the_messages(workspace: Workspace, alarm: Alarm) -> None:
    client = browser(workspace)
    html = client.get(ALARMS).content.decode()
    assert "Bakery" in html
    assert "Going on" in html
    html = client.get(f"{ALARMS}{alarm.id}/").content.decode()
    assert "<strong>43</strong>" in html
    assert "<strong>2.3</strong>" in html
    assert "<strong>9</strong>" in html
    assert html.count("Where is my &lt;b&gt;bread") == 3
    with workspace_scope(workspace.id):
        Alarm.objects.update(ended_at=clock.now(), expected=None, limit=None, channel=None)
    html = client.get(f"{ALARMS}{alarm.id}/").content.decode()
    assert "all channels together" in html
    assert "Going on" not in html
    assert html.count("not known") == 2


def test_the_first_who_looks_after_it_stays(workspace: Workspace, alarm: Alarm) -> None:
    add_member(workspace, "liis@acme.test", Role.COMMUNITY_MANAGER, "Liis")
    address = f"{ALARMS}{alarm.id}/"
    html = browser(workspace, "liis@acme.test").post(f"{address}see", follow=True).content.decode()
    assert "You look after it." in html
    assert "Liis looks after it" in html
    html = browser(workspace).post(f"{address}see", follow=True).content.decode()
    assert "Somebody else looks after it already." in html
    assert "Liis looks after it" in html


def test_who_may_not_answer_sees_it_and_takes_nothing_on(workspace: Workspace, alarm: Alarm) -> None:
    add_member(workspace, "analyst@acme.test", Role.ANALYST)
    client = browser(workspace, "analyst@acme.test")
    assert "I look after it" not in client.get(f"{ALARMS}{alarm.id}/").content.decode()
    assert client.post(f"{ALARMS}{alarm.id}/see").status_code == 403


def test_alarm_whose_messages_are_gone_says_so(workspace: Workspace, alarm: Alarm) -> None:
    with workspace_scope(workspace.id):
        Alarm.objects.update(messages=[])
    assert "The messages are gone." in browser(workspace).get(f"{ALARMS}{alarm.id}/").content.decode()
