"""What is wrong or risky with the files of a part, by the rules of a format (`formats.MediaRule`).

Every finding names the file, and what to do.
"""

from collections.abc import Iterator, Sequence

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.content import Media
from kaja.networks.kit.formats import FileRule, MediaRule
from kaja.networks.kit.media import warn_of_thin
from kaja.networks.kit.text import count_graphemes

MIB = 1024 * 1024


def find_media(media: Sequence[Media], rule: MediaRule, network: str, field: str) -> Iterator[Problem]:
    """Number and kinds, then file by file."""
    yield from _find_wrong_number(media, rule, network, field)
    for index, item in enumerate(media):
        path = f"{field}.{index}"
        known = rule.files.get(item.kind)
        if known is None:
            yield _not_taken(item, network, path)
        else:
            yield from _find_wrong_file(item, known, network, path)
        if rule.max_side:
            yield from warn_of_thin(item, rule.max_side, network, path)
        yield from _find_wrong_alt(item, rule, network, path)


def _find_wrong_number(media: Sequence[Media], rule: MediaRule, network: str, field: str) -> Iterator[Problem]:
    if len(media) < rule.least:
        yield Problem(
            "too_few_media",
            gettext_noop("There are %(count)s files; %(network)s needs at least %(limit)s for this."),
            field,
            gettext_noop("Add what is missing, or choose another format."),
            {"count": len(media), "network": network, "limit": rule.least},
        )
    if rule.video_alone and len(media) > 1 and any(item.kind == "video" for item in media):
        yield Problem(
            "video_not_alone",
            gettext_noop("%(network)s takes a video only alone, not together with other files."),
            field,
            gettext_noop("Keep either the video or the pictures."),
            {"network": network},
        )
    elif len(media) > rule.most:
        yield Problem(
            "too_many_media",
            gettext_noop("There are %(count)s files; %(network)s takes %(limit)s in one post."),
            field,
            gettext_noop("Remove some, or spread them over a thread."),
            {"count": len(media), "network": network, "limit": rule.most},
        )


def _not_taken(item: Media, network: str, field: str) -> Problem:
    if item.kind == "video":
        return Problem(
            "no_videos",
            gettext_noop("%(network)s takes no video here."),
            field,
            gettext_noop("Use a picture, or choose another format."),
            {"network": network},
        )
    return Problem(
        "no_pictures",
        gettext_noop("%(network)s takes only a video here."),
        field,
        gettext_noop("Use a video, or choose another format."),
        {"network": network},
    )


def _find_wrong_file(item: Media, rule: FileRule, network: str, field: str) -> Iterator[Problem]:
    sent_as_is = not rule.as_is or item.mime in rule.as_is
    if sent_as_is and rule.types and item.mime not in rule.types:
        yield Problem(
            "media_type",
            gettext_noop("Files of the type %(type)s are not taken here."),
            field,
            gettext_noop("Save it as one of these and add that: %(types)s."),
            {"type": item.mime, "types": ", ".join(kind.partition("/")[2].upper() for kind in rule.types)},
        )
    if sent_as_is and rule.max_bytes and item.size > rule.max_bytes:
        yield Problem(
            "media_too_large",
            gettext_noop("This file has %(size)s MB; at most %(limit)s MB are taken."),
            field,
            gettext_noop("Make it smaller and add it again."),
            # Rounded up, so that the shown size is never within the shown limit.
            {"size": -(-item.size // MIB), "limit": rule.max_bytes // MIB},
        )
    if rule.max_pixels and item.width * item.height > rule.max_pixels:
        yield Problem(
            "media_dimensions",
            gettext_noop("The picture has %(width)s × %(height)s pixels, more than this server takes."),
            field,
            gettext_noop("Reduce it to at most %(limit)s pixels in all."),
            {"width": item.width, "height": item.height, "limit": rule.max_pixels},
        )
    yield from _find_wrong_shape(item, rule, network, field)
    if rule.becomes and not (rule.as_is and item.mime in rule.as_is):
        yield _changed(rule, network, field)
    if item.kind == "video":
        yield from _find_wrong_codec(item, rule, network, field)
        yield from _find_wrong_length(item, rule, network, field)


def _changed(rule: FileRule, network: str, field: str) -> Problem:
    """An animation that is sent as something else."""
    if rule.becomes == "still":
        return Problem(
            "gif_still",
            gettext_noop("%(network)s shows an animation as a still picture."),
            field,
            gettext_noop("Upload it as an MP4 video if it should move."),
            {"network": network},
            severity="warning",
        )
    return Problem(
        "animation_as_gif",
        gettext_noop("%(network)s plays animations only as GIF: this one is sent as a GIF with 255 colours."),
        field,
        gettext_noop("Upload it as an MP4 video if its colours matter."),
        {"network": network},
        severity="warning",
    )


def _find_wrong_codec(item: Media, rule: FileRule, network: str, field: str) -> Iterator[Problem]:
    # A file that was taken in before Kaja noted its codec says nothing.
    pixels = rule.plays.get(item.codec)
    if not rule.plays or not item.codec or (pixels is not None and (not pixels or item.pixels in ("", *pixels))):
        return
    yield Problem(
        "video_codec",
        gettext_noop("%(network)s shows a video as it is, and this one (%(codec)s) does not play in every browser."),
        field,
        gettext_noop("Export it as MP4 (H.264) with the usual 8 bits and 4:2:0, which all of them play."),
        {"codec": " ".join(filter(None, (item.codec, item.pixels))), "network": network},
        severity="warning",
    )


def _find_wrong_shape(item: Media, rule: FileRule, network: str, field: str) -> Iterator[Problem]:
    if rule.ratios is None or not item.width or not item.height:
        return
    narrowest, widest = rule.ratios
    # A pixel more or less is no other shape.
    if not narrowest * 0.99 <= item.width / item.height <= widest * 1.01:
        yield Problem(
            "media_ratio",
            gettext_noop("This is %(width)s × %(height)s; %(network)s takes widths of %(least)s to %(most)s heights."),
            field,
            gettext_noop("Crop it, or choose another format."),
            {
                "width": item.width,
                "height": item.height,
                "network": network,
                "least": f"{narrowest:.3g}",
                "most": f"{widest:.3g}",
            },
        )


def _find_wrong_length(item: Media, rule: FileRule, network: str, field: str) -> Iterator[Problem]:
    if rule.seconds and not rule.seconds[0] <= item.duration <= rule.seconds[1]:
        yield Problem(
            "video_seconds",
            gettext_noop("The video lasts %(seconds)s s; %(network)s takes %(least)s to %(most)s s here."),
            field,
            gettext_noop("Cut it, or choose another format."),
            {
                "seconds": round(item.duration),
                "network": network,
                "least": f"{rule.seconds[0]:g}",
                "most": f"{rule.seconds[1]:g}",
            },
        )
    elif rule.advised_seconds and item.duration > rule.advised_seconds:
        yield Problem(
            "video_too_long",
            gettext_noop("The video is longer than %(limit)s min; %(network)s may not show it."),
            field,
            gettext_noop("Shorten it."),
            {"limit": round(rule.advised_seconds / 60), "network": network},
            severity="warning",
        )


def _find_wrong_alt(item: Media, rule: MediaRule, network: str, field: str) -> Iterator[Problem]:
    used = count_graphemes(item.alt)
    if not item.alt.strip():
        if item.kind in rule.wants_alt:
            yield Problem(
                "alt_missing",
                gettext_noop("This file has no description for people who cannot see it."),
                f"{field}.alt",
                gettext_noop("Describe what can be seen."),
                severity="warning",
            )
    elif rule.max_alt and used > rule.max_alt:
        yield Problem(
            "alt_too_long",
            gettext_noop("The description has %(used)s characters; %(network)s takes %(limit)s."),
            f"{field}.alt",
            gettext_noop("Shorten it by %(over)s characters."),
            {"used": used, "limit": rule.max_alt, "over": used - rule.max_alt, "network": network},
        )
