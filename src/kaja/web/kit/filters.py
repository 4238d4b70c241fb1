"""Filters of a list or a view: chosen in menus, kept in the address, shown as chips that take them away again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kaja.publishing.choices import Choice


@dataclass(frozen=True)
class Filter:
    """`name` is its place in the address; `clear` says what takes it away, in a whole sentence: a word put into a
    sentence would have the wrong ending in most languages."""

    name: str
    word: Any
    icon: str
    clear: Any


@dataclass(frozen=True)
class Item:
    """One line of a filter's menu, and the address that chooses it."""

    choice: Choice
    href: str
    chosen: bool = False


@dataclass(frozen=True)
class Menu:
    """One filter as it is drawn: a menu, or the chip of what is chosen."""

    filter: Filter
    items: Sequence[Item]
    chosen: Choice | None
    clear: str


def draw_filters(
    filters: Sequence[Filter],
    choices: Mapping[str, Sequence[Choice]],
    chosen: Mapping[str, str],
    address: Callable[[str, str], str],
) -> list[Menu]:
    """The menus of the filters that have anything to choose; `address` is that of the view with another value."""
    menus = []
    for each in filters:
        listed = choices.get(each.name, ())
        value = chosen.get(each.name, "")
        if listed:
            items = [
                Item(choice, address(each.name, "" if choice.value == value else choice.value), choice.value == value)
                for choice in listed
            ]
            present = next((choice for choice in listed if choice.value == value), None)
            menus.append(Menu(each, items, present, address(each.name, "")))
    return menus
