"""Bluesky's rules for a post: the same while typing, in the API, and before it is sent."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import regex

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.bluesky.limits import (
    ADVISED_VIDEO_SECONDS,
    IMAGES,
    LABELS,
    MAX_ALT_GRAPHEMES,
    MAX_IMAGES,
    MAX_VIDEO_BYTES,
)
from kaja.networks.bluesky.text import count_text, normalize, render_segments, split_thread
from kaja.networks.kit.connector import Count, Facts, Segment
from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.media import warn_of_thin
from kaja.networks.kit.text import count_graphemes

_LANGUAGE = regex.compile(r"[a-zA-Z]{2,3}(?:-[a-zA-Z0-9]{1,8})*")  # BCP 47, without the rare forms


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that is wrong or risky with a post, by field."""
    return [
        *(problem for index, part in enumerate(draft.parts) for problem in _check_part(draft, part, index, facts)),
        *_check_card(draft),
        *(_check_length(draft.first_comment, "first_comment") if draft.first_comment else ()),
        *_check_rest(draft),
    ]


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    return count_text(text)


def split(text: str, facts: Facts) -> list[str]:
    return split_thread(text)


def segments(text: str, facts: Facts) -> list[Segment]:
    return render_segments(text)


def _check_part(draft: Draft, part: Part, index: int, facts: Facts) -> Iterator[Problem]:
    path = f"parts.{index}"
    has_card = index == 0 and draft.link_card is not None
    if not normalize(part.text) and not part.media and not has_card:
        yield Problem(
            "empty",
            gettext_noop("This part is empty."),
            field=f"{path}.text",
            fix=gettext_noop("Write something, or remove the part."),
        )
    yield from _check_length(part.text, f"{path}.text")
    videos = [medium for medium in part.media if medium.kind == "video"]
    if videos and len(part.media) > 1:
        yield Problem(
            "bluesky_video_alone",
            gettext_noop("On Bluesky a video stands alone: no second video and no picture beside it."),
            field=f"{path}.media",
            fix=gettext_noop("Keep only the video, or only the pictures; the rest can go into the next part."),
        )
    elif len(part.media) > MAX_IMAGES:
        yield Problem(
            "too_many_images",
            gettext_noop("%(count)s pictures; Bluesky shows at most %(limit)s in a post."),
            field=f"{path}.media",
            fix=gettext_noop("Remove pictures, or move them into the next part of a thread."),
            params={"count": len(part.media), "limit": MAX_IMAGES},
        )
    for position, medium in enumerate(part.media):
        yield from _check_medium(medium, f"{path}.media.{position}", facts)


def _check_length(text: str, field: str) -> Iterator[Problem]:
    told = count_text(text)
    if told.used <= told.limit:
        return
    params = {"used": told.used, "limit": told.limit, "over": told.used - told.limit}
    if told.unit == "bytes":
        yield Problem(
            "text_too_many_bytes",
            gettext_noop("The text takes %(used)s bytes; Bluesky stores at most %(limit)s."),
            field=field,
            fix=gettext_noop("Use fewer emoji and combined characters, or split the text into a thread."),
            params=params,
        )
    else:
        yield Problem(
            "text_too_long",
            gettext_noop("%(over)s characters too many: %(used)s of %(limit)s."),
            field=field,
            fix=gettext_noop("Shorten the text, or split it into a thread."),
            params=params,
        )


def _check_medium(medium: Media, path: str, facts: Facts) -> Iterator[Problem]:
    if not medium.alt.strip():
        yield Problem(
            "alt_missing",
            gettext_noop("No alternative text: people who do not see it get nothing."),
            field=f"{path}.alt",
            fix=gettext_noop("Describe in a sentence what can be seen."),
            severity="warning",
        )
    elif count_graphemes(medium.alt) > MAX_ALT_GRAPHEMES:
        yield Problem(
            "alt_too_long",
            gettext_noop("The alternative text has %(used)s characters; Bluesky's app shows at most %(limit)s."),
            field=f"{path}.alt",
            fix=gettext_noop("Shorten it."),
            params={"used": count_graphemes(medium.alt), "limit": MAX_ALT_GRAPHEMES},
        )
    if medium.kind == "gif":
        yield Problem(
            "gif_still",
            gettext_noop("Bluesky shows an animation as a still picture."),
            field=path,
            fix=gettext_noop("Upload it as an MP4 video if it should move."),
            severity="warning",
        )
    yield from warn_of_thin(medium, IMAGES.max_side, "Bluesky", path)
    if medium.kind == "video":
        yield from _check_video(medium, path, facts)


def _check_video(medium: Media, path: str, facts: Facts) -> Iterator[Problem]:
    if medium.mime != "video/mp4":
        yield Problem(
            "video_format",
            gettext_noop("Bluesky takes only MP4 videos; this one is %(mime)s."),
            field=path,
            fix=gettext_noop("Save the video as MP4 and upload that."),
            params={"mime": medium.mime},
        )
    limit = min(int(facts.limits.get("blob_bytes") or MAX_VIDEO_BYTES), MAX_VIDEO_BYTES)
    if medium.size > limit:
        yield Problem(
            "video_too_large",
            gettext_noop("The video has %(size)s MB; this account's server takes at most %(limit)s MB."),
            field=path,
            fix=gettext_noop("Shorten it, or save it with a lower quality."),
            params={"size": round(medium.size / 1e6, 1), "limit": round(limit / 1e6, 1)},
        )
    if medium.duration > ADVISED_VIDEO_SECONDS:
        yield Problem(
            "video_too_long",
            gettext_noop("The video is longer than %(limit)s min; Bluesky may not show it."),
            field=path,
            fix=gettext_noop("Shorten it."),
            params={"limit": ADVISED_VIDEO_SECONDS // 60},
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
            field="link_card.url",
            fix=gettext_noop("Write it like https://example.org/page."),
            params={"url": card.url[:100]},
        )
    if draft.parts and draft.parts[0].media:
        yield Problem(
            "link_card_hidden",
            gettext_noop("Bluesky shows either pictures or a link card: the card will be left out."),
            field="link_card",
            fix=gettext_noop("Remove the pictures if the card matters more."),
            severity="warning",
        )


def _check_rest(draft: Draft) -> Iterator[Problem]:
    if draft.language and not _LANGUAGE.fullmatch(draft.language):
        yield Problem(
            "language_invalid",
            gettext_noop("“%(language)s” is not a language code."),
            field="language",
            fix=gettext_noop("Use a code such as en, ru or zh-Hant."),
            params={"language": draft.language},
        )
    label = draft.options.get("content_label")
    if label and label not in LABELS:
        yield Problem(
            "label_unknown",
            gettext_noop("Bluesky has no content label “%(label)s”."),
            field="options.content_label",
            fix=gettext_noop("Choose one of the list."),
            params={"label": str(label)},
        )
