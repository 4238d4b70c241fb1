"""Lists of one make: filters and place from the address, one page of rows, what stands where there are none.

A listing says what a list is; it asks nobody itself. Its `rows` are a query of the rooms below, which knows how to
filter and to cut a page; so the same query serves commands and calls, and each page of a list costs the same number of
queries (`tests/web/test_listings.py` counts them for every listing that there is).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy

from kaja.kernel.pages import PAGE, Page
from kaja.publishing.choices import Choice
from kaja.web.kit.filters import Filter, Menu, draw_filters
from kaja.web.workspace import WorkspaceRequest

T = TypeVar("T")


@dataclass(frozen=True)
class Empty:
    """What stands where there is nothing: what will be here, and the first step."""

    icon: str
    title: Any
    text: Any = ""
    href: str = ""
    word: Any = ""


NOTHING_FURTHER = Empty("", gettext_lazy("There is nothing further."))


@dataclass(frozen=True)
class Column:
    """One column of a list that is a table."""

    word: Any
    css: str = ""


@dataclass(frozen=True)
class Asked:
    """What a list is asked for."""

    request: WorkspaceRequest
    cursor: str
    limit: int
    chosen: Mapping[str, str]
    about: Mapping[str, Any]
    """What the view says beside: whose list it is."""


@dataclass(frozen=True)
class Pager:
    """Where the pages before and after are; empty where there is none."""

    first: str = ""
    following: str = ""


@dataclass(frozen=True)
class Shown(Generic[T]):
    """A list as it is drawn."""

    listing: "Listing[T]"
    rows: Sequence[T]
    pager: Pager = Pager()
    menus: Sequence[Menu] = ()
    clear: str = ""
    """The address without filters, where there are some."""
    empty: Empty = Empty("circle", "")
    """What stands there when there are no rows."""


LISTINGS: dict[str, "Listing[Any]"] = {}
"""Every list of the screen, by its name."""


@dataclass(frozen=True)
class Listing(Generic[T]):
    """`name` is the id of the list on its page; `cursor` its place in the address, another one for each list of a page.

    `choices` gives what each filter has to choose from; values that are none of these are taken for no filter.
    """

    name: str
    rows: Callable[[Asked], Page[T]]
    empty: Empty
    columns: tuple[Column, ...] = ()
    filters: tuple[Filter, ...] = ()
    choices: Callable[[WorkspaceRequest], Mapping[str, Sequence[Choice]]] | None = None
    unmatched: Empty | None = None
    page_size: int = PAGE
    cursor: str = "after"
    newest_first: bool = False
    selects: bool = False
    """Whether rows can be selected, for a bar below (`{% bulk %}`) with the id of the list and `-bulk`."""

    def __post_init__(self) -> None:
        if self.name in LISTINGS:
            raise ValueError(f"two lists with the name {self.name}")
        LISTINGS[self.name] = self

    def read(self, request: WorkspaceRequest, *, at: str = "", empty: Empty | None = None, **about: Any) -> Shown[T]:
        """The page of the list that the address asks for. Raises Refused for a cursor that is none of ours.

        `at` is where the page can be had again, when it also answers a form that was sent elsewhere; `empty` is for
        what depends on who looks.
        """
        choices = self.choices(request) if self.choices and self.filters else {}
        chosen = {
            each.name: value
            for each in self.filters
            if (value := request.GET.get(each.name, ""))
            and any(choice.value == value for choice in choices.get(each.name, ()))
        }
        cursor = request.GET.get(self.cursor, "")
        page = self.rows(Asked(request, cursor, self.page_size, chosen, about))

        def address(**changes: str) -> str:
            """This page with something else in its address; the places of other lists on it stay."""
            kept = {name: value for name, value in request.GET.items() if name != self.cursor} | changes
            return f"{at}?" + urlencode({name: value for name, value in kept.items() if value}) + self._anchor()

        pager = Pager(
            address() if cursor else "", address(**{self.cursor: page.next_cursor}) if page.next_cursor else ""
        )
        menus = draw_filters(self.filters, choices, chosen, lambda name, value: address(**{name: value}))
        clear = address(**dict.fromkeys(chosen, "")) if chosen else ""
        return Shown(self, page.rows, pager, menus, clear, self._empty(empty or self.empty, cursor, clear))

    def _empty(self, usual: Empty, cursor: str, clear: str) -> Empty:
        if clear and self.unmatched:
            return self.unmatched
        # The last rows of a page may have gone while somebody looked at the one before.
        return replace(NOTHING_FURTHER, icon=usual.icon) if cursor else usual

    def _anchor(self) -> str:
        """Several lists of a page: the next page of one begins where it stands."""
        return "" if self.cursor == "after" else f"#{self.name}"
