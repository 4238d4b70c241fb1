"""What every page, list and step for many asks the database: the same number for one thing and for many.

The numbers are exact. One that grew is a question that is asked once more on every page; one that shrank is written
down here. Savepoints are not counted, the scope's settings and the session are.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel, Slot
from kaja.content import actions
from kaja.content.actions.groups import create_label, save_campaign
from kaja.content.document import Document, PartDocument
from kaja.content.models import PostState
from kaja.delivery.models import Publication, State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing import actions as publishing
from kaja.publishing.models import PostDelivery, RemoteChange
from kaja.workspaces.actor import make_system_actor
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser

ACTOR = make_system_actor("tests")
CONTROL = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
W = "/w/acme/"


def count(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as found:
        ask()
    return len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)])


class World:
    """So many of everything."""

    def __init__(self, workspace: Workspace, many: int) -> None:
        self.client = browser(workspace)
        self.client.get(W + "needs-you/")  # what a session writes once
        due = clock.now() + timedelta(days=2)
        # On an empty page the calendar asks one thing more; in which week or month the posts are depends on today.
        self.day = due.astimezone(ZoneInfo(workspace.time_zone)).date()
        with workspace_scope(workspace.id):
            self.channels = [
                Channel.objects.create(network="practice", account_id=f"c{n}", name=f"Channel {n}") for n in range(many)
            ]
            for channel in self.channels:
                for day in range(7):
                    Slot.objects.create(channel=channel, weekday=day, time=f"{9 + day}:00")
            self.campaign = save_campaign(ACTOR, "Launch").id
            self.labels = [create_label(ACTOR, f"label {n}").name for n in range(many)]
            ids = [channel.id for channel in self.channels]
            parts = tuple(PartDocument(text=f"part {n} #tag") for n in range(many))
            self.thread = actions.create_post(ACTOR, Document(parts=parts), ids, labels=self.labels)
            publishing.schedule_post(ACTOR, self.thread, due)
            for row in PostDelivery.objects.filter(position=0):
                row.state, row.remote_id, row.sent_at = State.SENT, str(row.id), clock.now()
                row.save()
                own = {"channel_id": row.channel_id} if hasattr(Publication, "channel") else {}
                made = Publication.objects.create(
                    delivery=row, remote_id=row.remote_id, sent={}, published_at=clock.now(), **own
                )
                RemoteChange.objects.create(publication=made, kind="edit", state="done")
            self.posts = [
                actions.create_post(
                    ACTOR, Document(parts=(PartDocument(text=f"post {n}"),)), ids[:1], labels=self.labels
                )
                for n in range(many)
            ]
            for post in self.posts:
                publishing.schedule_post(ACTOR, post, due)
            for n in range(many):
                actions.create_post(ACTOR, Document(parts=(PartDocument(text=f"idea {n}"),)), state=PostState.IDEA)
                failed = actions.create_post(ACTOR, Document(parts=(PartDocument(text=f"failed {n}"),)), ids[:1])
                publishing.schedule_post(ACTOR, failed, due)
                PostDelivery.objects.filter(variant__post=failed).update(state=State.FAILED, needs_person=True)
                gone = actions.create_post(ACTOR, Document(parts=(PartDocument(text=f"gone {n}"),)), ids[:1])
                actions.delete_post(ACTOR, gone.id)
        for n in range(many):
            add_member(workspace, f"member{n}@acme.test", Role.GUEST)

    def get(self, address: str) -> int:
        def ask() -> None:
            answer = self.client.get(W + address)
            assert answer.status_code == 200, (address, answer.status_code)
            answer.content  # noqa: B018  # read, as a browser does

        ask()  # what is remembered between pages
        return count(ask)

    def post(self, address: str, body: dict[str, Any]) -> int:
        def ask() -> None:
            answer = self.client.post(W + address, json.dumps(body), content_type="application/json")
            assert answer.status_code == 200, (address, answer.content)

        return count(ask)

    def edit(self) -> dict[str, Any]:
        return {
            "post": str(self.thread.id),
            "revision": 1,
            "document": self.thread.document,
            "channels": [str(channel.id) for channel in self.channels],
            "when": {"mode": "now"},
        }

    def bulk(self, do: str, **fields: Any) -> int:
        return self.post("calendar/bulk", {"do": do, "posts": [str(post.id) for post in self.posts], **fields})


PAGES: dict[str, Callable[[World], int]] = {
    "post": lambda w: w.get(f"posts/{w.thread.id}"),
    "history": lambda w: w.get(f"posts/{w.thread.id}/history"),
    "composer": lambda w: w.get(f"posts/{w.posts[0].id}/edit"),
    "new post": lambda w: w.get("posts/new"),
    "check": lambda w: w.post("posts/check", w.edit()),
    "week": lambda w: w.get(f"calendar/?view=week&date={w.day}"),
    "month": lambda w: w.get(f"calendar/?view=month&date={w.day}"),
    "list": lambda w: w.get(f"calendar/?view=list&date={w.day}"),
    "ideas": lambda w: w.get("ideas/"),
    "bin": lambda w: w.get("posts/bin"),
    "campaigns": lambda w: w.get("groups/campaigns/"),
    "campaign": lambda w: w.get(f"groups/campaigns/{w.campaign}"),
    "labels": lambda w: w.get("groups/labels/"),
    "channels": lambda w: w.get("channels/"),
    "channel": lambda w: w.get(f"channels/{w.channels[0].id}/"),
    "needs you": lambda w: w.get("needs-you/"),
    "numbers beside names": lambda w: w.get("counts"),
    "members": lambda w: w.get("settings/members/"),
    "audit": lambda w: w.get("settings/audit/"),
    "palette": lambda w: w.get("find/?q=post"),
}  # fmt: skip
STEPS: dict[str, Callable[[World], int]] = {
    "shift": lambda w: w.bulk("shift", days=1),
    "day": lambda w: w.bulk("day", day=str((clock.now() + timedelta(days=5)).date())),
    "slots": lambda w: w.bulk("slots"),
    "campaign of many": lambda w: w.bulk("campaign", campaign=str(w.campaign)),
    "label": lambda w: w.bulk("label", label="fresh"),
    "unlabel": lambda w: w.bulk("unlabel", label="label 0"),
    "publish": lambda w: w.bulk("publish"),
    "unschedule": lambda w: w.bulk("unschedule"),
    "delete": lambda w: w.bulk("delete"),
}  # fmt: skip
# A page asks at most fifteen, whatever it lists.
EXACT = {
    "post": 15,
    "history": 10,
    "composer": 15,
    "new post": 14,
    "check": 12,
    "week": 11,
    "month": 11,
    "list": 10,
    "ideas": 14,
    "bin": 11,
    "campaigns": 12,
    "campaign": 13,
    "labels": 9,
    "channels": 9,
    "channel": 15,
    "needs you": 12,
    "numbers beside names": 8,
    "members": 10,
    "audit": 10,  # also who there is to filter by
    "palette": 13,
    "shift": 31,
    "day": 31,
    "slots": 34,
    "campaign of many": 17,
    "label": 20,
    "unlabel": 20,
    "publish": 28,
    "unschedule": 22,
    "delete": 20,  # one that needed somebody goes with its post
}


@pytest.fixture(params=[1, 10])
def world(request: pytest.FixtureRequest, workspace: Workspace) -> World:
    return World(workspace, request.param)


def test_pages_ask_the_same_number_for_one_and_for_many(world: World) -> None:
    assert {name: ask(world) for name, ask in PAGES.items()} == {name: EXACT[name] for name in PAGES}


def test_steps_for_many_ask_the_same_number_as_for_one(world: World) -> None:
    got = {name: ask(world) for name, ask in STEPS.items()}
    assert got == {name: EXACT[name] for name in STEPS}
