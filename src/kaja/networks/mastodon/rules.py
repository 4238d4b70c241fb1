"""Checking, counting and splitting a post for one instance."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Count, Facts, OptionField, Segment
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.entities import Entity, list_spans, render_segments
from kaja.networks.kit.fields import list_fields
from kaja.networks.kit.findings import find_usual
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.media import MAX_PIXELS
from kaja.networks.kit.text import count_graphemes, split_text
from kaja.networks.mastodon.api import NETWORK
from kaja.networks.mastodon.info import INFO
from kaja.networks.mastodon.limits import Limits, read_limits
from kaja.networks.mastodon.text import count_characters, find_entities


def read_spoiler(options: Mapping[str, Any]) -> str:
    """The content warning."""
    return str(options.get("spoiler_text") or "").strip()


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """What is used of the instance's limit: text and content warning together."""
    limits = read_limits(facts.limits)
    used = count_characters(text, limits) + count_graphemes(read_spoiler(options))
    return Count(used, limits.max_characters, gettext_noop("characters"))


def split(text: str, facts: Facts) -> list[str]:
    """The parts of a thread, each within the instance's limit."""
    limits = read_limits(facts.limits)

    def fits(piece: str) -> bool:
        return count_characters(piece, limits) <= limits.max_characters

    window = 4 * limits.max_characters + 4000
    return split_text(text, fits, window=window, find_whole=lambda whole: list_spans(find_entities(whole)))


def formats(facts: Facts) -> tuple[Format, ...]:
    """One: a status. A picture is brought into the server's limits; animations and videos are sent as they are."""
    limits = read_limits(facts.limits)
    types = limits.supported_mime_types
    moving = FileRule(
        types,
        as_is=("image/gif",) if limits.moves_only_gif else (),
        max_bytes=limits.image_size_limit,
        max_pixels=limits.image_matrix_limit,
    )
    video = FileRule(types, max_bytes=limits.video_size_limit, max_pixels=limits.video_matrix_limit)
    media = MediaRule(
        {"image": FileRule(max_pixels=MAX_PIXELS), "gif": moving, "video": video},
        most=limits.max_media_attachments,
        max_side=limits.max_side,
        max_alt=limits.description_limit,
    )
    return (Format("feed", gettext_noop("Post"), media),)


def options(draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
    return list_fields(INFO.options, formats(facts), draft.options, facts)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the instance would refuse or that is a pity; empty when the post is fine."""

    def measure(text: str) -> Count:
        return count(text, facts, draft.options) if text.strip() else Count(0, 0, "")

    [shown_as] = formats(facts)
    found = find_usual(draft, shown_as, options(draft, facts), NETWORK, measure)
    return [
        *(_name_spoiler(problem, draft) for problem in found),
        *_check_animations(draft, facts),
        *_check_card(draft),
    ]


def _name_spoiler(problem: Problem, draft: Draft) -> Problem:
    if problem.code != "text_too_long" or not read_spoiler(draft.options):
        return problem
    message = gettext_noop("Text and content warning have %(used)s characters; this server takes %(limit)s.")
    return replace(problem, message=message)


def _check_animations(draft: Draft, facts: Facts) -> Iterator[Problem]:
    limits = read_limits(facts.limits)
    for index, part in enumerate(draft.parts):
        for position, media in enumerate(part.media):
            if becomes_gif(media, limits):
                yield Problem(
                    "animation_as_gif",
                    gettext_noop("Mastodon plays animations only as GIF: this one is sent as a GIF with 255 colours."),
                    f"parts.{index}.media.{position}",
                    gettext_noop("Upload it as an MP4 video if its colours matter."),
                    severity="warning",
                )


def _check_card(draft: Draft) -> Iterator[Problem]:
    texts = "\n".join(part.text for part in draft.parts)
    if draft.link_card and draft.link_card.url not in texts:
        yield Problem(
            "link_not_in_text",
            gettext_noop("Mastodon makes its link card from a link in the text; the text has none to this page."),
            "link_card",
            gettext_noop("Put the link into the text."),
            severity="warning",
        )


def becomes_gif(media: Media, limits: Limits) -> bool:
    """Whether an animation is sent in another format than it has."""
    return media.kind == "gif" and media.mime != "image/gif" and limits.moves_only_gif


def segments(text: str, facts: Facts) -> list[Segment]:
    """The text with its links, mentions and hashtags, as the instance will link them."""
    parts = urlsplit(facts.url)
    home = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    def address(entity: Entity) -> str:
        if entity.kind == "link":
            return entity.value
        if entity.kind == "mention":
            return f"{home}/@{entity.value}" + (f"@{entity.host}" if entity.host else "")
        return f"{home}/tags/{quote(entity.value)}"

    return render_segments(text, find_entities(text), address)
