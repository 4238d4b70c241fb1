"""The palette tells of posts what is true: how they stand, when, where, and what they look like."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.delivery.models import State
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Workspace
from tests.people import browser
from tests.web.calendar.conftest import make_channel, make_post, soon

pytestmark = pytest.mark.django_db


def find(client: Client, query: str) -> str:
    answer = client.get("/w/acme/find/", {"q": query})
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def hit(html: str, text: str) -> str:
    return next(each for each in html.split("<a ")[1:] if text in each)


@pytest.mark.parametrize(
    ("state", "needs", "word"),
    [
        (State.SCHEDULED, False, "Scheduled"),
        (State.SENT, False, "Sent"),
        (State.FAILED, True, "Needs you"),
        (State.SENDING, False, "Under way"),
    ],
)
def test_post_shows_how_it_stands_and_not_only_how_it_was_planned(
    workspace: Workspace, state: State, needs: bool, word: str
) -> None:
    at = soon()
    post = make_post(workspace, "Rye bread", at, (make_channel(workspace, "Kohvik"),), scheduled=True)
    with workspace_scope(workspace.id):
        fields = {"remote_id": "1"} if state == State.SENT else {}
        PostDelivery.objects.filter(variant__post=post).update(state=state, needs_person=needs, **fields)
    found = hit(find(browser(workspace), "rye"), "Rye bread")
    assert re.findall(r'class="badge[^"]*"><svg.*?</svg>([^<]+)<', found) == [word]
    assert f"{at:%a} {at.day} {at:%b}, 09:00" in found
    assert 'aria-label="Kohvik · Practice"' in found


def test_draft_and_idea_are_called_what_they_are(workspace: Workspace) -> None:
    make_post(workspace, "Rye draft")
    client = browser(workspace)
    client.post("/w/acme/ideas/add", {"text": "Rye idea"})
    html = find(client, "rye")
    assert "Draft" in hit(html, "Rye draft")
    assert "Idea" in hit(html, "Rye idea")


def test_search_is_in_sight_on_every_page(workspace: Workspace) -> None:
    html = browser(workspace).get("/w/acme/needs-you/").content.decode()
    assert html.count("data-open-palette") == 2  # in the rail, and in the head of a phone's page
    assert 'aria-label="Search"' in html


def test_palette_asks_the_same_for_one_post_and_for_six(workspace: Workspace) -> None:
    client, channel = browser(workspace), make_channel(workspace)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            find(client, "rye")
        return len([q for q in found.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    make_post(workspace, "Rye 0", soon(), (channel,), scheduled=True)
    asked()
    one = asked()
    for number in range(1, 6):
        make_post(workspace, f"Rye {number}", soon(), (channel,), scheduled=True)
    assert asked() == one
