"""Bluesky's rules for a post: the same while typing, in the API, and before it is sent."""

from collections.abc import Mapping
from typing import Any

from kaja.kernel.problems import gettext_noop
from kaja.networks.bluesky.info import INFO
from kaja.networks.bluesky.limits import (
    ADVISED_VIDEO_SECONDS,
    APP,
    IMAGES,
    MAX_ALT_GRAPHEMES,
    MAX_BYTES,
    MAX_GRAPHEMES,
    MAX_VIDEO_BYTES,
)
from kaja.networks.bluesky.text import find_entities, normalize
from kaja.networks.kit.connector import Count
from kaja.networks.kit.entities import Entity
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.findings import find_wrong_language
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.ruleset import Ruleset
from kaja.networks.kit.text import count_bytes, count_graphemes

_PLACES = {"link": "", "mention": f"{APP}/profile/", "tag": f"{APP}/hashtag/"}


def _count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """In characters as a reader sees them; in bytes when those run out first (3,000 in UTF-8)."""
    text = normalize(text)
    size, characters = count_bytes(text), count_graphemes(text)
    if size > MAX_BYTES:
        return Count(size, MAX_BYTES, "bytes", f"{characters}/{MAX_GRAPHEMES}")
    return Count(characters, MAX_GRAPHEMES, "characters", f"{size}/{MAX_BYTES}")


def _formats(facts: Facts) -> tuple[Format, ...]:
    limit = min(int(facts.limits.get("blob_bytes") or MAX_VIDEO_BYTES), MAX_VIDEO_BYTES)
    video = FileRule(("video/mp4",), max_bytes=limit, advised_seconds=ADVISED_VIDEO_SECONDS)
    media = MediaRule(
        {"image": FileRule(), "gif": FileRule(becomes="still"), "video": video},
        most=INFO.max_images,
        max_side=IMAGES.max_side,
        max_alt=MAX_ALT_GRAPHEMES,
    )
    return (Format("feed", gettext_noop("Post"), media, card="own"),)


def _address_of(entity: Entity, facts: Facts) -> str:
    return _PLACES[entity.kind] + entity.value


RULES = Ruleset(INFO, _count, _formats, find_wrong_language, find_entities, _address_of, normalize)
