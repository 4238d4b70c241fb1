"""One running Kaja for all tests of this folder, and browsers that look at it and fail on anything they complain of."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.album import Album
from tests.browser.layers import Layer
from tests.browser.places import ONLY
from tests.browser.stack import PACE, Stack
from tests.chromium import PATIENCE

FIRST = "test_first_visit.py"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """An installation is visited for the first time only once, so that test comes before those that need people."""
    here = Path(__file__).parent
    own = [item for item in items if here in item.path.parents]
    places = [place for place, item in enumerate(items) if here in item.path.parents]
    own.sort(key=lambda item: item.path.name != FIRST)
    for place, item in zip(places, own, strict=True):
        items[place] = item
        item.add_marker(pytest.mark.browser)
    if ONLY and (elsewhere := [item for item in own if area_of(item) not in {*ONLY, ""}]):
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in elsewhere]


def area_of(item: pytest.Item) -> str:
    """Of the layer that is opened; empty for a test of something else."""
    layer = (
        item.callspec.params.get("layer") if isinstance(item, pytest.Function) and hasattr(item, "callspec") else None
    )
    return layer.area if isinstance(layer, Layer) else ""


@pytest.fixture(scope="session")
def kaja(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`kaja up`, empty at first."""
    stack = Stack(tmp_path_factory.mktemp("kaja"), **PACE, KAJA_UI_PAGE="1", KAJA_WORKSPACE_MAKERS="everybody")
    yield stack
    stack.stop()


class Watched:
    """What the browser's console said in the windows of one test."""

    def __init__(self) -> None:
        self.said: list[str] = []
        # Windows that only look keep no worker (see `open_window`), and the browser says so on each page.
        self.allowed: list[str] = ["Service Worker registration blocked by Playwright"]

    def watch(self, context: BrowserContext) -> None:
        context.on("console", lambda m: self.said.append(m.text) if m.type in ("error", "warning") else None)
        context.on("weberror", lambda error: self.said.append(str(error.error)))

    def allow(self, pattern: str) -> None:
        """The test does something that a browser rightly reports (a form that is refused with 422)."""
        self.allowed.append(pattern)

    def complaints(self) -> list[str]:
        return [line for line in self.said if not any(re.search(pattern, line) for pattern in self.allowed)]


@pytest.fixture
def console() -> Iterator[Watched]:
    watched = Watched()
    yield watched
    assert watched.complaints() == []


OpenWindow = Callable[..., Page]


@pytest.fixture
def open_window(chromium: Browser, kaja: Stack, console: Watched) -> Iterator[OpenWindow]:
    """`open_window(cookie)`: a page of a new browser, signed in where a cookie is given."""
    opened: list[BrowserContext] = []

    def open_one(cookie: str = "", **options: Any) -> Page:
        settings: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"}
        settings["timezone_id"] = "Europe/Tallinn"
        settings["service_workers"] = "block"  # the page is looked at; tests/web/app looks at the worker
        settings["reduced_motion"] = "reduce"  # nothing is half way when somebody looks
        context = chromium.new_context(**{"base_url": kaja.url, **settings, **options})
        context.set_default_timeout(PATIENCE)
        console.watch(context)
        if cookie:
            context.add_cookies([{"name": "kaja_session", "value": cookie, "url": kaja.url}])
        opened.append(context)
        return context.new_page()

    yield open_one
    for context in opened:
        context.close()


@pytest.fixture(scope="session")
def album() -> Iterator[Album]:
    """The pictures of all tests that look at pages."""
    kept = Album()
    yield kept
    kept.close()


@pytest.fixture(scope="session")
def scenes(kaja: Stack) -> dict[str, dict[str, Any]]:
    """What was planted for the walk through every page, by scene; the cookies of the people by language."""
    made = kaja.plant("every_page")
    tomorrow = datetime.now(ZoneInfo("Europe/Tallinn")) + timedelta(days=1)
    return {name: {**each, "day": tomorrow.date().isoformat()} for name, each in made.items()}
