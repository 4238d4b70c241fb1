"""What an upload may be refused for, said once. Each says what happened, what it means for the post, what to do."""

import logging

from kaja.border import Declined, ForeignTrouble
from kaja.kernel.problems import Problem, Refused, gettext_noop

log = logging.getLogger(__name__)


def _megabytes(size: int) -> float:
    """Rounded up, so that the shown size is never within the shown limit."""
    return -(-size // 100_000) / 10


class UploadRefused(Refused):
    """The file was not taken; the post stays as it is."""


class UploadLater(UploadRefused):
    """Nothing is wrong with the file; it may be sent again."""

    status = 503


def declined(filename: str, reason: Declined) -> UploadRefused:
    """What a decoder said of a file."""
    from django.utils.translation import gettext  # the other side of the border has no Django

    facts = reason.facts
    match reason.reason:
        case "too_many_pixels":
            return too_many_pixels(filename, facts["width"], facts["height"], facts["limit"])
        case "too_long":
            return too_long(filename, facts["seconds"], facts["limit"])
        case "named":
            return not_read(filename, facts["format"], film=False)
        case "colours":
            return no_colours(filename)
        case "heic":
            return heic(filename)
        case "codec":
            return unknown_codec(filename, facts["codec"])
        case "not_cleanable":
            return not_cleanable(filename)
        case "sound":
            return other_kind(filename, gettext("sound"))
    return corrupt(filename)


def troubled(filename: str, trouble: ForeignTrouble) -> UploadRefused:
    """What became of a decoder that came to no answer."""
    if trouble.kind == "busy":
        return too_busy(filename)
    log.log(logging.INFO if trouble.kind == "error" else logging.WARNING, "reading a file ended by %s", trouble)
    return too_hard(filename) if trouble.kind in ("time", "memory") else corrupt(filename)


def too_busy(filename: str) -> UploadRefused:
    return UploadLater(
        Problem(
            code="media_busy",
            message=gettext_noop("So many files are being looked at now that “%(filename)s” had to wait too long."),
            field="media",
            fix=gettext_noop("Upload it again in a minute."),
            params={"filename": filename},
        )
    )


def too_hard(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_too_hard",
            message=gettext_noop(
                "Reading “%(filename)s” takes more time or memory than any real picture or video; it was not added."
            ),
            field="media",
            fix=gettext_noop("Export it again from the program that made it, smaller if you can."),
            params={"filename": filename},
        )
    )


def not_read(filename: str, found: str, *, film: bool) -> UploadRefused:
    """For a format that Kaja knows by name only."""
    fix = (
        gettext_noop("Export it as MP4 (H.264) and upload that.")
        if film
        else gettext_noop("Export it as JPEG or PNG and upload that.")
    )
    return UploadRefused(
        Problem(
            code="media_not_read",
            message=gettext_noop(
                "“%(filename)s” is a file of the kind %(format)s, which networks do not take; it was not added."
            ),
            field="media",
            fix=fix,
            params={"filename": filename, "format": found},
        )
    )


def heic(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_heic",
            message=gettext_noop("“%(filename)s” is a HEIC picture that Kaja cannot read, and it was not added."),
            field="media",
            fix=gettext_noop(
                "Export it as JPEG and upload that (on an iPhone: Settings, Camera, Formats, Most Compatible)."
            ),
            params={"filename": filename},
        )
    )


def no_colours(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_no_colours",
            message=gettext_noop(
                "“%(filename)s” holds measured numbers instead of colours, so nobody but its maker knows how bright "
                "they are; it was not added."
            ),
            field="media",
            fix=gettext_noop("Export it as JPEG or PNG with 8 bits from the program that made it."),
            params={"filename": filename},
        )
    )


def unknown_codec(filename: str, codec: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_codec",
            message=gettext_noop(
                "“%(filename)s” is packed in a way that Kaja cannot read (codec %(codec)s), and it was not added."
            ),
            field="media",
            fix=gettext_noop("Export it as MP4 (H.264) and upload that."),
            params={"filename": filename, "codec": codec},
        )
    )


class BodyRefused(UploadRefused):
    """More than any file may have was sent."""

    status = 413


def svg(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_svg",
            message=gettext_noop("“%(filename)s” is an SVG drawing; networks do not take those, and it was not added."),
            field="media",
            fix=gettext_noop("Export it as PNG and upload that."),
            params={"filename": filename},
        )
    )


def unknown(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_unknown",
            message=gettext_noop("“%(filename)s” is not a picture or video that Kaja knows, and it was not added."),
            field="media",
            fix=gettext_noop("Use JPEG, PNG, WebP, GIF, AVIF or HEIC for pictures, MP4, MOV or WebM for videos."),
            params={"filename": filename},
        )
    )


def other_kind(filename: str, found: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_other_kind",
            message=gettext_noop("“%(filename)s” is not what its name says: inside it is %(found)s. It was not added."),
            field="media",
            fix=gettext_noop("Give it the right name, or export it again from the program that made it."),
            params={"filename": filename, "found": found},
        )
    )


def corrupt(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_corrupt",
            message=gettext_noop("“%(filename)s” is damaged or cut off, and it was not added."),
            field="media",
            fix=gettext_noop("Open it on your computer to see whether it is whole, then upload it again."),
            params={"filename": filename},
        )
    )


def empty(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_empty",
            message=gettext_noop("“%(filename)s” is empty, and it was not added."),
            field="media",
            fix=gettext_noop("Choose the file again."),
            params={"filename": filename},
        )
    )


def too_large(filename: str, size: int, limit: int) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_too_large",
            message=gettext_noop(
                "“%(filename)s” has %(size)s MB; at most %(limit)s MB are taken, so it was not added."
            ),
            field="media",
            fix=gettext_noop("Make it smaller, or cut it."),
            params={"filename": filename, "size": _megabytes(size), "limit": round(limit / 1e6)},
        )
    )


def not_cleanable(filename: str) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_not_cleanable",
            message=gettext_noop(
                "“%(filename)s” carries data beside picture and sound, such as places, that Kaja cannot take out. "
                "It was not added."
            ),
            field="media",
            fix=gettext_noop("Export it again as MP4 from the program that you edit videos with."),
            params={"filename": filename},
        )
    )


def refuse_large_body(size: int, limit: int) -> UploadRefused:
    """For a request that was not even kept, so that nobody knows the file's name."""
    return BodyRefused(
        Problem(
            code="media_too_large",
            message=gettext_noop(
                "What was sent has %(size)s MB; a file may have at most %(limit)s MB. It was not kept."
            ),
            field="media",
            fix=gettext_noop("Make it smaller, or cut it."),
            params={"size": _megabytes(size), "limit": round(limit / 1e6)},
        )
    )


def too_many_pixels(filename: str, width: int, height: int, limit: int) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_too_many_pixels",
            message=gettext_noop(
                "“%(filename)s” measures %(width)s × %(height)s pixels; at most %(limit)s megapixels are taken."
            ),
            field="media",
            fix=gettext_noop("Make it smaller before uploading; no network shows more than about 20 megapixels."),
            params={"filename": filename, "width": width, "height": height, "limit": round(limit / 1e6)},
        )
    )


def too_long(filename: str, seconds: float, limit: float) -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_too_long",
            message=gettext_noop("“%(filename)s” plays for %(minutes)s min; at most %(limit)s min are taken."),
            field="media",
            fix=gettext_noop("Cut it."),
            params={"filename": filename, "minutes": round(seconds / 60), "limit": round(limit / 60)},
        )
    )


def refuse_full_disk() -> UploadRefused:
    return UploadRefused(
        Problem(
            code="media_disk_full",
            message=gettext_noop("The server has no room left for files; this one was not added. The draft is safe."),
            field="media",
            fix=gettext_noop("Tell the operator of this Kaja; upload again when there is room."),
        )
    )
