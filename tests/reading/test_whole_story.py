"""A month of history and a live story, late and with lost answers: the inbox holds exactly what was said."""

from functools import partial
from typing import Any

import pytest

from kaja.channels.models import Channel
from kaja.inbox.models import Conversation, Message
from kaja.kernel.tenancy import workspace_scope
from kaja.reading.actions import wake_polls
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer
from tests.publishing.delivering import connect_practice
from tests.reading.reading import running_reader
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
LISTS = ("comments", "mentions", "messages", "reviews")
Said = dict[str, tuple[str, str, str, str]]


def read_everything(practice: PracticeServer, token: str) -> Said:
    """By id: who, the words, how it stands, and its branch; as the network has it now."""
    said: Said = {}
    for name in LISTS:
        after = 0
        while page := practice.read(token, name, after):
            for item in page:
                state = {"there": "there", "pending": "pending", "hidden": "hidden"}.get(item["state"], "deleted")
                who = "out" if item["by_account"] else "in"
                said[item["id"]] = (who, "" if state == "deleted" else item["text"], state, item["thread"])
            after = page[-1]["revision"]
    return said


def read_inbox(workspace: Workspace) -> Said:
    with workspace_scope(workspace.id):
        rows = Message.objects.select_related("conversation").exclude(remote_id="")
        return {
            row.remote_id: (
                row.direction,
                "" if row.state == "deleted" else row.text,
                str(row.state),
                row.conversation.thread,
            )
            for row in rows
        }


def is_same(practice: PracticeServer, workspace: Workspace, channel: Channel, token: str) -> bool:
    # As a hook would: whoever is told looks again, whatever pause the failures have led to.
    with workspace_scope(workspace.id):
        wake_polls(channel.id)
    return read_inbox(workspace) == read_everything(practice, token)


def test_the_inbox_holds_what_was_said(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    token = practice.account("bakery")
    past = {"account": "bakery", "days": 30, "count": 250, "seed": 3}
    assert practice.call("POST", "/admin/audience/history", past).status == 201
    reading: dict[str, Any] = {"on": ["read"], "probability": 0.2}
    late: dict[str, Any] = {"on": ["audience"], "probability": 0.5, "seconds": 1}
    practice.set_faults(seed=5, drop_after=reading, error_before=reading, late_listing=late)
    practice.set_mood("storm", seed=3, per_minute=0, minutes=0)
    with running_reader():
        for _ in range(10):
            practice.call("POST", "/admin/audience/step", {"account": "bakery", "count": 15})
            with workspace_scope(workspace.id):
                wake_polls(channel.id)
        practice.set_faults()
        # What is listed late comes on both sides.
        wait_until(partial(is_same, practice, workspace, channel, token), seconds=180)
    wanted = read_inbox(workspace)
    assert len(wanted) > 350
    assert {each[0] for each in wanted.values()} == {"in", "out"}
    assert {"deleted", "there", "pending"} <= {each[2] for each in wanted.values()}
    with workspace_scope(workspace.id):
        kinds = set(Conversation.objects.values_list("kind", flat=True))
    assert kinds == {"comments", "mention", "direct", "review"}
