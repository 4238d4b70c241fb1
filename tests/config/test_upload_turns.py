"""Uploads step back for people who wait for pages: one piece at a time, and rests between."""

import threading
from types import SimpleNamespace

import pytest

from kaja.config.bodies import uploads
from kaja.config.bodies.uploads import PAGES_COME, REST, Turn


class Watch:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now, self.spent = 1000.0, 0.0
        self.slept: list[float] = []

    def as_module(self) -> SimpleNamespace:
        return SimpleNamespace(
            monotonic=lambda: self.now, thread_time=lambda: self.spent, sleep=lambda seconds: self.slept.append(seconds)
        )


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(uploads, "time", watch.as_module())
    return watch


def test_a_piece_rests_for_its_work_while_pages_come_and_not_when_nobody_asks(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    turn = Turn()
    for since, rests in ((0.0, [0.25 * REST]), (PAGES_COME - 0.1, [0.25 * REST]), (PAGES_COME, [])):
        monkeypatch.setattr(Turn, "asked", watch.now - since)
        turn.begin()
        watch.spent += 0.25
        turn.end()
        assert watch.slept == rests
        watch.slept.clear()
    turn.end()
    assert watch.slept == [], "what was ended is not ended again"


def test_pieces_wait_for_each_other() -> None:
    first, entered = Turn(), threading.Event()

    def second() -> None:
        turn = Turn()
        turn.begin()
        entered.set()
        turn.end()

    first.begin()
    other = threading.Thread(target=second)
    other.start()
    assert not entered.wait(0.2)
    first.end()
    assert entered.wait(120)
    other.join(120)
