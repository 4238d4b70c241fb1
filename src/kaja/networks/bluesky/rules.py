"""Bluesky's rules for a post: the same while typing, in the API, and before it is sent."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import regex

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky.info import INFO
from kaja.networks.bluesky.limits import (
    ADVISED_VIDEO_SECONDS,
    IMAGES,
    MAX_ALT_GRAPHEMES,
    MAX_IMAGES,
    MAX_VIDEO_BYTES,
    NETWORK,
)
from kaja.networks.bluesky.text import count_text, show, split_thread
from kaja.networks.kit.connector import Count, Facts, OptionField, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.fields import list_fields
from kaja.networks.kit.findings import find_usual
from kaja.networks.kit.formats import FileRule, Format, MediaRule

_LANGUAGE = regex.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{1,8})*")  # BCP 47, without the rare forms


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    return count_text(text)


def split(text: str, facts: Facts) -> list[str]:
    return split_thread(text)


def segments(text: str, facts: Facts) -> list[Segment]:
    return show(text)


def formats(facts: Facts) -> tuple[Format, ...]:
    limit = min(int(facts.limits.get("blob_bytes") or MAX_VIDEO_BYTES), MAX_VIDEO_BYTES)
    video = FileRule(("video/mp4",), max_bytes=limit, advised_seconds=ADVISED_VIDEO_SECONDS)
    media = MediaRule(
        {"image": FileRule(), "gif": FileRule(), "video": video},
        most=MAX_IMAGES,
        max_side=IMAGES.max_side,
        max_alt=MAX_ALT_GRAPHEMES,
    )
    return (Format("feed", gettext_noop("Post"), media, card_alone=True),)


def options(draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
    return list_fields(INFO.options, formats(facts), draft.options, facts)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that is wrong or risky with a post, by field."""
    [shown_as] = formats(facts)
    usual = find_usual(draft, shown_as, options(draft, facts), NETWORK, count_text)
    return [*usual, *_check_animations(draft), *_check_card(draft), *_check_language(draft)]


def _check_animations(draft: Draft) -> Iterator[Problem]:
    for index, part in enumerate(draft.parts):
        for position, media in enumerate(part.media):
            if media.kind == "gif":
                yield Problem(
                    "gif_still",
                    gettext_noop("Bluesky shows an animation as a still picture."),
                    f"parts.{index}.media.{position}",
                    gettext_noop("Upload it as an MP4 video if it should move."),
                    severity="warning",
                )


def _check_card(draft: Draft) -> Iterator[Problem]:
    card = draft.link_card
    if card is None:
        return
    if urlsplit(card.url).scheme not in ("http", "https") or not urlsplit(card.url).netloc or " " in card.url:
        yield Problem(
            "link_invalid",
            gettext_noop("“%(url)s” is not a web address."),
            "link_card.url",
            gettext_noop("Write it like https://example.org/page."),
            {"url": card.url[:100]},
        )
    if draft.parts and draft.parts[0].media:
        yield Problem(
            "link_card_hidden",
            gettext_noop("Bluesky shows either pictures or a link card: the card will be left out."),
            "link_card",
            gettext_noop("Remove the pictures if the card matters more."),
            severity="warning",
        )


def _check_language(draft: Draft) -> Iterator[Problem]:
    if draft.language and not _LANGUAGE.fullmatch(draft.language):
        yield Problem(
            "language_invalid",
            gettext_noop("“%(language)s” is not a language code."),
            "language",
            gettext_noop("Use a code such as en, ru or zh-Hant."),
            {"language": draft.language},
        )
