"""The bin: what is in it, who put it there, what becomes of it, and the way back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.content import actions
from kaja.content.models import Post
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Role, Workspace
from tests.people import actor, add_member, browser
from tests.web.calendar.conftest import make_channel, make_post, soon

pytestmark = pytest.mark.django_db


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/w/acme/posts/bin{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def binned(workspace: Workspace, text: str, **fields: object) -> Post:
    post = make_post(workspace, text, **fields)  # type: ignore[arg-type]
    with workspace_scope(workspace.id):
        actions.delete_post(actor(workspace), post.id)
    return post


def test_bin_shows_what_is_in_it_and_nothing_else(workspace: Workspace) -> None:
    make_post(workspace, "Still here")
    at = soon()
    binned(workspace, "Thrown away", at=at, channels=(make_channel(workspace),), scheduled=True)
    html = page(browser(workspace))
    assert "Thrown away" in html
    assert "Still here" not in html.split('id="bin"')[1].split("</main>")[0]
    assert "Put here by owner@acme.test" in html
    assert f"It was scheduled for {at:%a} {at.day} {at:%b}, 09:00" in html
    assert "Kaja deletes none by itself" in html


def test_post_is_brought_back_from_the_bin_and_the_page_stays(workspace: Workspace) -> None:
    post = binned(workspace, "Thrown away")
    client = browser(workspace)
    answer = client.post(f"/w/acme/posts/{post.id}/restore", {"back": "bin"}, follow=True)
    assert answer.redirect_chain == [("/w/acme/posts/bin", 302)]
    assert "“Thrown away” is back." in answer.content.decode()
    assert "The bin is empty" in answer.content.decode()
    with workspace_scope(workspace.id):
        assert Post.objects.get(id=post.id).deleted_at is None


def test_reader_sees_the_bin_and_cannot_bring_back(workspace: Workspace) -> None:
    post = binned(workspace, "Thrown away")
    add_member(workspace, "reader@acme.test", Role.ANALYST)
    reader = browser(workspace, "reader@acme.test")
    assert "Bring back" not in page(reader)
    assert reader.post(f"/w/acme/posts/{post.id}/restore").status_code == 403


def test_bin_is_linked_from_every_page_and_from_the_search(workspace: Workspace) -> None:
    client = browser(workspace)
    assert client.get("/w/acme/channels/").content.decode().count('href="/w/acme/posts/bin"') == 2  # rail and phone
    assert "/w/acme/posts/bin" in client.get("/w/acme/find/?q=bin").content.decode()


def test_long_bin_has_pages_that_hold_each_post_once(workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        moment = clock.now()
        Post.objects.bulk_create(
            Post(
                workspace_id=workspace.id, summary=f"post {n:03}", deleted_at=moment - timedelta(minutes=n // 3),
                document={"parts": [{"text": f"post {n:03}", "media": []}]},
            )
            for n in range(120)
        )  # fmt: skip
    client, query, seen = browser(workspace), "", []
    for _number in range(3):
        html = page(client, query)
        seen += [text for n in range(120) if (text := f"post {n:03}") in html]
        if "?after=" in html:
            query = "?after=" + html.split('href="?after=')[1].split('"')[0]
    assert sorted(seen) == [f"post {n:03}" for n in range(120)]
    assert client.get("/w/acme/posts/bin?after=nonsense").status_code == 422


def test_bin_asks_the_same_for_one_and_for_many(workspace: Workspace) -> None:
    client = browser(workspace)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            page(client)
        return len([q for q in found.captured_queries if not q["sql"].startswith(("SAVEPOINT", "RELEASE"))])

    binned(workspace, "first", channels=(make_channel(workspace),))
    page(client)
    one = asked()
    for number in range(5):
        binned(workspace, f"more {number}", channels=(make_channel(workspace, f"C{number}"),))
    assert asked() == one
