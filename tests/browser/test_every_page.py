"""Every page, in every state worth a look: nothing for axe-core to find, nothing in the console, nothing that sticks out.

Leaves `screenshots-review/index.html` for people to look through.
"""

from collections.abc import Iterator
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


LARGE, MIDDLE, SMALL, NIGHT = (
    View(1440, 900, "light", axe=True), View(1024, 768, "light"), View(390, 844, "light"), View(390, 844, "dark", axe=True),
)  # fmt: skip
EVENING = View(1440, 900, "dark")
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


def look(page: Page, album: Album, place: Place, scene: str, view: View) -> list[str]:
    """Everything that is wrong with what the window shows."""
    where = f"{place.label()} {scene} {view.label()}"
    wrong = []
    wide: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
        .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "fixed")
        .slice(0, 3).map((e) => e.outerHTML.slice(0, 120))"""
    )
    wrong += [f"{where}: wider than the window: {each}" for each in wide]
    if view.axe:
        wrong += [f"{where}: {each}" for each in list_violations(page)]
    album.keep(page, place.label(), f"{scene}-{view.label()}")
    return wrong


def walk(
    open_window: OpenWindow, album: Album, scenes: dict[str, Any], scene: str, view: View, console: Watched
) -> list[str]:
    cookie = scenes["cookies"][LANGUAGES[scene]]
    page = open_window(cookie, viewport={"width": view.width, "height": view.height}, color_scheme=view.theme)
    places = [place for place in (*PLACES, *FILLED) if scene.startswith("three")]
    if scene in ("none", "many"):
        places = [place for place in PLACES if place.crowded or scene == "none"]
    wrong: list[str] = []
    for place in places:
        answer = page.goto(fill(place, scenes[scene]))
        page.wait_for_load_state("load")
        if answer is not None and answer.status != 200:
            wrong.append(f"{place.label()} answers {answer.status}")
        wrong += look(page, album, place, scene, view)
        wrong += [f"{place.label()} {scene}: console: {line}" for line in console.complaints()]
        console.said.clear()
    return wrong


@pytest.mark.parametrize(
    ("scene", "view"), [(scene, view) for scene, views in LOOKS.items() for view in views],
    ids=lambda value: value if isinstance(value, str) else value.label(),
)  # fmt: skip
def test_pages_of_a_workspace(
    open_window: OpenWindow, album: Album, scenes: dict[str, Any], scene: str, view: View, console: Watched
) -> None:
    wrong = walk(open_window, album, scenes, scene, view, console)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("view", [LARGE, NIGHT], ids=View.label)
def test_pages_of_nobody(
    open_window: OpenWindow, album: Album, scenes: dict[str, Any], view: View, console: Watched
) -> None:
    console.allow("404")  # an invitation that nobody made
    page = open_window(viewport={"width": view.width, "height": view.height}, color_scheme=view.theme)
    wrong: list[str] = []
    for place in SIGNED_OUT:
        page.goto(place.path)
        wrong += look(page, album, place, "nobody", view)
    assert wrong == [], "\n".join(wrong)


@pytest.mark.parametrize("view", [LARGE, NIGHT], ids=View.label)
def test_pages_of_the_practice_network(
    open_window: OpenWindow, kaja: Stack, album: Album, scenes: dict[str, Any], view: View
) -> None:
    page = open_window(viewport={"width": view.width, "height": view.height}, color_scheme=view.theme)
    token = kaja.practice.account("Blue Door")
    told = kaja.practice.post(token, "Fresh bread https://door.test").json()
    accounts = Place(
        "practice", told["url"].rpartition("/")[0].removeprefix(kaja.practice.url), name="practice-account"
    )
    post = Place("practice", told["url"].removeprefix(kaja.practice.url), name="practice-post")
    wrong: list[str] = []
    for place in (*PRACTICE, accounts, post):
        answer = page.goto(kaja.practice.url + place.path)
        assert answer is not None
        assert answer.status == 200, place
        wrong += look(page, album, place, "practice", view)
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
    from django.urls import resolve

    looked_at = {place.route for place in (*PLACES, *FILLED, *SIGNED_OUT)}
    known = looked_at | NOT_PAGES.keys()
    assert resolve("/ui").url_name == "ui"
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
