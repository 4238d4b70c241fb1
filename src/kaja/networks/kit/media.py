"""Fitting a picture to what a network takes: size, format, no metadata. Slow work: call it in a thread."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from kaja.border import Declined, ForeignTrouble, run_bounded
from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.content import Media
from kaja.networks.kit.image_rules import ImageRefused, ImageRules
from kaja.networks.kit.results import Later, Rejected

MAX_PIXELS = 100_000_000
SECONDS = 60.0
MEMORY = 1_200_000_000
THIN = 200
"""Pixels on the shorter side below which a picture that had more is hardly one any more."""

T = TypeVar("T")


@dataclass(frozen=True)
class FittedImage:
    """A picture as it is uploaded."""

    content: bytes
    mime: str
    width: int
    height: int


class ImageBusy(ImageRefused):
    """Nothing is wrong with the file: too many others were before it."""

    def as_result(self, field: str) -> Rejected | Later:
        return Later(30.0, replace(self.problem, field=field))


def fit_image(content: bytes, rules: ImageRules) -> FittedImage:
    """The picture upright, without EXIF and other metadata, within the rules. Unchanged bytes when nothing is to do.

    Raises ImageRefused when the bytes are no picture, are too large to decode, or cannot be made small enough.
    """
    fitted = _bounded(
        _fit, content, rules.max_bytes, rules.mimes, rules.max_side, rules.animated, limit=rules.max_bytes
    )
    return FittedImage(fitted[0] or content, *fitted[1:])


def fit_moving(content: bytes, rules: ImageRules) -> FittedImage:
    """An animation that is no GIF (WebP, PNG) as one, for networks that move nothing else. Raises ImageRefused."""
    return FittedImage(*_bounded(_to_gif, content, rules.max_bytes, rules.max_side, limit=rules.max_bytes))


def _fit(content: bytes, *how: Any) -> "tuple[bytes, str, int, int]":
    # Pillow is loaded on the other side of the border only.
    from kaja.networks.kit import pictures

    return pictures.fit(content, *how)


def _to_gif(content: bytes, *how: Any) -> "tuple[bytes, str, int, int]":
    from kaja.networks.kit import pictures

    return pictures.to_gif(content, *how)


def _bounded(function: Callable[..., T], *arguments: Any, limit: int) -> T:
    try:
        return run_bounded(function, *arguments, seconds=SECONDS, memory=MEMORY)
    except Declined as declined:
        match declined.reason:
            case "pixels":
                raise ImageRefused(_too_many_pixels()) from None
            case "bytes":
                raise ImageRefused(_too_large(limit)) from None
        raise ImageRefused(_unreadable()) from None
    except ForeignTrouble as trouble:
        if trouble.kind == "busy":
            raise ImageBusy(_busy()) from trouble
        raise ImageRefused(_unreadable()) from trouble


def warn_of_thin(media: Media, max_side: int, network: str, field: str) -> list[Problem]:
    """A panorama of which a network's longest side leaves a stripe: said before it is sent."""
    longer, shorter = max(media.width, media.height), min(media.width, media.height)
    left = max(1, round(shorter * max_side / longer)) if longer > max_side else shorter
    if media.kind != "image" or left >= THIN or left == shorter:
        return []
    width, height = (max_side, left) if media.width >= media.height else (left, max_side)
    return [
        Problem(
            "image_thin",
            gettext_noop(
                "The picture is %(times)s times as long as it is wide: %(network)s gets it with %(width)s × %(height)s "
                "pixels."
            ),
            field,
            gettext_noop("Crop it to the part that matters, or divide it into several pictures."),
            {"times": round(longer / shorter), "network": network, "width": width, "height": height},
            severity="warning",
        )
    ]


def _unreadable() -> Problem:
    return Problem(
        "image_unreadable",
        gettext_noop("The file is not a picture that can be read."),
        fix=gettext_noop("Save it again as JPEG or PNG and upload that."),
    )


def _busy() -> Problem:
    return Problem(
        "image_busy",
        gettext_noop("So many pictures are being made ready now that this one had to wait too long."),
        fix=gettext_noop("It is tried again."),
    )


def _too_many_pixels() -> Problem:
    return Problem(
        "image_too_many_pixels",
        gettext_noop("The picture has more than %(limit)s megapixels, which Kaja does not open."),
        fix=gettext_noop("Upload a smaller version."),
        params={"limit": MAX_PIXELS // 1_000_000},
    )


def _too_large(max_bytes: int) -> Problem:
    return Problem(
        "image_too_large",
        gettext_noop("The picture cannot be brought below %(limit)s kB, which the network allows."),
        fix=gettext_noop("Upload a smaller version."),
        params={"limit": max_bytes // 1000},
    )
