"""The catalogues and what the sources say, read once."""

import re
from functools import cache

import polib
from tools import messages

LANGUAGES = tuple(messages.PLURALS)
PLACE = re.compile(r"%\(\w+\)[-+ #0]*[\d.]*[a-z]|\{\w+\}|</?[a-z][^>]*>|%%")


@cache
def sources() -> dict[messages.Key, messages.Message]:
    return messages.collect()


@cache
def catalogue(language: str) -> polib.POFile:
    return polib.pofile(str(messages.catalogue_path(language)))


def entries(language: str) -> list[polib.POEntry]:
    return [entry for entry in catalogue(language) if not entry.obsolete]


def forms(entry: polib.POEntry) -> list[str]:
    """What the translators wrote, in every plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def said(entry: polib.POEntry) -> str:
    """How a failing test names an entry."""
    return f"{entry.msgid[:90]!r} ({', '.join(place for place, _line in entry.occurrences[:3])})"
