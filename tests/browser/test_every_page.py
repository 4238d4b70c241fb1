"""Every page, in every state worth a look: axe-core finds nothing, the console is empty, nothing sticks out.

Leaves `screenshots-review/index.html` for people to look through.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import Page

from tests.browser.album import Album
from tests.browser.axe import list_violations
from tests.browser.conftest import OpenWindow, Watched
from tests.browser.places import FILLED, NOT_PAGES, PLACES, PRACTICE, SIGNED_OUT, Place, fill
from tests.browser.stack import Stack

LANGUAGES = {"three": "en", "three-ru": "ru", "three-zh": "zh-hant", "many": "en", "none": "ru"}


@dataclass(frozen=True)
class View:
    """A size of the window and a theme; `axe` where axe-core is asked too (it does not depend on the width alone)."""

    width: int
    height: int
    theme: Any
    axe: bool = False

    def label(self) -> str:
        return f"{self.width}-{self.theme}"


LARGE, EVENING = View(1440, 900, "light", axe=True), View(1440, 900, "dark")
MIDDLE = View(1024, 768, "light")
SMALL, NIGHT = View(390, 844, "light"), View(390, 844, "dark", axe=True)
# What is looked at how: every width and theme with three of everything, the rest where it differs most.
LOOKS = {
    "three": (LARGE, EVENING, MIDDLE, SMALL, NIGHT),
    "none": (LARGE, SMALL),
    "many": (LARGE, SMALL),
    "three-ru": (MIDDLE, NIGHT),
    "three-zh": (MIDDLE, SMALL),
}


@pytest.fixture(scope="module")
def album() -> Iterator[Album]:
    kept = Album()
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def scenes(kaja: Stack) -> dict[str, dict[str, Any]]:
    """What was planted, by scene; the cookies of the people by language."""
    made = kaja.plant("every_page")
    tomorrow = datetime.now(ZoneInfo("Europe/Tallinn")) + timedelta(days=1)
    return {name: {**each, "day": tomorrow.date().isoformat()} for name, each in made.items()}


WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "fixed")
  .slice(0, 3).map((e) => e.outerHTML.slice(0, 120))"""


def look(page: Page, album: Album, place: Place, scene: str, views: Iterable[View]) -> list[str]:
    """Everything that is wrong with what the window shows, at each size and in each theme."""
    wrong = []
    theme = None
    for view in views:
        page.emulate_media(color_scheme=view.theme, reduced_motion="reduce")
        page.set_viewport_size({"width": view.width, "height": view.height})
        if view.axe and theme != view.theme:
            # As somebody sees it who comes with this theme; a change under way mixes the colours of both.
            page.reload()
        theme = view.theme
        where = f"{place.label()} {scene} {view.label()}"
        wrong += [f"{where}: wider than the window: {each}" for each in page.evaluate(WIDER)]
        if view.axe:
            # At full height: what a bar at the foot covers now can be scrolled away from under it.
            height = page.evaluate("Math.max(innerHeight, document.documentElement.scrollHeight)")
            page.set_viewport_size({"width": view.width, "height": min(height, 6000)})
            found = list_violations(page)
            if found:  # a button that is just being enabled has the colours of neither state: what stays counts
                page.wait_for_timeout(1000)
                found = list_violations(page)
            wrong += [f"{where}: {each}" for each in found]
            page.set_viewport_size({"width": view.width, "height": view.height})
        album.keep(page, place.label(), f"{scene}-{view.label()}")
    return wrong


def places_of(scene: str) -> list[Place]:
    """Every page with three of everything; elsewhere those that look different."""
    if scene == "three":
        return [*PLACES, *FILLED]
    if scene == "none":
        return list(PLACES)
    return [place for place in PLACES if place.crowded] + (list(FILLED) if scene.startswith("three") else [])


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


def routes() -> Iterator[str]:
    """Every named route of the screen."""

    def inside(resolver: URLResolver, namespace: str) -> Iterator[str]:
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from inside(entry, entry.namespace or namespace)
            elif isinstance(entry, URLPattern) and entry.name:
                yield f"{namespace}:{entry.name}" if namespace else entry.name

    yield from (name for name in inside(get_resolver(), "") if not name.startswith("api"))


def test_no_page_is_forgotten() -> None:
    """A route that answers GET with a page is looked at above, or stands in a list with the reason why not."""
    looked_at = {place.route for place in (*PLACES, *FILLED, *SIGNED_OUT)}
    known = looked_at | NOT_PAGES.keys()
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
            elif isinstance(entry, URLPattern) and entry.name:
                views[f"{namespace}:{entry.name}" if namespace else entry.name] = entry.callback

    inside(get_resolver(), "")
    try:
        answer = views[name](RequestFactory().get("/"))
    except Exception:  # noqa: BLE001 - it went past the method and missed a signed-in person
        return False
    return bool(answer.status_code == 405)
