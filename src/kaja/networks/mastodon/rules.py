"""Checking, counting and showing a post for one instance."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from kaja.kernel.problems import gettext_noop
from kaja.networks.kit.connector import Count
from kaja.networks.kit.entities import Entity
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_text
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.media import MAX_PIXELS
from kaja.networks.kit.ruleset import Ruleset
from kaja.networks.kit.text import count_graphemes
from kaja.networks.mastodon.info import INFO
from kaja.networks.mastodon.limits import read_limits
from kaja.networks.mastodon.text import count_characters, find_entities

SPOILER = "spoiler_text"


def _count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """What is used of the instance's limit: text and content warning together."""
    limits = read_limits(facts.limits)
    warning = count_graphemes(read_text(options, SPOILER))
    both = gettext_noop("Text and content warning have %(used)s characters; this server takes %(limit)s.")
    used = count_characters(text, limits) + warning
    return Count(used, limits.max_characters, gettext_noop("characters"), too_long=both if warning else "")


def _formats(facts: Facts) -> tuple[Format, ...]:
    """One: a status. Pictures are brought into the server's limits; videos are sent as they are."""
    limits = read_limits(facts.limits)
    types = limits.supported_mime_types
    moving = FileRule(
        types,
        as_is=("image/gif",) if limits.moves_only_gif else (),
        max_bytes=limits.image_size_limit,
        max_pixels=limits.image_matrix_limit,
        becomes="gif" if limits.moves_only_gif else "",
    )
    video = FileRule(types, max_bytes=limits.video_size_limit, max_pixels=limits.video_matrix_limit)
    media = MediaRule(
        {"image": FileRule(max_pixels=MAX_PIXELS), "gif": moving, "video": video},
        most=limits.max_media_attachments,
        max_side=limits.max_side,
        max_alt=limits.description_limit,
    )
    return (Format("feed", gettext_noop("Post"), media, card="text"),)


def _address_of(entity: Entity, facts: Facts) -> str:
    parts = urlsplit(facts.url)
    home = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    if entity.kind == "link":
        return entity.value
    if entity.kind == "mention":
        return f"{home}/@{entity.value}" + (f"@{entity.host}" if entity.host else "")
    return f"{home}/tags/{quote(entity.value)}"


RULES = Ruleset(INFO, _count, _formats, find_entities=find_entities, address_of=_address_of)
