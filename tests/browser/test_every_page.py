"""Every page, in every state worth a look: axe-core finds nothing, the console is empty, nothing sticks out.

Leaves `screenshots-review/pages/index.html` for people to look through.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLResolver, get_resolver

from tests.browser.album import Album
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.looking import EVENING, LARGE, MIDDLE, NIGHT, SMALL, look
from tests.browser.places import (
    BEHIND_A_SECOND_FACTOR,
    FILLED,
    IN_A_STATE_OF_ITS_OWN,
    NOT_PAGES,
    ONLY,
    PLACES,
    PRACTICE,
    SIGNED_OUT,
    Place,
    fill,
)
from tests.browser.stack import Stack
from tests.suite.lanes import AREAS

LANGUAGES = {"three": "en", "three-ru": "ru", "three-zh": "zh-hant", "three-et": "et", "many": "en", "none": "ru"}
# What is looked at how: every width and theme with three of everything, the rest where it differs most.
LOOKS = {
    "three": (LARGE, EVENING, MIDDLE, SMALL, NIGHT),
    "none": (LARGE, SMALL),
    "many": (LARGE, SMALL),
    "three-ru": (MIDDLE, NIGHT),
    "three-zh": (MIDDLE, SMALL),
    "three-et": (MIDDLE, SMALL),
}


def places_of(scene: str) -> list[Place]:
    """Every page with three of everything; elsewhere those that look different."""
    if scene == "three":
        places = [*PLACES, *FILLED]
    elif scene == "none":
        places = list(PLACES)
    else:
        places = [place for place in PLACES if place.crowded] + (list(FILLED) if scene.startswith("three") else [])
    return [place for place in places if not ONLY or place.route.partition(":")[0] in ONLY]


@pytest.mark.parametrize("scene", LOOKS)
def test_pages_of_a_workspace(
    open_window: OpenWindow, album: Album, scenes: dict[str, Any], scene: str, console: Watched
) -> None:
    page = open_window(scenes["cookies"][LANGUAGES[scene]])
    wrong: list[str] = []
    for place in places_of(scene):
        answer = page.goto(fill(place, scenes[scene]))
        if answer is not None and answer.status != 200:
            wrong.append(f"{place.label()} {scene}: answers {answer.status}")
        wrong += look(page, album, place, scene, LOOKS[scene])
        wrong += [f"{place.label()} {scene}: console: {line}" for line in console.complaints()]
        console.said.clear()
    assert wrong == [], "\n".join(wrong)


def test_pages_of_nobody(open_window: OpenWindow, album: Album, scenes: dict[str, Any], console: Watched) -> None:
    console.allow("404")  # an invitation that nobody made
    page = open_window()
    wrong: list[str] = []
    for place in SIGNED_OUT:
        page.goto(place.path)
        wrong += look(page, album, place, "nobody", (LARGE, NIGHT))
    assert wrong == [], "\n".join(wrong)


def test_pages_of_the_practice_network(open_window: OpenWindow, kaja: Stack, album: Album) -> None:
    page = open_window()
    token = kaja.practice.account("Blue Door")
    told = kaja.practice.post(token, "Fresh bread https://door.test").json()
    path = told["url"].removeprefix(kaja.practice.url)
    account = Place("practice", path.rpartition("/")[0], name="practice-account")
    wrong: list[str] = []
    for place in (*PRACTICE, account, Place("practice", path, name="practice-post")):
        answer = page.goto(kaja.practice.url + place.path)
        assert answer is not None
        assert answer.status == 200, place
        wrong += look(page, album, place, "practice", (LARGE, NIGHT))
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("area", AREAS)
def test_every_area_of_the_lane_has_pages(area: str) -> None:
    """Otherwise a change there would be looked at nowhere."""
    assert any(place.route.startswith(f"{area}:") for place in (*PLACES, *FILLED))


def routes() -> Iterator[str]:
    """Every named route of the screen."""

    def inside(resolver: URLResolver, namespace: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from inside(entry, entry.namespace or namespace)
            elif entry.name:
                yield f"{namespace}:{entry.name}" if namespace else entry.name

    yield from (name for name in inside(get_resolver(), "") if not name.startswith("api"))


def test_no_page_is_forgotten() -> None:
    """A route that answers GET with a page is looked at above, or stands in a list with the reason why not."""
    looked_at = {place.route for place in (*PLACES, *FILLED, *SIGNED_OUT)} | BEHIND_A_SECOND_FACTOR
    known = looked_at | IN_A_STATE_OF_ITS_OWN | NOT_PAGES.keys()
    forgotten = [name for name in routes() if name not in known and not only_posts(name)]
    assert forgotten == []


def only_posts(name: str) -> bool:
    """Whether a view refuses GET, which its decorators say."""
    from django.test import RequestFactory

    views = {}

    def inside(resolver: URLResolver, namespace: str) -> None:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                inside(entry, entry.namespace or namespace)
            elif entry.name:
                views[f"{namespace}:{entry.name}" if namespace else entry.name] = entry.callback

    inside(get_resolver(), "")
    try:
        answer = views[name](RequestFactory().get("/"))
    except Exception:  # noqa: BLE001 - it went past the method and missed a signed-in person
        return False
    return bool(answer.status_code == 405)
