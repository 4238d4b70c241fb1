"""Checking an article, and what the composer shows while it is written."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Count
from kaja.networks.kit.content import Draft
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_terms, read_text
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.ruleset import Ruleset
from kaja.networks.kit.text import count_graphemes
from kaja.networks.wordpress.info import INFO, WORDS

MAX_SIDE = 2560
"""What WordPress itself scales larger pictures to (big_image_size_threshold, since 5.3)."""
SLUG_BYTES = 200  # as it stands in an address; a column of wp_posts
TEXT_CHARACTERS = 200_000
"""Kaja's own bound of one text; WordPress takes far more."""
# Allowed by wp_get_mime_types for a site without plugins; a picture of another kind is converted before upload.
TYPES = (
    *("image/jpeg", "image/png", "image/gif", "image/webp", "image/avif"),
    *("video/mp4", "video/quicktime", "video/webm"),
)
# Every large browser shows these: H.265 needs the system's help, other sampling than 4:2:0 is rarely known.
_PLAYS = {"h264": ("yuv420p", "yuvj420p"), "vp8": (), "vp9": (), "av1": (), "libdav1d": ()}
ARTICLE = Format(
    "article",
    gettext_noop("Article"),
    MediaRule(
        {"image": FileRule(), "gif": FileRule(TYPES), "video": FileRule(TYPES, plays=_PLAYS)},
        most=INFO.max_images,
        video_alone=False,
        max_side=MAX_SIDE,
        wants_alt=frozenset({"image", "gif"}),
    ),
    threads=False,
    preview="article",
)


def _count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """Characters; articles have no limit worth showing, so Kaja's own bound stands there."""
    return Count(count_graphemes(text), TEXT_CHARACTERS, gettext_noop("characters"), str(len(text.split())))


def _formats(facts: Facts) -> tuple[Format, ...]:
    return (ARTICLE,)


def _find_further(draft: Draft, facts: Facts) -> Iterator[Problem]:
    yield from _check_slug(read_text(draft.options, "slug"))
    yield from _check_categories(read_terms(draft.options, "categories"), facts)
    if draft.parts[0].media and "upload_files" not in facts.permissions:
        yield WORDS.problem("permission_upload")


def _check_slug(slug: str) -> Iterator[Problem]:
    used = len(quote(slug))
    if any(not (char.isalnum() or char in "-_" or (char.isprintable() and ord(char) > 127)) for char in slug):
        yield WORDS.problem("slug_invalid", slug=slug[:100])
    elif used > SLUG_BYTES >= len(slug):  # what is too long as it is typed is said with the field
        yield WORDS.problem("slug_too_long", used=used, limit=SLUG_BYTES)


def _check_categories(wanted: list[str], facts: Facts) -> Iterator[Problem]:
    """Tags may be made by whoever may write posts; categories only by Editors (REST terms controller, 6.8)."""
    known = {term.casefold() for term in facts.terms.get("categories", ())}
    missing = [term for term in wanted if term.casefold() not in known]
    if missing and "manage_categories" not in facts.permissions:
        unknown = WORDS.problem("category_unknown", term=missing[0][:100])
        yield unknown if facts.limits.get("all_categories_listed", True) else replace(unknown, severity="warning")


RULES = Ruleset(INFO, _count, _formats, _find_further)
