"""What is handed to a connector: one piece of content for one channel, fully resolved."""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import IO, Any, Literal

from kaja.networks.kit.image_rules import ImageRules
from kaja.networks.kit.results import RemoteRef

MediaKind = Literal["image", "gif", "video"]
Kind = Literal["post", "continuation", "comment", "reply", "message", "act"]
"""A reply answers something of the audience's in public, a message is direct; an act is done to what stands there
(`moderation.Act`), and writes nothing."""


@dataclass(frozen=True)
class Media:
    """A file to publish. Width and height in pixels, duration in seconds (0 for images), size in bytes (of the cut-out
    of a picture an estimate).

    `kind` is "gif" for every animation, whatever its format. Of a video, `codec` and `pixels` are FFmpeg's names.
    """

    key: str
    kind: MediaKind
    mime: str
    size: int
    width: int
    height: int
    alt: str = ""
    duration: float = 0.0
    sha256: str = ""
    filename: str = ""
    codec: str = ""
    pixels: str = ""
    read: Callable[[], bytes] = field(default=bytes, compare=False, repr=False)
    source: Callable[[], IO[bytes]] | None = field(default=None, compare=False, repr=False)
    publish: Callable[[timedelta, ImageRules | None], str | None] | None = field(
        default=None, compare=False, repr=False
    )

    def public_url(self, expires: timedelta, rules: "ImageRules | None" = None) -> str | None:
        """An address where a network that fetches files by itself finds this one for so long, a picture within `rules`;
        None where nobody outside can reach this Kaja. Slow work: call it in a thread. Raises ImageRefused."""
        return self.publish(expires, rules) if self.publish else None

    def open(self) -> IO[bytes]:
        """The file, to be read in pieces: a film has up to a gigabyte. The caller closes it."""
        return self.source() if self.source else io.BytesIO(self.read())


@dataclass(frozen=True)
class LinkCard:
    """The preview card of a link. `image` is shown with it where the network takes one."""

    url: str
    title: str = ""
    description: str = ""
    image: Media | None = None


@dataclass(frozen=True)
class Part:
    """One message: a post that is not a thread has exactly one."""

    text: str = ""
    media: tuple[Media, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A whole post as one channel will carry it: what is checked while typing and before sending."""

    parts: tuple[Part, ...]
    link_card: LinkCard | None = None
    first_comment: str = ""
    language: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outgoing:
    """One irreversible message on its way: a post, the next part of a thread, or a first comment.

    `key` is stable for the delivery over all its attempts (32 hex digits): the source of idempotency keys and record
    keys. `created_at` is stable too, so that a repeated request has the same body.
    """

    kind: Kind
    key: str
    created_at: datetime
    text: str
    media: tuple[Media, ...] = ()
    link_card: LinkCard | None = None
    language: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    root: RemoteRef | None = None
    reply_to: RemoteRef | None = None
    owned: frozenset[tuple[str, str]] = frozenset()
    """What other deliveries of the channel made lately, by type and id: none of it is this one's."""

    def is_of_another(self, ref: RemoteRef) -> bool:
        """Whether another delivery owns what stands there."""
        return ref.owner_key in self.owned
