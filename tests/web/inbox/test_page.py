"""The inbox's page as the server gives it: lists, threads, what stands where there is nothing, what strangers wrote."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.content.models import Label
from kaja.inbox.models import Conversation, ConversationLabel, Message, MessageVersion
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.reading.models import Poll
from kaja.reading.streams import PREFIX
from kaja.workspaces.models import Role, Workspace
from tests.people import add_member, browser, member_of
from tests.web.inbox.conversations import add_message, make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db
INBOX = "/w/acme/inbox/"
CONTROL = ("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT", "ROLLBACK")
SCRIPT: dict[str, Any] = {"HTTP_HX_REQUEST": "true", "HTTP_HX_REQUEST_TYPE": "partial"}


@pytest.fixture
def client(workspace: Workspace) -> Client:
    made = browser(workspace)
    made.get(INBOX)  # what a session writes once
    return made


def get(client: Client, path: str = "", **headers: Any) -> str:
    answer = client.get(INBOX + path, **headers)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def listed(html: str) -> list[str]:
    return re.findall(r'class="convo-name">([^<]*)<', html)


def count(client: Client, path: str, **headers: Any) -> int:
    with CaptureQueriesContext(connection) as found:
        get(client, path, **headers)
    return len([each for each in found.captured_queries if not each["sql"].startswith(CONTROL)])


def fill(workspace: Workspace, many: int) -> Conversation:
    """So many conversations of one person, the first with as many messages of every kind."""
    with workspace_scope(workspace.id):
        channel = make_channel(f"Channel {many}")
        mari = make_handle(f"Mari {many}")
        label = Label.objects.create(name=f"Label {many}")
        first = make_conversation(channel, mari, ["a", ">b", "#c"] * many)
        for message in Message.objects.filter(conversation=first, direction="in"):
            MessageVersion.objects.create(message=message, text="before", at=clock.now(), until=clock.now())
            Message.objects.filter(id=message.id).update(edited_at=clock.now())
        for _ in range(many):
            made = make_conversation(
                channel, make_handle(f"Other {uuid4()}"), ["x"], assignee=member_of(workspace).user
            )
            ConversationLabel.objects.create(conversation=made, label=label)
        return first


def test_as_many_questions_for_one_as_for_many(workspace: Workspace, client: Client) -> None:
    one, many = fill(workspace, 1), fill(workspace, 12)
    counts = {path: (count(client, path)) for path in ("", f"{one.id}/", f"{many.id}/")}
    parts = {
        "opened": [count(client, f"{each.id}/", **SCRIPT) for each in (one, many)],
        "rows": [count(client, f"rows?ids={each}", **SCRIPT) for each in (one.id, f"{one.id},{many.id}")],
        "views": [count(client, "views", **SCRIPT)],
        "about": [count(client, f"{each.id}/about", **SCRIPT) for each in (one, many)],
        "earlier": [count(client, f"{each.id}/messages", **SCRIPT) for each in (one, many)],
    }
    assert list(counts.values()) == [LIST, OPENED, OPENED]
    assert parts == {"opened": [13, 13], "rows": [10, 10], "views": [9], "earlier": [10, 10], "about": [11, 11]}


LIST, OPENED = 13, 15


def test_views_and_filters_stand_in_the_address(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        here, there = make_channel("Here"), make_channel("There", "mastodon")
        me = member_of(workspace).user
        mine = make_conversation(here, make_handle("Mine"), assignee=me)
        make_conversation(there, make_handle("Direct", "mastodon"), kind="direct", language="ru")
        make_conversation(here, make_handle("Done"), state="done")
        make_conversation(here, make_handle("Waits"), state="waiting")
        make_conversation(here, make_handle("Later"), snoozed_until=clock.now() + timedelta(days=1), priority=2)
        label = Label.objects.create(name="Prices & more")
        ConversationLabel.objects.create(conversation=mine, label=label)
    assert set(listed(get(client))) == {"Mine", "Direct"}
    assert listed(get(client, "?view=mine")) == ["Mine"]
    assert listed(get(client, "?view=nobody")) == ["Direct"]
    assert listed(get(client, "?view=waiting")) == ["Waits"]
    assert listed(get(client, "?view=done")) == ["Done"]
    assert listed(get(client, "?view=snoozed")) == ["Later"]
    assert len(listed(get(client, "?view=all"))) == 5
    assert listed(get(client, f"?channel={there.id}")) == ["Direct"]
    assert listed(get(client, "?kind=direct")) == ["Direct"]
    assert listed(get(client, "?label=Prices+%26+more")) == ["Mine"]
    assert listed(get(client, "?view=all&priority=2")) == ["Later"]
    assert listed(get(client, "?language=ru")) == ["Direct"]
    assert listed(get(client, "?q=Hello&view=done")) == ["Done"]
    html = get(client, "?view=mine&kind=comments")
    # What is opened from a list leads back to the same one.
    assert f'href="{INBOX}{mine.id}/?view=mine&amp;kind=comments"' in html
    counts = re.findall(r'class="inbox-view" href="[^"]*" data-view[^>]*>\s*([^<]*?)\s*<span[^>]*>(\d+)', html)
    assert counts == [("To do", "2"), ("Mine", "1"), ("Nobody&#x27;s", "1")]


def test_rows_by_their_ids_only_where_they_belong(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        new = make_conversation(channel, make_handle("New"))
        done = make_conversation(channel, make_handle("Done"), state="done")
    ids = f"{new.id},{done.id},{uuid4()},nonsense"
    html = get(client, f"rows?ids={ids}", **SCRIPT)
    assert listed(html) == ["New"]
    assert listed(get(client, f"rows?view=done&ids={ids}", **SCRIPT)) == ["Done"]
    assert 'id="inbox-views"' in html


VECTORS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "javascript:alert(1)",
    'https://evil.test/"onmouseover=alert(1)//',
    "https://evil.test/<script>",
    "{{ 7|add:7 }}{% debug %}",
    "&lt;b&gt; &amp;",
    "\u202eevil\u202c \u2066x\u2069",
)


@pytest.mark.parametrize("vector", VECTORS)
def test_what_strangers_wrote_is_text(workspace: Workspace, client: Client, vector: str) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel(avatar_url="https://pictures.test/ours.png")
        evil = make_handle(vector, url=vector, avatar=vector)
        make_conversation(channel, make_handle("Mari", avatar="https://pictures.test/a.png"), ["Hello"])
        opened = make_conversation(channel, evil, [vector, vector], post_url=vector, language="zz")
        Message.objects.filter(conversation=opened).update(
            url=vector, media=[{"kind": "image", "url": vector, "preview": vector, "alt": vector}]
        )
        message = Message.objects.filter(conversation=opened).first()
        assert message is not None
        MessageVersion.objects.create(message=message, text=vector, at=clock.now(), until=clock.now())
        Message.objects.filter(id=message.id).update(edited_at=clock.now())
        add_message(opened, "> ours")
        _poll(channel, None)
    main = "".join(page[page.index('id="main"') :] for page in (get(client, f"{opened.id}/"), get(client)))
    assert "/picture?v=" in main
    assert "<script>alert" not in main
    assert "<svg onload" not in main
    assert "<img src=x" not in main
    assert not re.search(r"""(href|src)="(?!/|https?://|\?|#)""", main)
    assert not re.search(r"<[^>]*\son\w+=", re.sub(r'"[^"]*"', '""', main))
    for source in re.findall(r'<img[^>]*src="([^"]*)"', main):
        assert source.startswith("/w/acme/"), source
    for link in re.findall(r'<a [^>]*href="https?:[^>]*>', main):
        assert 'rel="noopener' in link


def test_names_that_nobody_sees_have_another(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        make_conversation(channel, make_handle("\u200b\u2060", handle="\u202e", remote_id="x1"))
    assert listed(get(client)) == ["x1"]


def test_a_long_message_is_folded_and_whole(workspace: Workspace, client: Client) -> None:
    long = " ".join(f"word{number}" for number in range(2000))
    with workspace_scope(workspace.id):
        opened = make_conversation(make_channel(), make_handle("Mari"), [long])
    html = get(client, f"{opened.id}/")
    fold = html.index('<details class="fold"')
    assert html.index("word50 ") < fold < html.index("word1999")


def test_a_thread_of_many_messages_comes_in_pages(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        opened = make_conversation(make_channel(), make_handle("Mari"), ["first"])
        Message.objects.bulk_create(
            Message(
                workspace=workspace, conversation=opened, channel=opened.channel, direction="in", kind="comment",
                handle=opened.handle, remote_id=f"m{n}", text=f"message {n} of many",
                at=opened.last_at + timedelta(seconds=n + 1),
            )
            for n in range(250)
        )  # fmt: skip
    seen: list[int] = []
    html = get(client, f"{opened.id}/")
    while True:
        seen = [int(n) for n in re.findall(r"message (\d+) of many", html)] + seen
        cursor = re.search(r'data-earlier="([^"]+)"', html)
        if cursor is None:
            break
        assert html.count("said said-in") == 100
        html = get(client, f"{opened.id}/messages?before={cursor.group(1)}", **SCRIPT)
    assert seen == list(range(250))


def test_what_stands_where_there_is_nothing(workspace: Workspace, client: Client) -> None:
    assert "No channel is connected yet" in get(client)
    with workspace_scope(workspace.id):
        channel = make_channel()
    assert "Nobody has written yet" in get(client)
    with workspace_scope(workspace.id):
        make_conversation(channel, make_handle("Mari"), state="done")
    assert "All done" in get(client)
    assert "Nothing here" in get(client, "?view=spam")
    assert "No conversation has these words." in get(client, "?q=zzz")


def test_how_complete_it_is_is_said(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        make_conversation(channel, make_handle("Mari"))
        _poll(channel, clock.now())
    assert "complete until" not in get(client)
    with workspace_scope(workspace.id):
        Poll.objects.update(read_at=clock.now() - timedelta(hours=2))
    assert re.search(r"Lummus: complete until \d\d:\d\d", get(client))


def _poll(channel: Channel, read_at: Any) -> None:
    Poll.objects.create(channel=channel, what=f"{PREFIX}comments", read_at=read_at)


def test_a_step_for_many_and_its_way_back(workspace: Workspace, client: Client) -> None:
    with workspace_scope(workspace.id):
        channel = make_channel()
        two = [make_conversation(channel, make_handle(name)) for name in ("A", "B")]
    sent = {"conversation": [str(each.id) for each in two], "do": "state:done"}
    answer = client.post(INBOX + "work", sent, HTTP_ACCEPT="application/json")
    assert answer.json()["said"] == "2 conversations are done."
    assert listed(get(client)) == []
    client.post(answer.json()["undo"])
    assert set(listed(get(client))) == {"A", "B"}
    # Without the script the same form leads back to the page.
    plain = client.post(INBOX + "work", {"conversation": str(two[0].id), "do": "priority:2"}, follow=True)
    assert "The priority is set." in plain.content.decode()


@pytest.mark.parametrize(
    "sent",
    [{"do": "state:done"}, {"conversation": "x", "do": "state:done"}, {"do": "fly"}, {"do": "snooze:never"},
     {"do": "state:eaten"}, {"do": "assign:nobody-we-know"}, {"do": "priority:9"}],
)  # fmt: skip
def test_a_step_that_is_none_is_refused_in_words(workspace: Workspace, client: Client, sent: dict[str, str]) -> None:
    with workspace_scope(workspace.id):
        one = make_conversation(make_channel(), make_handle("A"))
    given = {"conversation": str(one.id), **sent} if sent != {"do": "state:done"} else sent
    answer = client.post(INBOX + "work", given, HTTP_ACCEPT="application/json")
    assert answer.status_code in (400, 409, 422)
    assert answer.json()["problems"][0]["text"]


def test_who_may_not_answer_reads_and_changes_nothing(workspace: Workspace) -> None:
    add_member(workspace, "anna@acme.test", Role.ANALYST)
    with workspace_scope(workspace.id):
        one = make_conversation(make_channel(), make_handle("A"))
    client = browser(workspace, "anna@acme.test")
    html = get(client, f"{one.id}/")
    assert "kaja-reply" not in html
    sent = {"conversation": str(one.id), "do": "state:done"}
    assert client.post(INBOX + "work", sent).status_code == 403
    assert client.post(f"{INBOX}{one.id}/note", {"text": "x"}).status_code == 403


def test_nothing_of_another_workspace(workspace: Workspace, other_workspace: Workspace) -> None:
    with workspace_scope(workspace.id):
        one = make_conversation(make_channel(), make_handle("A", avatar="https://pictures.test/a.png"))
        message = add_message(one, "more")
    rival = browser(other_workspace)
    slug = other_workspace.slug
    for path in (
        f"{one.id}/",
        f"{one.id}/messages",
        f"people/{one.handle_id}/picture",
        f"messages/{message.id}/pictures/0",
    ):
        assert rival.get(f"/w/{slug}/inbox/{path}").status_code == 404
        assert rival.get(f"/w/acme/inbox/{path}").status_code == 404
    sent = {"conversation": str(one.id), "do": "state:done"}
    assert rival.post(f"/w/{slug}/inbox/work", sent).status_code == 404
    with workspace_scope(workspace.id):
        assert Conversation.objects.get(id=one.id).state == "new"
