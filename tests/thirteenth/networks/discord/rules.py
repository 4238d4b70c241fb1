"""What Discord takes: 2,000 characters (developer documentation, "Create Message"), ten files of 10 MiB."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.discord.info import INFO

from kaja.networks.kit.connector import Count
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.ruleset import Ruleset

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


def _count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    return Count(len(text), CHARACTERS, "characters")


RULES = Ruleset(INFO, _count, lambda facts: (MESSAGE,))
