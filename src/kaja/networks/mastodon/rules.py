"""Checking, counting and splitting a post for one instance."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Count, Facts, Segment
from kaja.networks.kit.content import Draft, Media, Part
from kaja.networks.kit.media import MAX_PIXELS, warn_of_thin
from kaja.networks.kit.text import count_graphemes, split_text
from kaja.networks.mastodon.limits import MIB, Limits, read_limits
from kaja.networks.mastodon.text import count_characters, find_entities, split_stretches

VISIBILITIES = ("public", "unlisted", "private")


def read_spoiler(options: Mapping[str, Any]) -> str:
    """The content warning."""
    return str(options.get("spoiler_text") or "").strip()


def count_status(text: str, limits: Limits, options: Mapping[str, Any]) -> int:
    """Text and content warning together, as the instance counts them."""
    return count_characters(text, limits) + count_graphemes(read_spoiler(options))


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """What is used of the instance's limit."""
    limits = read_limits(facts.limits)
    return Count(count_status(text, limits, options), limits.max_characters, gettext_noop("characters"))


def split(text: str, facts: Facts) -> list[str]:
    """The parts of a thread, each within the instance's limit."""
    limits = read_limits(facts.limits)

    def fits(piece: str) -> bool:
        return count_characters(piece, limits) <= limits.max_characters

    def find_whole(whole: str) -> list[tuple[int, int]]:
        return [(entity.start, entity.end) for entity in find_entities(whole)]

    return split_text(text, fits, window=4 * limits.max_characters + 4000, find_whole=find_whole)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the instance would refuse or that is a pity; empty when the post is fine."""
    limits = read_limits(facts.limits)
    problems: list[Problem] = []
    for index, part in enumerate(draft.parts):
        path = f"parts.{index}"
        if not part.text.strip() and not part.media:
            problems.append(_empty(f"{path}.text"))
        problems += _check_length(part.text, f"{path}.text", limits, draft.options)
        problems += _check_media(part, f"{path}.media", limits)
    if draft.first_comment.strip():
        problems += _check_length(draft.first_comment, "first_comment", limits, draft.options)
    visibility = draft.options.get("visibility") or "public"
    if visibility not in VISIBILITIES:
        problems.append(
            Problem(
                "visibility_unknown",
                gettext_noop("“%(value)s” is not a visibility that Mastodon knows."),
                "options.visibility",
                gettext_noop("Choose public, unlisted or followers only."),
                {"value": str(visibility)},
            )
        )
    texts = "\n".join(part.text for part in draft.parts)
    if draft.link_card and draft.link_card.url not in texts:
        problems.append(
            Problem(
                "link_not_in_text",
                gettext_noop("Mastodon makes its link card from a link in the text; the text has none to this page."),
                "link_card",
                gettext_noop("Put the link into the text."),
                severity="warning",
            )
        )
    return problems


def _empty(path: str) -> Problem:
    return Problem(
        "empty",
        gettext_noop("There is neither text nor a picture or video."),
        path,
        gettext_noop("Write something, or add a file."),
    )


def _check_length(text: str, path: str, limits: Limits, options: Mapping[str, Any]) -> list[Problem]:
    used = count_status(text, limits, options)
    if used <= limits.max_characters:
        return []
    params = {"used": used, "limit": limits.max_characters, "over": used - limits.max_characters}
    if read_spoiler(options):
        message = gettext_noop("Text and content warning have %(used)s characters; this server takes %(limit)s.")
    else:
        message = gettext_noop("The text has %(used)s characters; this server takes %(limit)s.")
    fix = gettext_noop("Shorten it by %(over)s characters, or let it become a thread.")
    return [Problem("text_too_long", message, path, fix, params)]


def _check_media(part: Part, path: str, limits: Limits) -> list[Problem]:
    problems = []
    if len(part.media) > limits.max_media_attachments:
        problems.append(
            Problem(
                "too_many_media",
                gettext_noop("There are %(count)s files; this server takes %(limit)s in one post."),
                path,
                gettext_noop("Remove some, or spread them over a thread."),
                {"count": len(part.media), "limit": limits.max_media_attachments},
            )
        )
    if len(part.media) > 1 and any(media.kind == "video" for media in part.media):
        problems.append(
            Problem(
                "video_not_alone",
                gettext_noop("Mastodon takes a video only alone, not together with other files."),
                path,
                gettext_noop("Keep either the video or the pictures."),
            )
        )
    for index, media in enumerate(part.media):
        problems += _check_file(media, f"{path}.{index}", limits)
    return problems


def _check_file(media: Media, path: str, limits: Limits) -> list[Problem]:
    problems = []
    # A picture is brought into the server's limits before it is uploaded; an animation or a video is sent as it is.
    fitted = media.kind == "image" or becomes_gif(media, limits)
    if not fitted and limits.supported_mime_types and media.mime not in limits.supported_mime_types:
        problems.append(
            Problem(
                "media_type",
                gettext_noop("This server does not take files of type %(mime)s."),
                path,
                gettext_noop("Use a JPEG or PNG picture, or an MP4 video."),
                {"mime": media.mime},
            )
        )
    size = limits.video_size_limit if media.kind == "video" else limits.image_size_limit
    if not fitted and media.size > size:
        problems.append(
            Problem(
                "media_too_large",
                gettext_noop("The file has %(size).1f MB; this server takes %(limit).1f MB."),
                path,
                gettext_noop("Make it smaller."),
                {"size": media.size / MIB, "limit": size / MIB},
            )
        )
    matrix = {"video": limits.video_matrix_limit, "gif": limits.image_matrix_limit, "image": MAX_PIXELS}[media.kind]
    if media.width * media.height > matrix:
        problems.append(
            Problem(
                "media_dimensions",
                gettext_noop("The picture has %(width)s × %(height)s pixels, more than this server takes."),
                path,
                gettext_noop("Reduce it to at most %(limit)s pixels in all."),
                {"width": media.width, "height": media.height, "limit": matrix},
            )
        )
    problems += warn_of_thin(media, limits.max_side, "Mastodon", path)
    if becomes_gif(media, limits):
        problems.append(
            Problem(
                "animation_as_gif",
                gettext_noop("Mastodon plays animations only as GIF: this one is sent as a GIF with 255 colours."),
                path,
                gettext_noop("Upload it as an MP4 video if its colours matter."),
                severity="warning",
            )
        )
    length = count_graphemes(media.alt)
    if length > limits.description_limit:
        problems.append(
            Problem(
                "alt_too_long",
                gettext_noop("The description has %(used)s characters; this server takes %(limit)s."),
                f"{path}.alt",
                gettext_noop("Shorten it by %(over)s characters."),
                {"used": length, "limit": limits.description_limit, "over": length - limits.description_limit},
            )
        )
    if not media.alt.strip():
        problems.append(
            Problem(
                "alt_missing",
                gettext_noop("This file has no description for people who cannot see it."),
                f"{path}.alt",
                gettext_noop("Describe what can be seen."),
                severity="warning",
            )
        )
    return problems


def becomes_gif(media: Media, limits: Limits) -> bool:
    """Whether an animation is sent in another format than it has."""
    return media.kind == "gif" and media.mime != "image/gif" and limits.moves_only_gif


def segments(text: str, facts: Facts) -> list[Segment]:
    """The text with its links, mentions and hashtags, as the instance will link them."""
    parts = urlsplit(facts.url)
    home = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    shown = []
    for piece, entity in split_stretches(text):
        if entity is None:
            shown.append(Segment(piece))
        elif entity.kind == "link":
            shown.append(Segment(piece, "link", entity.name))
        elif entity.kind == "mention":
            account = f"{entity.name}@{entity.host}" if entity.host else entity.name
            shown.append(Segment(piece, "mention", f"{home}/@{account}"))
        else:
            shown.append(Segment(piece, "tag", f"{home}/tags/{quote(entity.name)}"))
    return shown
