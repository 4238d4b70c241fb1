"""What the practice network takes, known before anything is sent. The server's own rules stand in its API."""

from collections.abc import Iterator, Mapping
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit import findings
from kaja.networks.kit.connector import Count, Facts, Segment
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.media import ImageRules, warn_of_thin
from kaja.networks.kit.text import split_text

NETWORK = "Practice"
DEFAULTS: Mapping[str, Any] = {
    "max_characters": 500,
    "max_title": 200,
    "max_alt": 1500,
    "max_images": 4,
    "max_videos": 1,
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
    return findings.link_segments(text)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the network would refuse, and what is better fixed."""
    problems = [
        *findings.find_empty(draft),
        *findings.find_long_texts(draft, get_limit(facts, "max_characters"), NETWORK),
    ]
    for index, part in enumerate(draft.parts):
        problems += _media_problems(part.media, facts, f"parts.{index}.media")
    for option in ("title", "content_warning"):
        text, limit = str(draft.options.get(option) or ""), get_limit(facts, "max_title")
        problems += findings.find_too_long(text, limit, f"options.{option}", NETWORK)
    return problems


def _media_problems(media: tuple[Media, ...], facts: Facts, field: str) -> Iterator[Problem]:
    videos = [item for item in media if item.kind == "video"]
    images = get_limit(facts, "max_images")
    if len(media) - len(videos) > images or len(videos) > 1 or (videos and len(media) > 1):
        yield Problem(
            "too_many_media",
            gettext_noop("A post takes %(images)s images or one video here."),
            field=field,
            fix=gettext_noop("Take some out, or put them into the next part of a thread."),
            params={"images": images},
        )
    for index, item in enumerate(media):
        yield from _medium_problems(item, facts, f"{field}.{index}")


def _medium_problems(item: Media, facts: Facts, field: str) -> Iterator[Problem]:
    sort = "video" if item.kind == "video" else "image"
    yield from findings.find_strange_type(item, get_limit(facts, f"{sort}_types"), field)
    yield from findings.find_too_large(item, get_limit(facts, f"max_{sort}_bytes"), field)
    yield from warn_of_thin(item, ImageRules(1).max_side, NETWORK, field)
    yield from findings.find_missing_alt(item, field)
    yield from findings.find_too_long(item.alt, get_limit(facts, "max_alt"), f"{field}.alt", NETWORK)
