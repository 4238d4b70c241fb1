"""What is due when stands with each conversation, and orders the list."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from kaja.inbox.models import Conversation
from kaja.inbox.queries import Filters, list_conversations, page_conversations
from kaja.inbox.targets.follow import follow_waits, mark_due
from kaja.inbox.targets.models import NEVER, AnswerWait
from kaja.kernel import clock
from kaja.workspaces.models import Workspace
from tests.inbox.targets.test_following import MONDAY, TALLINN, begin, channel, promise, say, set_state, talk

__all__ = ["channel", "talk"]
NOBODY = UUID(int=0)


def due_of(talk: Conversation) -> datetime:
    return Conversation.objects.get(id=talk.id).due_at


def test_the_first_that_is_due_stands_with_the_conversation(in_workspace: Workspace, talk: Conversation) -> None:
    assert talk.due_at == NEVER
    promise(in_workspace, resolution_minutes=600)
    say(talk, 7 * 60 + 30, "in")  # 17:30, an hour is promised, hours end at 18:00
    follow_waits([talk.id])
    assert due_of(talk) == datetime(2026, 11, 24, 9, 30, tzinfo=TALLINN)
    say(talk, 23 * 60 + 10, "out")
    follow_waits([talk.id])
    resolution = AnswerWait.objects.get(measure="resolution")
    assert due_of(talk) == resolution.due_at  # what is left of it
    set_state(talk, 23 * 60 + 20, "done")
    follow_waits([talk.id])
    assert due_of(talk) == NEVER


def test_the_hours_in_which_nobody_is_there_are_kept_as_they_were_promised(
    in_workspace: Workspace, talk: Conversation
) -> None:
    target = promise(in_workspace, closed=["2026-11-24"])
    say(talk, 7 * 60 + 30, "in")
    follow_waits([talk.id])
    target.week = None
    target.save()
    follow_waits([talk.id])
    pauses = AnswerWait.objects.get(measure="first").pauses
    night = (datetime(2026, 11, 23, 18, tzinfo=TALLINN), datetime(2026, 11, 25, 9, tzinfo=TALLINN))
    assert pauses == [[int(moment.timestamp()) for moment in night]]
    [listed] = list_conversations(Filters(), NOBODY)
    promises: Any = listed.promises  # type: ignore[attr-defined]
    assert [(each["measure"], each["pauses"]) for each in promises] == [("first", pauses)]


def test_around_the_clock_nobody_pauses(in_workspace: Workspace, talk: Conversation) -> None:
    promise(in_workspace, week=None, first_minutes=3 * 24 * 60)
    say(talk, 0, "in")
    follow_waits([talk.id])
    assert AnswerWait.objects.get(measure="first").pauses == []


@pytest.fixture
def seven(channel: Any) -> list[Conversation]:
    """Due in -2, -1, ... minutes and hours; the last two never, the newest first."""
    made = [begin(channel, f"t{number}") for number in range(7)]
    ahead = [timedelta(hours=-1), timedelta(minutes=5), timedelta(minutes=50), timedelta(hours=5), timedelta(days=2)]
    for each, span in zip(made, ahead, strict=False):
        AnswerWait.objects.create(
            conversation=each, channel=channel, measure="first", begun_at=MONDAY, due_at=clock.now() + span
        )
    Conversation.objects.filter(id=made[5].id).update(last_at=MONDAY - timedelta(days=1))
    mark_due([each.id for each in made])
    return made


def test_pages_follow_each_other_what_is_due_first(seven: list[Conversation]) -> None:
    found: list[UUID] = []
    cursor = ""
    while True:
        page = page_conversations(Filters(due_first=True), NOBODY, cursor, 2)
        found += [row.id for row in page.rows]
        if not (cursor := page.next_cursor):
            break
    never = [seven[6].id, seven[5].id]
    assert found == [row.id for row in seven[:5]] + never


@pytest.mark.parametrize(("due", "number"), [("late", 1), ("hour", 3), ("day", 4), ("", 7)])
def test_what_is_due_soon(seven: list[Conversation], due: Any, number: int) -> None:
    assert list_conversations(Filters(due=due), NOBODY).count() == number


def test_an_index_has_the_order(seven: list[Conversation]) -> None:
    rows = Conversation.objects.filter(workspace_id=seven[0].workspace_id).order_by("due_at", "-last_at", "-id")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off")
    assert "conversation_due" in rows[:50].explain()


def test_nothing_is_written_where_nothing_changed(seven: list[Conversation]) -> None:
    seen = []
    for _ in range(2):
        with connection.cursor() as cursor:
            cursor.execute("SELECT ctid::text FROM inbox_conversation WHERE id = %s", [seven[0].id])
            seen.append(cursor.fetchone()[0])
        mark_due([each.id for each in seven])
    assert seen[0] == seen[1]
    assert due_of(seven[6]) == datetime(9000, 1, 1, tzinfo=UTC)
