"""What Discord takes: 2,000 characters (developer documentation, "Create Message"), ten files of 10 MiB."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.discord.api import NETWORK

from kaja.kernel.problems import Problem
from kaja.networks.kit import findings
from kaja.networks.kit.connector import Count, Facts, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.media import ImageRules, warn_of_thin
from kaja.networks.kit.text import split_text

CHARACTERS = 2000
FILE_BYTES = 10 * 1024 * 1024
PICTURES = ImageRules(FILE_BYTES, max_side=4096)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    found = [*findings.find_empty(draft), *findings.find_long_texts(draft, CHARACTERS, NETWORK)]
    for index, part in enumerate(draft.parts):
        for position, media in enumerate(part.media):
            field = f"parts.{index}.media.{position}"
            found += findings.find_strange_type(media, ("image/gif", "video/mp4", "video/webm"), field)
            found += findings.find_too_large(media, FILE_BYTES, field)
            found += warn_of_thin(media, PICTURES.max_side, NETWORK, field)
            found += findings.find_missing_alt(media, field)
    return found


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    return Count(len(text), CHARACTERS, "characters")


def split(text: str, facts: Facts) -> list[str]:
    return split_text(text, lambda part: len(part) <= CHARACTERS, window=CHARACTERS + 1)


def segments(text: str, facts: Facts) -> list[Segment]:
    return findings.link_segments(text)
