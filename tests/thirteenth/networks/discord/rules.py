"""What Discord takes: 2,000 characters (developer documentation, "Create Message"), ten files of 10 MiB."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.discord.api import NETWORK

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Count, Facts, OptionField, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.findings import find_usual, link_segments
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.media import ImageRules
from kaja.networks.kit.text import split_text

CHARACTERS = 2000
FILE_BYTES = 10 * 1024 * 1024
PICTURES = ImageRules(FILE_BYTES, max_side=4096)


MOVING = FileRule(("image/gif", "video/mp4", "video/webm"), max_bytes=FILE_BYTES)
MESSAGE = Format(
    "feed",
    "Message",
    MediaRule(
        {"image": FileRule(), "gif": MOVING, "video": MOVING},
        most=10,
        video_alone=False,
        max_side=PICTURES.max_side,
    ),
)


def formats(facts: Facts) -> tuple[Format, ...]:
    return (MESSAGE,)


def options(draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
    return ()


def check(draft: Draft, facts: Facts) -> list[Problem]:
    return list(find_usual(draft, MESSAGE, (), NETWORK, lambda text: count(text, facts, draft.options)))


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    return Count(len(text), CHARACTERS, "characters")


def split(text: str, facts: Facts) -> list[str]:
    return split_text(text, lambda part: len(part) <= CHARACTERS, window=CHARACTERS + 1)


def segments(text: str, facts: Facts) -> list[Segment]:
    return link_segments(text)
