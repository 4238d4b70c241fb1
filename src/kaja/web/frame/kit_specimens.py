"""Lists of the living page: every state that a list can be in."""

from functools import cache
from typing import Any

from kaja.kernel.pages import Page
from kaja.networks.registry import CONNECTORS
from kaja.publishing.choices import Choice
from kaja.web.kit.filters import Filter, Item, Menu
from kaja.web.kit.listing import Column, Empty, Listing, Pager, Shown

LONG = "Северо-Западное представительство Общества любителей длинных названий и Donaudampfschifffahrtsgesellschaft"
EMPTY = Empty("lightbulb", "No ideas yet", "What you might post one day is kept here.", "#main", "Write down an idea")
FILTERS = (
    Filter("channel", "Channel", "radio-tower", "Show all channels again"),
    Filter("label", "Label", "tag", "Show all labels again"),
)
NETWORKS = sorted(CONNECTORS)
NAMES = ("Kohvik Kaja", LONG, "קפה")
CHOICES = tuple(Choice(f"#{key}", name, key) for name, key in zip(NAMES, NETWORKS, strict=False))
ROWS = (
    {"id": "a", "name": "Winter menu", "note": "Connected on 22 November"},
    {"id": "b", "name": LONG, "note": LONG},
    {"id": "c", "name": "שלום, זה פוסט שמתחיל מימין", "note": "From right to left"},
    {"id": "d", "name": "迴聲", "note": "Cannot be selected", "off": True},
)


def _listing(name: str, **about: Any) -> Listing[Any]:
    return Listing(f"ui-{name}", lambda asked: Page([]), EMPTY, **about)


def _menus(chosen: Choice | None) -> list[Menu]:
    items = [Item(each, each.value, chosen=each is chosen) for each in CHOICES]
    return [Menu(FILTERS[0], items, chosen, "#main"), Menu(FILTERS[1], items, None, "#main")]


@cache
def list_specimens() -> dict[str, Shown[Any]]:
    """By the state that each shows."""
    many = [{"id": str(n), "name": f"Post number {n}", "note": ""} for n in range(1, 51)]
    return {
        "list": Shown(_listing("list", selects=True), ROWS, Pager("#main", "#main"), _menus(None)),
        "filtered": Shown(
            _listing("filtered", unmatched=Empty("search", "Nothing here matches the filters.")),
            (),
            menus=_menus(CHOICES[1]),
            clear="#main",
            empty=Empty("search", "Nothing here matches the filters."),
        ),
        "empty": Shown(_listing("empty"), (), empty=EMPTY),
        "many": Shown(_listing("many", newest_first=True), many, Pager("", "#main")),
        "table": Shown(
            _listing("table", columns=(Column("Post"), Column("State"), Column("Likes", "number"))),
            ROWS,
            Pager("#main"),
        ),
    }
