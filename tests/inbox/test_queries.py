"""Lists of conversations and their counts."""

from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.inbox import queries
from kaja.inbox.models import Conversation, Handle
from kaja.inbox.queries import Filters, count_conversations, get_conversation, list_conversations, page_conversations
from kaja.kernel.ids import new_id
from kaja.kernel.problems import NotFound
from kaja.reading.streams import take_in
from tests.inbox.test_taking import channel, page_of

__all__ = ["channel"]
NOBODY = UUID(int=0)


@pytest.fixture
def rows(channel: Channel) -> list[Conversation]:
    take_in(channel.id, "comments", page_of(100))
    return list(Conversation.objects.order_by("-last_at", "-id"))


def test_all_counts_take_one_statement(rows: list[Conversation]) -> None:
    open_ones = Filters(states=frozenset({"new", "open"}))
    views = [open_ones, Filters(text="words"), Filters(labels=frozenset({"x"})), Filters(), Filters(assignee="me")]
    with CaptureQueriesContext(connection) as captured:
        counts = count_conversations(views, NOBODY)
    assert len(captured) == 1
    assert counts == [list_conversations(view, NOBODY).count() for view in views]
    assert counts[3] == len(rows) == 20
    assert count_conversations([], NOBODY) == []


def test_more_than_anybody_counts_is_not_counted(rows: list[Conversation], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "COUNTED", 7)
    assert count_conversations([Filters(), Filters(states=frozenset({"spam"}))], NOBODY) == [7, 0]


def test_pages_follow_each_other_newest_first(rows: list[Conversation]) -> None:
    found: list[Any] = []
    cursor = ""
    while True:
        page = page_conversations(Filters(), NOBODY, cursor, 6)
        found += [row.id for row in page.rows]
        if not (cursor := page.next_cursor):
            break
    assert found == [row.id for row in rows]


def test_a_page_takes_one_statement_however_long_it_is(rows: list[Conversation]) -> None:
    for limit in (3, 20):
        with CaptureQueriesContext(connection) as captured:
            for row in page_conversations(Filters(), NOBODY, limit=limit).rows:
                assert (row.channel.name, row.assignee) == ("bakery", None)
                assert row.label_names == []  # type: ignore[attr-defined]
                assert row.handle is None or row.handle.name
        assert len(captured) == 1


@pytest.mark.parametrize(
    ("filters", "number"),
    [
        (Filters(kinds=frozenset({"comments"})), 20),
        (Filters(kinds=frozenset({"direct", "review"})), 0),
        (Filters(channel_ids=frozenset({NOBODY})), 0),
        (Filters(priority=0), 20),
        (Filters(priority=2), 0),
        (Filters(language="ru"), 0),
        (Filters(assignee="nobody"), 20),
        (Filters(assignee="me"), 0),
        (Filters(post=NOBODY), 0),
        (Filters(text="words 17"), 1),
        (Filters(snoozed=True), 0),
    ],
    # not by their values: sets have no order that two processes share
    ids=["kind", "kinds", "channel", "usual", "urgent", "language", "nobody", "me", "post", "text", "snoozed"],
)
def test_filters(rows: list[Conversation], filters: Filters, number: int) -> None:
    assert list_conversations(filters, NOBODY).count() == number


def test_conversations_of_a_person_and_of_those_who_wait(rows: list[Conversation]) -> None:
    waiting = {row.id for row in rows if row.waiting_since is not None}
    assert set(list_conversations(Filters(waiting=True), NOBODY).values_list("id", flat=True)) == waiting
    person = Handle.objects.get(remote_id="person 0").person_id
    assert {row.handle.person_id for row in list_conversations(Filters(person=person), NOBODY) if row.handle} == {
        person
    }


def test_what_is_not_here_says_so(rows: list[Conversation]) -> None:
    assert get_conversation(rows[0].id) == rows[0]
    with pytest.raises(NotFound):
        get_conversation(new_id())
