"""Whether a text that stands on a network may be one of ours: servers rewrite what they are given, within limits."""

import re
import unicodedata
from difflib import SequenceMatcher

from kaja.networks.kit.text import find_links

ALIKE = 0.8
"""From this similarity on, another text may be ours after the server's rewriting."""
_NUMBER = re.compile(r"\d+")


def letters_of(text: str) -> str:
    """The letters and digits: what survives every server's rendering."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LN")


def are_alike(ours: str, theirs: str) -> bool:
    """Nearly the same letters."""
    matcher = SequenceMatcher(None, ours, theirs, autojunk=False)
    # The first two are upper bounds that cost little.
    return matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE and matcher.ratio() >= ALIKE


def differ_in_numbers(ours: str, theirs: str) -> bool:
    """Each has a number that the other lacks ("Day 12", "Day 13"): a server may drop one, and makes up none."""
    one, other = _numbers_of(ours), _numbers_of(theirs)
    return bool(one - other) and bool(other - one)


def could_be_same(ours: str, theirs: str) -> bool:
    """Whether a look at the network might take one text for the other."""
    one, other = letters_of(ours), letters_of(theirs)
    if one == other:
        return True
    return are_alike(one, other) and not differ_in_numbers(ours, theirs)


def _numbers_of(text: str) -> set[str]:
    """Outside of links, which servers shorten."""
    for start, end in reversed(find_links(text)):
        text = text[:start] + " " + text[end:]
    return set(_NUMBER.findall(unicodedata.normalize("NFKC", text)))
