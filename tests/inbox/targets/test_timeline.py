"""Questions and answers, as a conversation tells them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.inbox.targets.timeline import Moment, Waited, list_waits

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
ANNA = UUID(int=1)


def after(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def story(*told: tuple[int, Any]) -> list[Moment]:
    return [Moment(after(minutes), what, ANNA if what in ("out", "done") else None) for minutes, what in told]


@pytest.mark.parametrize(
    ("told", "waits"),
    [
        ([], []),
        ([(0, "out")], []),
        ([(0, "in")], [("first", 0, None), ("resolution", 0, None)]),
        ([(0, "in"), (5, "in"), (9, "out")], [("first", 0, 9), ("resolution", 0, None)]),
        (
            [(0, "in"), (9, "out"), (20, "in"), (50, "out"), (60, "done")],
            [("first", 0, 9), ("resolution", 0, 60), ("next", 20, 50)],
        ),
        # done without a word of ours: nobody waited for an answer
        ([(0, "in"), (7, "done")], [("resolution", 0, 7)]),
        # they come back: a new question, and a new time to be done
        (
            [(0, "in"), (5, "out"), (6, "done"), (30, "in")],
            [("first", 0, 5), ("resolution", 0, 6), ("next", 30, None), ("resolution", 30, None)],
        ),
        # opened again by hand
        ([(0, "in"), (6, "done"), (10, "open"), (12, "done")], [("resolution", 0, 6), ("resolution", 10, 12)]),
        # spam waits for nobody
        ([(0, "in"), (3, "spam")], []),
    ],
)
def test_what_was_waited_for(told: list[tuple[int, Any]], waits: list[tuple[Any, int, int | None]]) -> None:
    found = list_waits(story(*told))
    assert [(each.measure, each.begun_at, each.ended_at) for each in found] == [
        (measure, after(begun), None if ended is None else after(ended)) for measure, begun, ended in waits
    ]
    assert {each.by for each in found if each.ended_at} <= {ANNA}


def test_the_answer_of_the_same_second_is_an_answer() -> None:
    assert list_waits(story((0, "out"), (0, "in")))[0] == Waited("first", NOON, NOON, ANNA)


moments = st.lists(st.builds(Moment, st.integers(0, 500).map(after), st.sampled_from(["in", "out", "done", "spam"])))


@given(moments, st.randoms())
def test_the_order_in_which_it_became_known_does_not_matter(told: list[Moment], chance: Any) -> None:
    once = list_waits(told)
    chance.shuffle(told)
    assert [(w.measure, w.begun_at, w.ended_at) for w in list_waits(told)] == [
        (w.measure, w.begun_at, w.ended_at) for w in once
    ]


@given(moments)
def test_nothing_ends_before_it_begins_and_one_of_a_kind_is_open(told: list[Moment]) -> None:
    waits = list_waits(told)
    assert all(each.ended_at is None or each.ended_at >= each.begun_at for each in waits)
    answers = [each for each in waits if each.measure != "resolution"]
    assert [each.measure for each in answers] == ["first", *["next"] * (len(answers) - 1)][: len(answers)]
    assert sum(each.ended_at is None for each in answers) <= 1
    # one question at a time: each begins when the one before is over
    for before, later in pairwise(answers):
        assert before.ended_at is not None
        assert before.ended_at <= later.begun_at
