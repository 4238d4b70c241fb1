"""Two thousand hostile texts, in every field that somebody outside fills, on every page that shows them, read by
Chromium's own parser: no element, attribute or address that harmless texts do not give as well, and every word is
there. `test_hostile_in_chromium.py` looks at what happens when some of them are really shown."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import Browser

from kaja.inbox.models import Handle, Message
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.jobs import send_notice
from kaja.workspaces.models import Notice, Workspace
from tests.people import browser
from tests.walls.routes import OF_WORKSPACE
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle
from tests.web.inbox.hostile import list_vectors, stored_text
from tests.web.inbox.hostile_beside import NOT_WALKED
from tests.web.inbox.hostile_pages import Parser, Read, is_whole
from tests.web.inbox.hostile_world import SCRIPT, World

pytestmark = [pytest.mark.django_db, pytest.mark.browser]
HARMLESS = [
    "Hello", "Good bread, see https://example.org/menu", "Three\nlines\nof it", "word " * 600, "Tere päevast",
    "https://example.org/" + "a" * 100, "Привет", "今天開門嗎", "x", "Is it open?", "", "https://example.org/a.png",
]  # fmt: skip


@pytest.fixture
def parser(chromium: Browser) -> Iterator[Parser]:
    context = chromium.new_context()
    yield Parser(context.new_page())
    context.close()


def read_all(parser: Parser, pages: dict[str, list[str]]) -> dict[str, list[Read]]:
    return {name: parser.read(*htmls) for name, htmls in pages.items()}


def test_two_thousand_hostile_texts_are_nothing_but_text(
    workspace: Workspace, other_workspace: Workspace, parser: Parser, settings: Any
) -> None:
    texts = [vector.text for vector in list_vectors()]
    assert len(texts) > 2000
    usual = read_all(parser, World(other_workspace, HARMLESS * 5).list_pages())
    world = World(workspace, texts)
    found = read_all(parser, world.list_pages())
    assert found.keys() == usual.keys()
    wrong = {f"{name}: {each}" for name, pages in found.items() for page in pages for each in page.wrong}
    # Of all pages, for few harmless texts do not show everywhere what there is.
    known = {shape for pages in usual.values() for page in pages for shape in page.shapes}
    wrong |= {f"{name}: new {each}" for name, pages in found.items() for page in pages for each in page.shapes - known}
    assert sorted(wrong) == []
    _no_page_is_left_out(world)
    _nothing_is_lost(world, found)
    _everything_is_handed_out(world)
    _mails_are_one_mail(world, settings)


def _no_page_is_left_out(world: World) -> None:
    """Every address of a workspace that gives a page was walked, or says why not."""
    values = {"slug": world.workspace.slug}
    names = {route.name for route in OF_WORKSPACE}
    assert names >= NOT_WALKED.keys(), "a page that is gone"
    assert not world.walked & NOT_WALKED.keys(), "walked all the same"
    left = []
    for route in OF_WORKSPACE:
        if route.name not in world.walked | NOT_WALKED.keys():
            somewhere = {name: str(UUID(int=1)) for name in route.objects}
            # What only takes a POST shows nothing by itself.
            if world.client.get(route.address({**somewhere, **values})).status_code != 405:
                left.append(route.name)
    assert left == [], "walk these pages in hostile_world.py, or say in hostile_beside.py why not"


def texts_of(pages: list[Read], place: str) -> list[str]:
    return [text for page in pages for text in page.texts[place]]


def squeeze(name: str) -> str:
    """Without what a name has not in common with a text: white space, signs of direction and of no width."""
    return re.sub("[\u202a-\u202e\u2066-\u2069\u200b\u2060\ufeff\\s]", "", stored_text(name, 2000))


def _nothing_is_lost(world: World, found: dict[str, list[Read]]) -> None:
    said = [text for each in world.texts if (text := stored_text(each))]
    shown = texts_of(found["thread"], "message")
    assert len(shown) == len(said)
    assert [(a[:80], b[:80]) for a, b in zip(shown, said, strict=True) if not is_whole(a, b)] == []
    names = texts_of(found["thread"], "name")
    assert len(names) == len(world.texts)
    # A name stands beside other words: one line, somewhere visible, and it turns nothing round.
    assert [name for name in names if not re.search(r"[^\W_]|[^\s\w]", name) or len(name) > 80] == []
    assert [name for name in names if re.search("[\u202a-\u202e\u2066-\u2069\n]", name)] == []
    pairs = [
        (squeeze(name), squeeze(f"{nr} {text}")) for nr, (name, text) in enumerate(zip(names, world.texts, strict=True))
    ]
    assert [(name, text[:80]) for name, text in pairs if name not in text] == []
    notes = [text.strip() for text in world.noted]
    assert [(a, b) for a, b in zip(texts_of(found["notes"], "note"), notes, strict=True) if not is_whole(a, b)] == []
    excerpts = {" ".join(stored_text(world.words_of(nr)).split())[:200] or "…" for nr in range(len(world.texts))}
    rows = texts_of(found["list"], "excerpt")
    assert len(rows) == len(world.texts)
    assert set(rows) == excerpts
    earlier = texts_of(found["opened"], "earlier")
    assert earlier
    assert {text for text in earlier if text not in {stored_text(each) for each in world.texts}} == set()
    quoted = texts_of(found["log"], "quoted")
    assert len(quoted) >= len(world.texts)
    assert len(texts_of(found["people"], "person")) >= len(world.texts)
    assert texts_of(found["needs you"], "notice")
    assert texts_of(found["asked"], "asked")


def _everything_is_handed_out(world: World) -> None:
    """All of them as one person: the file holds every text whole, and is JSON."""
    with workspace_scope(world.workspace.id):
        somebody = Handle.objects.order_by("id").first()
        assert somebody is not None
        Handle.objects.update(person=somebody.person_id)
    answer = world.client.get(f"{world.desk}people/{somebody.person_id}/export")
    assert answer["Content-Disposition"] == f'attachment; filename="person-{somebody.person_id}.json"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    read = {item["text"] for item in json.loads(answer.content)["as_read"]}
    whole = {text.replace("\0", "").encode("utf-8", "replace").decode() for text in world.texts}
    assert {text[:80] for text in whole - read} == set()


def _mails_are_one_mail(world: World, settings: Any) -> None:
    settings.EMAIL_HOST, settings.EMAIL_BACKEND = "127.0.0.1", "django.core.mail.backends.locmem.EmailBackend"
    with workspace_scope(world.workspace.id):
        notices = list(Notice.objects.filter(mailed_at=None).values_list("id", flat=True))
    mail.outbox = []
    for notice in notices:
        assert send_notice(world.workspace.id, notice)
    assert len(mail.outbox) == len(notices) > 100
    for sent in mail.outbox:
        read = message_from_bytes(sent.message().as_bytes())
        usual = {
            "Content-Type",
            "MIME-Version",
            "Content-Transfer-Encoding",
            "Subject",
            "From",
            "To",
            "Date",
            "Message-ID",
        }
        assert set(read.keys()) == usual
        assert read.get_content_type() == "text/plain"
        assert len(sent.recipients()) == 1


def test_a_thread_of_ten_thousand_replies_opens_like_a_small_one(workspace: Workspace) -> None:
    """In so many questions, and pages of the same size, from the newest to the oldest."""
    client = browser(workspace)
    with workspace_scope(workspace.id):
        small = make_conversation(make_channel("Small"), make_handle("Mari"), ["one"] * 3)
        large = make_conversation(make_channel("Large"), make_handle("Liis"), ["first"])
        authors = [make_handle(f"Person {number}") for number in range(50)]
        Message.objects.bulk_create(
            [
                Message(
                    workspace=workspace, conversation=large, channel=large.channel, direction="in", kind="reply",
                    handle=authors[number % 50], remote_id=f"m{number}", text=f"reply {number} of many " + "x" * 200,
                    at=large.last_at + timedelta(seconds=number + 1),
                )
                for number in range(10_000)
            ],
            batch_size=2_000,
        )  # fmt: skip
        large.messages_count = 10_001
        large.save()
    desk = "/w/acme/inbox/"

    def ask(address: str, **more: Any) -> tuple[int, str]:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(desk + address, **more)
        assert answer.status_code == 200
        counted = [each for each in asked.captured_queries if not each["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        return len(counted), answer.content.decode()

    ask(f"{small.id}/")
    assert ask(f"{small.id}/")[0] == ask(f"{large.id}/")[0] <= 15
    html = ask(f"{large.id}/")[1]
    assert len(html) < 700_000
    seen, pages = [int(n) for n in re.findall(r"reply (\d+) of many", html)], 1
    while cursor := re.search(r'data-earlier="([^"]+)"', html):
        count, html = ask(f"{large.id}/messages?before={cursor[1]}", **SCRIPT)
        assert count <= 15
        assert len(html) < 700_000
        seen, pages = [int(n) for n in re.findall(r"reply (\d+) of many", html)] + seen, pages + 1
    assert seen == list(range(10_000))
    assert pages == 101
