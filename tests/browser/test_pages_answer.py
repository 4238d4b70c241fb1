"""Every page answers, complains of nothing and fits a phone; in every run, where `test_every_page.py` takes minutes."""

from typing import Any

from tests.browser.album import Album
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.looking import SMALL, look
from tests.browser.places import FILLED, PLACES, SIGNED_OUT, fill


def test_every_page_answers(open_window: OpenWindow, album: Album, scenes: dict[str, Any], console: Watched) -> None:
    wrong: list[str] = []
    page = open_window(scenes["cookies"]["en"])
    for place in (*PLACES, *FILLED):
        answer = page.goto(fill(place, scenes["three"]))
        if answer is not None and answer.status != 200:
            wrong.append(f"{place.label()}: answers {answer.status}")
        wrong += look(page, album, place, "three", (SMALL,))
        wrong += [f"{place.label()}: console: {line}" for line in console.complaints()]
        console.said.clear()
    assert wrong == [], "\n".join(wrong)


def test_every_page_answers_whoever_is_signed_out(open_window: OpenWindow, album: Album, console: Watched) -> None:
    console.allow("404")  # an invitation that nobody made
    page = open_window()
    wrong: list[str] = []
    for place in SIGNED_OUT:
        page.goto(place.path)
        wrong += look(page, album, place, "nobody", (SMALL,))
    assert wrong == [], "\n".join(wrong)
