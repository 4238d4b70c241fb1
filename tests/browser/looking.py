"""Looking at what a window shows: nothing wider than it, nothing that axe-core finds, a picture for the album."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.browser.album import Album
from tests.browser.axe import list_violations
from tests.browser.places import Place


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

WIDER = """() => document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll("body *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && getComputedStyle(e).position !== "fixed")
  .slice(0, 3).map((e) => e.outerHTML.slice(0, 120))"""


# A size holds from the next frame on: until then the rules of the old one are applied.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


def look(page: Page, album: Album, place: Place, scene: str, views: Iterable[View]) -> list[str]:
    """Everything that is wrong with what the window shows, at each size and in each theme."""
    wrong = []
    theme = None
    for view in views:
        page.emulate_media(color_scheme=view.theme, reduced_motion="reduce")
        page.set_viewport_size({"width": view.width, "height": view.height})
        page.evaluate(DRAWN)
        if view.axe and theme != view.theme:
            # As somebody sees it who comes with this theme; a change under way mixes the colours of both.
            page.reload()
        theme = view.theme
        wrong += judge(page, album, place.label(), scene, view)
    return wrong


def judge(page: Page, album: Album, name: str, scene: str, view: View, root: str = "") -> list[str]:
    """What is wrong now, at the size and in the theme that the window has already."""
    where = f"{name} {scene} {view.label()}"
    wrong = [f"{where}: wider than the window: {each}" for each in page.evaluate(WIDER)]
    if view.axe:
        # At full height: what a bar at the foot covers now can be scrolled away from under it.
        height = page.evaluate("Math.max(innerHeight, document.documentElement.scrollHeight)")
        page.set_viewport_size({"width": view.width, "height": min(height, 6000)})
        found = list_violations(page, root)
        if found:  # a button that is just being enabled has the colours of neither state: what stays counts
            page.wait_for_timeout(1000)
            found = list_violations(page, root)
        wrong += [f"{where}: {each}" for each in found]
        page.set_viewport_size({"width": view.width, "height": view.height})
    album.keep(page, name, f"{scene}-{view.label()}")
    return wrong
