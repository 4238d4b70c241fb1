"""The page of one post: its time line, where it stands, its journal, its actions."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from kaja.channels.models import Channel
from kaja.content.models import Post, PostState
from kaja.delivery.models import Attempt, Delivery, Publication
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.publishing.models import RemoteChange
from kaja.workspaces.models import AuditEntry, Role, Workspace
from tests.web.composer.conftest import make_channel, sign_in
from tests.web.markup import tight


@pytest.fixture
def browser(workspace: Workspace) -> Client:
    return sign_in(workspace)


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    return make_channel(workspace, "Acme")


def save(browser: Client, text: str, *channels: Channel, **fields: Any) -> str:
    body = {"document": {"parts": [{"text": text, "media": []}]}, "channels": [str(c.id) for c in channels], **fields}
    path = f"/w/acme/posts/{'finish?then=publish' if 'when' in fields else 'save'}"
    answer = browser.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 200, answer.content
    return str(answer.json()["post"])


def scheduled(browser: Client, *channels: Channel) -> str:
    when = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:00")
    return save(browser, "planned words", *channels, when={"mode": "time", "local": when})


def page(browser: Client, post: str) -> str:
    answer = browser.get(f"/w/acme/posts/{post}")
    assert answer.status_code == 200
    return answer.content.decode()


def mark_sent(workspace: Workspace) -> Publication:
    """The delivery as the engine leaves it behind."""
    with workspace_scope(workspace.id):
        delivery = Delivery.objects.get()
        delivery.state, delivery.remote_id, delivery.remote_url = "sent", "r1", "https://practice.test/p/r1"
        delivery.sent_at, delivery.next_at = clock.now(), None
        delivery.save()
        Attempt.objects.create(
            delivery=delivery,
            fence=1,
            stage="publish",
            irreversible=True,
            started_at=clock.now(),
            finished_at=clock.now(),
            outcome="sent",
            evidence=[{"method": "POST", "url": "https://practice.test/api", "body": "<b>raw</b>"}],
            worker="w1",
        )
        return Publication.objects.create(
            delivery=delivery,
            remote_id="r1",
            remote_url=delivery.remote_url,
            sent={},
            published_at=clock.now(),
        )


def test_changes_are_told_with_their_differences(browser: Client) -> None:
    post = save(browser, "the quick fox")
    browser.post(
        "/w/acme/posts/finish?then=draft",
        json.dumps({"post": post, "revision": 1, "document": {"parts": [{"text": "the slow fox", "media": []}]}}),
        content_type="application/json",
    )
    html = page(browser, post)
    assert html.index("Changed") < html.index("Written")
    assert "style=" not in html
    # Compared only when somebody opens it.
    assert "<del>" not in html
    assert f'hx-get="/w/acme/posts/{post}/history/2"' in html
    opened = tight(browser.get(f"/w/acme/posts/{post}/history/2").content.decode())
    assert "<del>quick</del><ins>slow</ins>" in opened
    assert browser.get(f"/w/acme/posts/{post}/history/3").status_code == 404


def test_an_hour_of_typing_does_not_push_the_plan_out_of_the_time_line(
    browser: Client, channel: Channel, workspace: Workspace
) -> None:
    post = scheduled(browser, channel)
    browser.post(f"/w/acme/posts/{post}/unschedule")
    with workspace_scope(workspace.id):
        before = AuditEntry.objects.count()
    for number in range(20):
        body = {"post": post, "revision": 1 + number, "document": {"parts": [{"text": f"word {number}", "media": []}]}}
        body["channels"] = [str(channel.id)]
        browser.post("/w/acme/posts/save", json.dumps(body), content_type="application/json")
    with workspace_scope(workspace.id):
        assert Post.objects.get().revision == 21
        assert AuditEntry.objects.count() == before + 1, "one entry for one sitting"
        AuditEntry.objects.bulk_create(
            AuditEntry(workspace_id=workspace.id, action="post.autosave", target_type="post", target_id=post)
            for _ in range(210)
        )
    assert "Scheduled for" in page(browser, post)


def test_what_the_network_refused_stands_in_the_time_line_also_after_it_was_mended(
    browser: Client, channel: Channel, workspace: Workspace
) -> None:
    post = scheduled(browser, channel)
    with workspace_scope(workspace.id):
        delivery = Delivery.objects.get()
        Attempt.objects.create(
            delivery=delivery, fence=1, stage="publish", irreversible=True, started_at=clock.now(),
            finished_at=clock.now(), outcome="rejected", message="The network says: %(reason)s",
            params={"reason": "no rude words"},
        )  # fmt: skip
    html = page(browser, post)
    assert "Refused by Acme" in html
    assert "The network says: no rude words" in html


def test_a_sent_post_links_there_and_opens_its_journal(browser: Client, channel: Channel, workspace: Workspace) -> None:
    post = scheduled(browser, channel)
    mark_sent(workspace)
    html = page(browser, post)
    assert 'href="https://practice.test/p/r1"' in html
    assert "Sent to Acme" in html
    with workspace_scope(workspace.id):
        delivery = Delivery.objects.get()
    log = browser.get(f"/w/acme/posts/{post}/journal/{delivery.id}").content.decode()
    assert "Sent. The network confirmed it." in log
    assert "&lt;b&gt;raw&lt;/b&gt;" in log
    other = save(browser, "another")
    assert browser.get(f"/w/acme/posts/{other}/journal/{delivery.id}").status_code == 404


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ({"state": "scheduled"}, {"state": "scheduled"}, "Scheduled"),
        ({"state": "sent", "remote_id": "r"}, {"state": "scheduled"}, "Under way"),
        ({"state": "sent", "remote_id": "r"}, {"state": "failed", "needs_person": True}, "Needs you"),
        ({"state": "uncertain"}, {"state": "scheduled"}, "Under way"),
        ({"state": "sent", "remote_id": "r"}, {"state": "sent", "remote_id": "q"}, "Sent"),
    ],
)
def test_its_head_says_how_the_whole_post_stands(
    browser: Client, channel: Channel, workspace: Workspace, first: Any, second: Any, said: str
) -> None:
    other = make_channel(workspace, "Second")
    post = scheduled(browser, channel, other)
    with workspace_scope(workspace.id):
        for where, fields in ((channel, first), (other, second)):
            Delivery.objects.filter(channel=where).update(**fields)
    facts = page(browser, post).split('id="post-facts"')[1].split("</div>")[0]
    assert said in facts.split("</span>")[0]


def test_deleting_says_how_to_undo_and_undo_works(browser: Client, channel: Channel, workspace: Workspace) -> None:
    post = scheduled(browser, channel)
    assert browser.post(f"/w/acme/posts/{post}/delete").status_code == 302
    assert f"/w/acme/posts/{post}/restore" in browser.get("/w/acme/ideas/").content.decode()
    assert "In the bin" in page(browser, post)
    with workspace_scope(workspace.id):
        assert Delivery.objects.get().state == "cancelled"
    browser.post(f"/w/acme/posts/{post}/restore")
    with workspace_scope(workspace.id):
        restored = Post.objects.get()
        assert (restored.deleted_at, restored.state) == (None, PostState.DRAFT)


def test_unscheduling_and_publishing_now(browser: Client, channel: Channel, workspace: Workspace) -> None:
    post = scheduled(browser, channel)
    browser.post(f"/w/acme/posts/{post}/unschedule")
    with workspace_scope(workspace.id):
        assert Post.objects.get().state == PostState.DRAFT
        assert Delivery.objects.get().state == "cancelled"
    browser.post(f"/w/acme/posts/{post}/publish")
    with workspace_scope(workspace.id):
        row = Delivery.objects.get()
        assert (row.state, row.due_at <= clock.now()) == ("scheduled", True)


def test_a_change_after_sending_is_offered_to_the_network(
    browser: Client, channel: Channel, workspace: Workspace
) -> None:
    post = scheduled(browser, channel)
    publication = mark_sent(workspace)
    browser.post(
        "/w/acme/posts/finish?then=draft",
        json.dumps(
            {
                "post": post,
                "revision": 1,
                "channels": [str(channel.id)],
                "document": {"parts": [{"text": "better words", "media": []}]},
            }
        ),
        content_type="application/json",
    )
    assert "Change it there too" in page(browser, post)
    browser.post(f"/w/acme/posts/{post}/network/{publication.id}", {"do": "delete"})
    with workspace_scope(workspace.id):
        assert [c.kind for c in RemoteChange.objects.all()] == ["delete"]


def test_duplicating_opens_the_copy(browser: Client, channel: Channel, workspace: Workspace) -> None:
    post = save(browser, "good words", channel)
    answer = browser.post(f"/w/acme/posts/{post}/duplicate")
    with workspace_scope(workspace.id):
        copy = Post.objects.exclude(id=post).get()
    assert answer["Location"] == f"/w/acme/posts/{copy.id}/edit"
    assert copy.summary == "good words"


NOBODY = "01900000-0000-7000-8000-000000000001"
# Fixed ids: test processes that run side by side must collect the same names.
ACTIONS = ["duplicate", "delete", "restore", "unschedule", "publish", f"network/{NOBODY}", "history/1/restore"]


@pytest.mark.parametrize("action", ACTIONS)
def test_no_action_works_from_elsewhere_or_for_readers(
    browser: Client, channel: Channel, workspace: Workspace, other_workspace: Workspace, action: str
) -> None:
    post = scheduled(browser, channel)
    rival = sign_in(other_workspace, name="Rival")
    assert rival.post(f"/w/acme/posts/{post}/{action}").status_code == 404
    assert rival.post(f"/w/rival/posts/{post}/{action}").status_code in (404, 302)
    assert sign_in(workspace, Role.ANALYST, "Anna").post(f"/w/acme/posts/{post}/{action}").status_code == 403
    with workspace_scope(workspace.id):
        row = Post.objects.get()
        assert (row.state, row.deleted_at, Delivery.objects.get().state) == ("scheduled", None, "scheduled")


@pytest.mark.parametrize("path", ["", "/edit", "/history", f"/journal/{NOBODY}"])
def test_no_page_shows_another_workspaces_post(browser: Client, other_workspace: Workspace, path: str) -> None:
    post = save(browser, "secret words")
    rival = sign_in(other_workspace, name="Rival")
    for slug in ("acme", "rival"):
        answer = rival.get(f"/w/{slug}/posts/{post}{path}")
        assert answer.status_code == 404
        assert "secret words" not in answer.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_queries_do_not_grow_with_channels(
    browser: Client, workspace: Workspace, count: int, django_assert_num_queries: Any
) -> None:
    post = save(browser, "words", *(make_channel(workspace, f"C{n}") for n in range(count)))
    with django_assert_num_queries(17):
        page(browser, post)
