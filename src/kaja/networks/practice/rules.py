"""What the practice network takes, known before anything is sent. The server's own rules stand in its API."""

from collections.abc import Mapping
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Count, Facts, OptionField, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.fields import list_fields
from kaja.networks.kit.findings import find_usual, link_segments
from kaja.networks.kit.formats import FileRule, Format, MediaRule, get_format
from kaja.networks.kit.media import ImageRules
from kaja.networks.kit.text import split_text
from kaja.networks.practice.answers import NETWORK
from kaja.networks.practice.info import INFO

DEFAULTS: Mapping[str, Any] = {
    "max_characters": 500,
    "max_alt": 1500,
    "max_images": 4,
    "max_image_bytes": 8 * 1024 * 1024,
    "max_video_bytes": 40 * 1024 * 1024,
    "image_types": ("image/png", "image/jpeg", "image/gif", "image/webp"),
    "video_types": ("video/mp4", "video/webm"),
}


def get_limit(facts: Facts, name: str) -> Any:
    """A limit as the server told it, or as it is usually."""
    return facts.limits.get(name, DEFAULTS[name])


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """In Unicode code points."""
    return Count(len(text), get_limit(facts, "max_characters"), "characters")


def split(text: str, facts: Facts) -> list[str]:
    limit = get_limit(facts, "max_characters")
    return split_text(text, lambda part: len(part) <= limit, window=limit + 1)


def segments(text: str, facts: Facts) -> list[Segment]:
    """The pages of the practice network link the same addresses."""
    return link_segments(text)


def formats(facts: Facts) -> tuple[Format, ...]:
    moving = FileRule(tuple(get_limit(facts, "image_types")), max_bytes=get_limit(facts, "max_image_bytes"))
    video = FileRule(tuple(get_limit(facts, "video_types")), max_bytes=get_limit(facts, "max_video_bytes"))
    media = MediaRule(
        {"image": FileRule(), "gif": moving, "video": video},
        most=get_limit(facts, "max_images"),
        max_side=ImageRules(1).max_side,
        max_alt=get_limit(facts, "max_alt"),
    )
    return (Format("feed", gettext_noop("Post"), media),)


def options(draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
    return list_fields(INFO.options, formats(facts), draft.options, facts)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the network would refuse, and what is better fixed."""
    shown_as = get_format(formats(facts), draft.options)
    fields = options(draft, facts)
    return list(find_usual(draft, shown_as, fields, NETWORK, lambda text: count(text, facts, draft.options)))
