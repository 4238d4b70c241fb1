"""Checking an article, and what the composer shows while it is written."""

from collections.abc import Iterator, Mapping
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
from kaja.networks.wordpress.info import INFO, SLUG_BYTES

MAX_SIDE = 2560
"""What WordPress itself scales larger pictures to (big_image_size_threshold, since 5.3)."""
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
        yield Problem(
            "permission_upload",
            gettext_noop("The site's account may not upload files."),
            "parts.0.media",
            gettext_noop("Give it the role Author or Editor on the site, or remove the files."),
        )


def _check_slug(slug: str) -> Iterator[Problem]:
    used = len(quote(slug))
    if any(not (char.isalnum() or char in "-_" or (char.isprintable() and ord(char) > 127)) for char in slug):
        yield Problem(
            "slug_invalid",
            gettext_noop("The address part “%(slug)s” contains characters that WordPress would change."),
            "options.slug",
            gettext_noop("Use letters, digits and hyphens only, or leave it empty."),
            {"slug": slug[:100]},
        )
    elif used > SLUG_BYTES >= len(slug):  # what is too long as it is typed is said with the field
        yield Problem(
            "slug_too_long",
            gettext_noop("The address part takes %(used)s bytes in a link; WordPress keeps %(limit)s."),
            "options.slug",
            gettext_noop("Shorten it, or leave it empty."),
            {"used": used, "limit": SLUG_BYTES},
        )


def _check_categories(wanted: list[str], facts: Facts) -> Iterator[Problem]:
    """Tags may be made by whoever may write posts; categories only by Editors (REST terms controller, 6.8)."""
    known = {term.casefold() for term in facts.terms.get("categories", ())}
    missing = [term for term in wanted if term.casefold() not in known]
    if missing and "manage_categories" not in facts.permissions:
        yield Problem(
            "category_unknown",
            gettext_noop("The site has no category “%(term)s”, and the account may not make one."),
            "options.categories",
            gettext_noop("Choose one of the site's categories, or have an editor add it."),
            {"term": missing[0][:100]},
            severity="error" if facts.limits.get("all_categories_listed", True) else "warning",
        )


RULES = Ruleset(INFO, _count, _formats, _find_further)
