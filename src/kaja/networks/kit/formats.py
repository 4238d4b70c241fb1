"""Formats: the ways in which a network shows a post - feed, story, reel, article, carousel, pin, poll.

Each says what it takes; the composer draws its fields from that, and `findings.find_usual` checks a draft against it.
Most networks have one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal

from kaja.networks.kit.content import MediaKind
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.options import OptionField

FORMAT = "format"
"""The option that names the format of a post; without it a post has the network's first."""
MANY = 100
"""Different limits that are remembered."""


@dataclass(frozen=True)
class FileRule:
    """What is taken of one kind of file. None, empty or 0: not limited.

    Pictures are converted and made smaller while they are sent, so types and bytes hold for the other kinds.
    """

    types: tuple[str, ...] = ()
    as_is: tuple[str, ...] = ()
    """Where named, only files of these types go up as they are; others are converted, so they are judged afterwards."""
    max_bytes: int = 0
    max_pixels: int = 0
    ratios: tuple[float, float] | None = None
    """Width divided by height, from the narrowest to the widest."""
    seconds: tuple[float, float] | None = None
    advised_seconds: float = 0.0
    """Longer ones are taken, and perhaps not shown."""
    becomes: Literal["", "still", "gif"] = ""
    """What an animation is sent as, where it is not `as_is`."""
    plays: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Codecs that play everywhere where a video is shown as it is, with their pixel formats (none: any)."""


@dataclass(frozen=True)
class MediaRule:
    """How many files of which kinds. A kind that is not named is not taken."""

    files: Mapping[MediaKind, FileRule] = field(default_factory=dict)
    least: int = 0
    most: int = 0
    video_alone: bool = True
    """Whether a video stands alone, without a second one or a picture beside it."""
    max_side: int = 0
    """Pixels to which the longer side of a picture is brought; a panorama may become a stripe by that."""
    max_alt: int = 0
    wants_alt: frozenset[MediaKind] = frozenset({"image", "gif", "video"})
    """Whose description readers get, so that its absence is said."""


@dataclass(frozen=True)
class Format:
    """One way of showing a post. `options` are fields that only this format has; labels are message ids."""

    key: str
    label: str
    media: MediaRule
    text: Literal["required", "optional", "none"] = "optional"
    options: tuple[OptionField, ...] = ()
    threads: bool = True
    """Whether it may have more parts."""
    card: Literal["own", "text", ""] = ""
    """A link card is sent by itself, and then needs no text; or made by the network from a link in the text."""
    preview: str = "feed"
    """How it is drawn: as a post among others (feed), as a whole screen (story), as an article, a pin or a poll."""


def get_format(formats: Sequence[Format], options: Mapping[str, Any]) -> Format:
    """The format of a post; the first where it names none, or one that the network does not have any more."""
    key = options.get(FORMAT)
    if key is None or formats[0].key == key:
        return formats[0]
    return next((each for each in formats if each.key == key), formats[0])


def by_limits(make: Callable[[Facts], tuple[Format, ...]]) -> Callable[[Facts], tuple[Format, ...]]:
    """For formats that follow from an account's limits alone: made once for all accounts with the same ones, because
    each post asks for them several times. Where accounts share the object, it need not be spelled out either."""
    known: dict[str, tuple[Format, ...]] = {}
    shared: dict[int, tuple[Mapping[str, Any], tuple[Format, ...]]] = {}

    @wraps(make)
    def find(facts: Facts) -> tuple[Format, ...]:
        limits = facts.limits
        if (same := shared.get(id(limits))) is not None and same[0] is limits:
            return same[1]
        key = repr(limits)
        if (found := known.get(key)) is None:
            if len(known) >= MANY:
                known.clear()
            found = known[key] = make(facts)
        if len(shared) >= MANY:
            shared.clear()
        shared[id(limits)] = limits, found  # it lives as long as it stands here, so that its id is nobody else's
        return found

    return find
