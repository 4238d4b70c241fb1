"""Checking an article, and what the composer shows while it is written."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Count, Facts, OptionField, Segment
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.fields import list_fields
from kaja.networks.kit.findings import find_usual, link_segments
from kaja.networks.kit.formats import FileRule, Format, MediaRule
from kaja.networks.kit.text import count_graphemes
from kaja.networks.wordpress.api import NETWORK
from kaja.networks.wordpress.info import INFO, SLUG_BYTES

# Column widths of wp_posts and wp_terms (wp-admin/includes/schema.php, 6.8, read 2026-11-22).
TITLE_BYTES = 65_535
TERM_CHARACTERS = 200
MAX_SIDE = 2560
"""What WordPress itself scales larger pictures to (big_image_size_threshold, since 5.3)."""
TEXT_CHARACTERS = 200_000
"""Kaja's own bound of one text; WordPress takes far more."""
TYPES = (
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/avif",
    "video/mp4",
    "video/quicktime",
    "video/webm",
)
"""Allowed by wp_get_mime_types for a site without plugins; a picture of another kind is converted before upload."""


def read_text(options: Mapping[str, Any], name: str) -> str:
    """A text option, trimmed."""
    return str(options.get(name) or "").strip()


def read_terms(options: Mapping[str, Any], name: str) -> list[str]:
    """Names of categories or tags: a list, or one text with commas between. Without duplicates."""
    value = options.get(name) or ()
    names = value.split(",") if isinstance(value, str) else [str(item) for item in value]
    found: dict[str, str] = {}
    for item in names:
        if clean := " ".join(item.split()):
            found.setdefault(clean.casefold(), clean)
    return list(found.values())


def wants_featured(options: Mapping[str, Any]) -> bool:
    """Whether the first picture is the article's featured image (the default)."""
    value = options.get("featured", True)
    return value is True or str(value).lower() in ("true", "on", "1", "yes")


ARTICLE = Format(
    "article",
    gettext_noop("Article"),
    MediaRule(
        {"image": FileRule(), "gif": FileRule(TYPES), "video": FileRule(TYPES)},
        most=INFO.max_images,
        video_alone=False,
        max_side=MAX_SIDE,
        wants_alt=frozenset({"image", "gif"}),
    ),
    threads=False,
    preview="article",
)


def formats(facts: Facts) -> tuple[Format, ...]:
    return (ARTICLE,)


def options(draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
    return list_fields(INFO.options, formats(facts), draft.options, facts)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the site would refuse or that is a pity; empty when the article is fine."""
    usual = find_usual(draft, ARTICLE, options(draft, facts), NETWORK, lambda text: count(text, facts, draft.options))
    return [*usual, *_check_options(draft, facts), *_check_files(draft, facts)]


def _check_options(draft: Draft, facts: Facts) -> Iterator[Problem]:
    for name in ("title", "excerpt"):
        used = len(read_text(draft.options, name).encode())
        if used > TITLE_BYTES:
            yield Problem(
                "option_too_long",
                gettext_noop("This field has %(used)s bytes; WordPress stores %(limit)s."),
                f"options.{name}",
                gettext_noop("Shorten it."),
                {"used": used, "limit": TITLE_BYTES},
            )
    yield from _check_slug(read_text(draft.options, "slug"))
    for name in ("categories", "tags"):
        yield from _check_terms(name, read_terms(draft.options, name), facts)


def _check_slug(slug: str) -> list[Problem]:
    if not slug:
        return []
    if any(not (char.isalnum() or char in "-_" or (char.isprintable() and ord(char) > 127)) for char in slug):
        return [
            Problem(
                "slug_invalid",
                gettext_noop("The address part “%(slug)s” contains characters that WordPress would change."),
                "options.slug",
                gettext_noop("Use letters, digits and hyphens only, or leave it empty."),
                {"slug": slug[:100]},
            )
        ]
    used = len(quote(slug))
    if used > SLUG_BYTES:
        return [
            Problem(
                "slug_too_long",
                gettext_noop("The address part takes %(used)s bytes in a link; WordPress keeps %(limit)s."),
                "options.slug",
                gettext_noop("Shorten it, or leave it empty."),
                {"used": used, "limit": SLUG_BYTES},
            )
        ]
    return []


def _check_terms(name: str, wanted: list[str], facts: Facts) -> list[Problem]:
    problems = []
    path = f"options.{name}"
    for term in wanted:
        if len(term) > TERM_CHARACTERS:
            problems.append(
                Problem(
                    "term_too_long",
                    gettext_noop("“%(term)s” is longer than the %(limit)s characters that WordPress keeps."),
                    path,
                    gettext_noop("Shorten it."),
                    {"term": term[:40], "limit": TERM_CHARACTERS},
                )
            )
    known = {term.casefold() for term in facts.terms.get(name, ())}
    missing = [term for term in wanted if term.casefold() not in known]
    # Tags may be made by whoever may write posts; categories only by Editors (REST terms controller, 6.8).
    if name == "categories" and missing and "manage_categories" not in facts.permissions:
        problems.append(
            Problem(
                "category_unknown",
                gettext_noop("The site has no category “%(term)s”, and the account may not make one."),
                path,
                gettext_noop("Choose one of the site's categories, or have an editor add it."),
                {"term": missing[0][:100]},
                severity="error" if facts.limits.get("all_categories_listed", True) else "warning",
            )
        )
    return problems


def _check_files(draft: Draft, facts: Facts) -> Iterator[Problem]:
    media = draft.parts[0].media
    if media and "upload_files" not in facts.permissions:
        yield Problem(
            "permission_upload",
            gettext_noop("The site's account may not upload files."),
            "parts.0.media",
            gettext_noop("Give it the role Author or Editor on the site, or remove the files."),
        )
    for index, item in enumerate(media):
        if item.kind == "video" and not _plays_everywhere(item):
            yield Problem(
                "video_codec",
                gettext_noop(
                    "WordPress shows a video as it is, and this one (%(codec)s) does not play in every browser."
                ),
                f"parts.0.media.{index}",
                gettext_noop("Export it as MP4 (H.264) with the usual 8 bits and 4:2:0, which all of them play."),
                {"codec": " ".join(filter(None, (item.codec, item.pixels)))},
                severity="warning",
            )


def _plays_everywhere(media: Media) -> bool:
    """Whether every large browser shows it: H.265 needs the system's help, other sampling than 4:2:0 is rarely known.

    A file that was taken in before Kaja noted this says nothing.
    """
    if media.codec == "h264":
        return media.pixels in ("", "yuv420p", "yuvj420p")
    return media.codec in ("", "vp8", "vp9", "av1", "libdav1d")


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """Characters; articles have no limit worth showing, so Kaja's own bound stands there."""
    return Count(count_graphemes(text), TEXT_CHARACTERS, gettext_noop("characters"), str(len(text.split())))


def split(text: str, facts: Facts) -> list[str]:
    """An article has one part, however long."""
    return [text] if text.strip() else []


def segments(text: str, facts: Facts) -> list[Segment]:
    """The text with its links; marks of Markdown stay as typed."""
    return link_segments(text)
