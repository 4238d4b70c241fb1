"""Findings about a draft that many networks share. Their words name the network where it makes a difference."""

from collections.abc import Callable, Collection, Iterator

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Segment
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.text import find_links


def find_empty(draft: Draft) -> Iterator[Problem]:
    """Parts without text and files."""
    for index, part in enumerate(draft.parts):
        if not part.text.strip() and not part.media:
            yield Problem(
                "empty",
                gettext_noop("There is nothing to post here."),
                field=f"parts.{index}.text",
                fix=gettext_noop("Write a text or add an image."),
            )


def find_long_texts(draft: Draft, limit: int, network: str, length: Callable[[str], int] = len) -> Iterator[Problem]:
    """Parts, and a first comment, that are longer than the network takes."""
    for index, part in enumerate(draft.parts):
        yield from find_too_long(part.text, limit, f"parts.{index}.text", network, length)
    yield from find_too_long(draft.first_comment, limit, "first_comment", network, length)


def find_too_long(
    text: str, limit: int, field: str, network: str, length: Callable[[str], int] = len
) -> Iterator[Problem]:
    """One text, in the network's own measure."""
    used = length(text)
    if used > limit:
        yield Problem(
            "too_long",
            gettext_noop("This text has %(used)s characters; %(network)s takes %(limit)s."),
            field=field,
            fix=gettext_noop("Shorten it by %(over)s, or make it a thread."),
            params={"used": used, "limit": limit, "over": used - limit, "network": network},
        )


def find_strange_type(media: Media, mimes: Collection[str], field: str) -> Iterator[Problem]:
    """A film or an animation of a kind that is not taken; pictures are converted while they are sent."""
    if media.kind != "image" and media.mime not in mimes:
        yield Problem(
            "media_type",
            gettext_noop("Files of the type %(type)s are not taken here."),
            field=field,
            fix=gettext_noop("Use GIF for moving pictures, MP4 or WebM for videos."),
            params={"type": media.mime},
        )


def find_too_large(media: Media, limit: int, field: str) -> Iterator[Problem]:
    """A film or an animation of too many bytes; pictures are made smaller while they are sent."""
    if media.kind != "image" and media.size > limit:
        yield Problem(
            "media_size",
            gettext_noop("This file has %(size)s MB; at most %(limit)s MB are taken."),
            field=field,
            fix=gettext_noop("Make it smaller and add it again."),
            # Rounded up, so that the shown size is never within the shown limit.
            params={"size": -(-media.size // 2**20), "limit": limit // 2**20},
        )


def find_missing_alt(media: Media, field: str) -> Iterator[Problem]:
    """A file that people who cannot see it get nothing of."""
    if not media.alt.strip():
        yield Problem(
            "alt_missing",
            gettext_noop("There is no description for people who cannot see this."),
            field=f"{field}.alt",
            fix=gettext_noop("Say in a sentence what it shows."),
            severity="warning",
        )


def link_segments(text: str) -> list[Segment]:
    """The text with its links, for networks that link nothing else."""
    found: list[Segment] = []
    done = 0
    for start, end in find_links(text):
        found += [Segment(text[done:start]), Segment(text[start:end], "link", text[start:end])]
        done = end
    return [segment for segment in (*found, Segment(text[done:])) if segment.text]
