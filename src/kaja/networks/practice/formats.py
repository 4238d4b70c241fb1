"""Every kind of format, so that what later networks need can be tried: each with its own files and fields."""

from collections.abc import Mapping
from typing import Any

from kaja.kernel.problems import gettext_noop
from kaja.networks.kit.content import MediaKind
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import read_values
from kaja.networks.kit.formats import FORMAT, FileRule, Format, MediaRule, by_limits, get_format
from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.practice.info import WORDS

DEFAULTS: Mapping[str, Any] = {
    "max_characters": 500,
    "max_alt": 1500,
    "max_images": 4,
    "max_image_bytes": 8 * 1024 * 1024,
    "max_video_bytes": 40 * 1024 * 1024,
    "image_types": ("image/png", "image/jpeg", "image/gif", "image/webp"),
    "video_types": ("video/mp4", "video/webm"),
    "boards": (),
}
UPRIGHT = (0.4, 0.8)
_OF = WORDS.fields


def get_limit(facts: Facts, name: str) -> Any:
    """A limit as the server told it, or as it is usually."""
    return facts.limits.get(name, DEFAULTS[name])


@by_limits
def list_formats(facts: Facts) -> tuple[Format, ...]:
    """What an account can show, the usual post first."""
    picture = FileRule()
    moving = FileRule(tuple(get_limit(facts, "image_types")), max_bytes=get_limit(facts, "max_image_bytes"))
    video = FileRule(tuple(get_limit(facts, "video_types")), max_bytes=get_limit(facts, "max_video_bytes"))
    pictures: Mapping[MediaKind, FileRule] = {"image": picture, "gif": moving}

    def media(files: Mapping[MediaKind, FileRule], least: int, most: int) -> MediaRule:
        return MediaRule(files, least, most, max_side=ImageRules(1).max_side, max_alt=get_limit(facts, "max_alt"))

    def film(ratios: tuple[float, float] | None, longest: float) -> FileRule:
        return FileRule(video.types, max_bytes=video.max_bytes, ratios=ratios, seconds=(1, longest))

    upright: Mapping[MediaKind, FileRule] = {"image": FileRule(ratios=UPRIGHT), "video": film(UPRIGHT, 60)}
    every: Mapping[MediaKind, FileRule] = {**pictures, "video": video}
    return (
        Format("feed", gettext_noop("Post"), media(every, 0, get_limit(facts, "max_images"))),
        Format("story", gettext_noop("Story"), media(upright, 1, 1), "none", _OF["story"], False, preview="story"),
        Format(
            "reel", gettext_noop("Reel"), media({"video": film(UPRIGHT, 90)}, 1, 1), options=_OF["reel"], threads=False
        ),
        Format(
            "short",
            gettext_noop("Short"),
            media({"video": film(UPRIGHT, 60)}, 1, 1),
            options=_OF["short"],
            threads=False,
        ),
        Format(
            "article",
            gettext_noop("Article"),
            media(every, 0, 20),
            "required",
            _OF["article"],
            False,
            preview="article",
        ),
        Format("carousel", gettext_noop("Carousel"), media(pictures, 2, 10), threads=False),
        Format("pin", gettext_noop("Pin"), media(pictures, 1, 1), options=_OF["pin"], threads=False, preview="pin"),
        Format("poll", gettext_noop("Poll"), media({}, 0, 0), "required", _OF["poll"], False, preview="poll"),
        Format("event", gettext_noop("Event"), media(pictures, 0, 1), "required", _OF["event"], False),
    )


def render_format(options: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """The format of a post and its fields, as the server takes them."""
    chosen = get_format(list_formats(facts), options)
    asked = [field for field in chosen.options if field.name != "with_words"]
    return {FORMAT: chosen.key, "fields": read_values(asked, options)}
