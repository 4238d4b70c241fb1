"""The ideas board."""

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kaja.content.models import Post, PostState, Variant
from kaja.delivery.models import State
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Role, Workspace
from tests.needed import needs
from tests.web.composer.conftest import make_channel, sign_in
from tests.web.markup import tight


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
    html = tight(browser.get("/w/acme/ideas/").content.decode())
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
    assert answer.status_code == 422
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


def fill(workspace: Workspace, state: PostState, number: int) -> list[Post]:
    """Posts with a channel; scheduled ones an hour apart, the last of the list first, and each with its delivery."""
    channel = make_channel(workspace, f"Acme {state}")
    with workspace_scope(workspace.id):
        posts = Post.objects.bulk_create(
            Post(
                workspace=workspace, state=state, summary=f"{state} {n}", position=n,
                document={"parts": [{"text": f"{state} {n}", "media": []}]},
                due_at=clock.now() + timedelta(hours=1 + number - n) if state == PostState.SCHEDULED else None,
            )
            for n in range(number)
        )  # fmt: skip
        variants = Variant.objects.bulk_create(Variant(workspace=workspace, post=p, channel=channel) for p in posts)
        if state == PostState.SCHEDULED:
            PostDelivery.objects.bulk_create(
                PostDelivery(workspace=workspace, variant=v, channel=channel, due_at=needs(v.post.due_at))
                for v in variants
            )
    return posts


@pytest.mark.parametrize("state", [PostState.IDEA, PostState.DRAFT, PostState.SCHEDULED])
def test_a_full_column_says_how_many_there_are_and_leads_to_the_rest(
    browser: Client, workspace: Workspace, state: PostState
) -> None:
    fill(workspace, state, 130)
    html = tight(browser.get("/w/acme/ideas/").content.decode())
    column = html.split(f'data-column="{state}"')[1].split("</section>")[0]
    assert '<span class="count count-quiet">130</span>' in column
    assert column.count("data-card=") == 100
    assert "30 more are not shown" in column
    more = re.search(r'href="\?([^"#]+)#', column)
    assert more is not None
    assert more[1] == f"{state}=200"
    rest = browser.get(f"/w/acme/ideas/?{more[1]}").content.decode()
    assert rest.split(f'data-column="{state}"')[1].split("</section>")[0].count("data-card=") == 130
    assert "not shown" not in rest


def test_the_next_to_go_out_come_first_and_what_is_done_has_left(browser: Client, workspace: Workspace) -> None:
    posts = fill(workspace, PostState.SCHEDULED, 120)
    with workspace_scope(workspace.id):
        # Were it only filtered on the page, a hundred sent posts would hide all that wait.
        PostDelivery.objects.filter(variant__post__in=posts[20:]).update(state=State.SENT, remote_id="r")
        PostDelivery.objects.filter(variant__post=posts[19]).update(state=State.FAILED, needs_person=True)
    html = tight(browser.get("/w/acme/ideas/").content.decode())
    column = html.split('data-column="scheduled"')[1].split("</section>")[0]
    assert '<span class="count count-quiet">20</span>' in column
    order = re.findall(r">(scheduled \d+)</a>", column)
    assert order == [f"scheduled {n}" for n in range(19, -1, -1)]
    assert "Needs you" in column


@pytest.mark.parametrize("asked", ["x", "-5", "99999999999", "², "])
def test_odd_numbers_show_a_page(browser: Client, asked: str) -> None:
    assert browser.get("/w/acme/ideas/", {"idea": asked}).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow(browser: Client, workspace: Workspace, count: int, django_assert_num_queries: Any) -> None:
    for n in range(count):
        add(browser, f"idea {n}")
    with django_assert_num_queries(16):
        assert browser.get("/w/acme/ideas/").status_code == 200
