"""What the practice network takes, known before anything is sent. The server's own rules stand in its API."""

from collections.abc import Iterator, Mapping
from typing import Any

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Count, Facts, Segment
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.media import ImageRules, warn_of_thin
from kaja.networks.kit.text import find_links, split_text

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
    """Links only; the pages of the practice network link the same addresses."""
    found: list[Segment] = []
    done = 0
    for start, end in find_links(text):
        found += [Segment(text[done:start]), Segment(text[start:end], "link", text[start:end])]
        done = end
    return [segment for segment in (*found, Segment(text[done:])) if segment.text]


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the network would refuse, and what is better mended."""
    problems: list[Problem] = []
    for index, part in enumerate(draft.parts):
        if not part.text.strip() and not part.media:
            problems.append(
                Problem(
                    "empty",
                    gettext_noop("There is nothing to post here."),
                    field=f"parts.{index}.text",
                    fix=gettext_noop("Write a text or add an image."),
                )
            )
        problems += _too_long(part.text, get_limit(facts, "max_characters"), f"parts.{index}.text")
        problems += _media_problems(part.media, facts, f"parts.{index}.media")
    problems += _too_long(draft.first_comment, get_limit(facts, "max_characters"), "first_comment")
    for option in ("title", "content_warning"):
        problems += _too_long(str(draft.options.get(option) or ""), get_limit(facts, "max_title"), f"options.{option}")
    return problems


def _too_long(text: str, limit: int, field: str) -> Iterator[Problem]:
    if len(text) > limit:
        yield Problem(
            "too_long",
            gettext_noop("This text has %(used)s characters; %(network)s takes %(limit)s."),
            field=field,
            fix=gettext_noop("Shorten it by %(over)s, or make it a thread."),
            params={"used": len(text), "limit": limit, "over": len(text) - limit, "network": "Practice"},
        )


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
    # Pictures of another type are converted and large ones made smaller while they are sent.
    if item.kind != "image" and item.mime not in get_limit(facts, f"{sort}_types"):
        yield Problem(
            "media_type",
            gettext_noop("Files of the type %(type)s are not taken here."),
            field=field,
            fix=gettext_noop("Use GIF for moving pictures, MP4 or WebM for videos."),
            params={"type": item.mime},
        )
    limit = get_limit(facts, f"max_{sort}_bytes")
    if item.kind != "image" and item.size > limit:
        yield Problem(
            "media_size",
            gettext_noop("This file has %(size)s MB; at most %(limit)s MB are taken."),
            field=field,
            fix=gettext_noop("Make it smaller and add it again."),
            # Rounded up, so that the shown size is never within the shown limit.
            params={"size": -(-item.size // 2**20), "limit": limit // 2**20},
        )
    yield from warn_of_thin(item, ImageRules(1).max_side, "Practice", field)
    if not item.alt.strip():
        yield Problem(
            "alt_missing",
            gettext_noop("There is no description for people who cannot see this."),
            field=f"{field}.alt",
            fix=gettext_noop("Say in a sentence what it shows."),
            severity="warning",
        )
    yield from _too_long(item.alt, get_limit(facts, "max_alt"), f"{field}.alt")
