"""What an instance allows, read from its own description, with Mastodon's defaults where it is silent.

Defaults: Mastodon's source and https://docs.joinmastodon.org/entities/Instance/, read 2026-11-22. The description limit
is announced by newer versions and was 1,500 before.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from kaja.networks.kit.answers import read_mapping

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """Lengths in the instance's characters, sizes in bytes, matrices in pixels (width times height)."""

    max_characters: int = 500
    characters_reserved_per_url: int = 23
    max_media_attachments: int = 4
    image_size_limit: int = 16 * MIB
    image_matrix_limit: int = 33_177_600
    video_size_limit: int = 99 * MIB
    video_matrix_limit: int = 8_294_400
    description_limit: int = 1500
    supported_mime_types: tuple[str, ...] = ()
    software: str = ""
    """Name by nodeinfo ("mastodon", "snac", "pleroma"); empty when the server does not say."""

    @property
    def idempotent(self) -> bool:
        """Whether the server is known to honour Idempotency-Key (Mastodon keeps it for an hour)."""
        return self.software == "mastodon"

    @property
    def image_types(self) -> tuple[str, ...]:
        """The types among those that Kaja writes which the instance takes."""
        written = ("image/jpeg", "image/png", "image/webp")
        return tuple(mime for mime in written if mime in self.supported_mime_types) or written[:2]

    @property
    def max_side(self) -> int:
        """Pixels of a side of which the square is within the matrix: safe for every shape that is not wider."""
        return min(4096, int(self.image_matrix_limit**0.5))

    @property
    def moves_only_gif(self) -> bool:
        """Whether animations go as GIF. Mastodon plays nothing else: only image/gif goes to its transcoder
        (MediaAttachment.file_processors, app/models/media_attachment.rb, read 2026-11-29)."""
        return not self.supported_mime_types or "image/gif" in self.supported_mime_types

    @property
    def counts_like_mastodon(self) -> bool:
        """Whether a link has a fixed length and a mention's host is free."""
        return self.characters_reserved_per_url > 0


_FIELDS = {field.name for field in fields(Limits)}


def parse_limits(instance: Mapping[str, Any], software: str) -> Limits:
    """From the answer of /api/v2/instance or /api/v1/instance. Values that make no sense are left at the default."""
    configuration = read_mapping(instance.get("configuration"))
    found: dict[str, Any] = {}
    for part in ("statuses", "media_attachments"):
        for name, value in read_mapping(configuration.get(part)).items():
            if name in _FIELDS and isinstance(value, int) and not isinstance(value, bool) and value >= 0:
                found[name] = value
    types = read_mapping(configuration.get("media_attachments")).get("supported_mime_types")
    if isinstance(types, list):
        found["supported_mime_types"] = tuple(item for item in types if isinstance(item, str))
    if "max_characters" not in found and isinstance(own := instance.get("max_toot_chars"), int) and own > 0:
        found["max_characters"] = own  # Pleroma, Akkoma and glitch-soc before they had `configuration`
    if not read_mapping(configuration.get("statuses")):
        found["characters_reserved_per_url"] = 0 if software not in ("", "mastodon") else 23
    return Limits(
        **{name: value for name, value in found.items() if name != "max_characters" or value}, software=software
    )


def render_limits(limits: Limits) -> dict[str, Any]:
    """The JSON that is stored with the channel."""
    return {
        **asdict(limits),
        "supported_mime_types": list(limits.supported_mime_types),
        "idempotent": limits.idempotent,
    }


def read_limits(stored: Mapping[str, Any]) -> Limits:
    """Back from what is stored; unknown names are ignored."""
    known = {name: value for name, value in stored.items() if name in _FIELDS}
    return Limits(**{**known, "supported_mime_types": tuple(known.get("supported_mime_types", ()))})
