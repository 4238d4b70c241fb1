"""The ideas board."""

import json
from typing import Any

import pytest
from django.test import Client

from kaja.content.models import Post, PostState
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.web.composer.conftest import sign_in


@pytest.fixture
def browser(workspace: Workspace) -> Client:
    return sign_in(workspace)


def add(browser: Client, text: str) -> None:
    assert browser.post("/w/acme/ideas/add", {"text": text}).status_code == 302


def move(browser: Client, post: Post, slug: str = "acme", **where: Any) -> Any:
    return browser.post(f"/w/{slug}/ideas/{post.id}/move", json.dumps(where), content_type="application/json")


def stored(workspace: Workspace) -> dict[str, Post]:
    with workspace_scope(workspace.id):
        return {post.summary: post for post in Post.objects.order_by("position")}


def test_an_empty_board_says_what_will_be_here(browser: Client) -> None:
    html = browser.get("/w/acme/ideas/").content.decode()
    assert "A word is enough" in html
    assert "autofocus" in html


def test_new_ideas_come_first_and_are_escaped(browser: Client, workspace: Workspace) -> None:
    add(browser, "older")
    add(browser, "<b>newer</b>")
    add(browser, "   ")
    html = browser.get("/w/acme/ideas/").content.decode()
    assert html.index("&lt;b&gt;newer") < html.index(">older")
    assert len(stored(workspace)) == 2


def test_cards_move_between_columns(browser: Client, workspace: Workspace) -> None:
    for text in ("a", "b"):
        add(browser, text)
    cards = stored(workspace)
    assert move(browser, cards["a"], state="draft").status_code == 200
    assert move(browser, cards["b"], state="draft", after=str(cards["a"].id)).status_code == 200
    assert [(p.summary, p.state) for p in stored(workspace).values()] == [("a", "draft"), ("b", "draft")]
    assert move(browser, cards["b"], state="idea", after="nonsense").status_code == 200
    assert stored(workspace)["b"].state == PostState.IDEA


def test_scheduling_needs_a_time(browser: Client, workspace: Workspace) -> None:
    add(browser, "a")
    answer = move(browser, stored(workspace)["a"], state="scheduled")
    assert answer.status_code == 400
    assert "needs a time" in answer.json()["problems"][0]["text"]
    assert stored(workspace)["a"].state == PostState.IDEA


def test_others_move_and_add_nothing(browser: Client, workspace: Workspace, other_workspace: Workspace) -> None:
    add(browser, "a")
    card = stored(workspace)["a"]
    rival = sign_in(other_workspace, name="Rival")
    assert move(rival, card, state="draft").status_code == 404
    assert move(rival, card, slug="rival", state="draft").status_code == 404
    assert "a</a>" not in rival.get("/w/rival/ideas/").content.decode()
    reader = sign_in(workspace, Role.ANALYST, "Anna")
    assert move(reader, card, state="draft").status_code == 403
    assert reader.post("/w/acme/ideas/add", {"text": "b"}).status_code == 403
    assert "draggable" not in reader.get("/w/acme/ideas/").content.decode().replace('draggable="false"', "")
    assert [p.state for p in stored(workspace).values()] == [PostState.IDEA]


@pytest.mark.parametrize("count", [0, 3])
def test_queries_do_not_grow(
    browser: Client, workspace: Workspace, count: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(count):
        add(browser, f"idea {n}")
    with django_assert_max_num_queries(30):
        assert browser.get("/w/acme/ideas/").status_code == 200
