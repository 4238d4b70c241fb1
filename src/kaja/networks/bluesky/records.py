"""What is written into the account's repository: record keys, posts, and references to them."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from kaja.networks.bluesky.info import INFO
from kaja.networks.bluesky.limits import APP
from kaja.networks.bluesky.text import normalize, render_facets
from kaja.networks.kit.addresses import parse_url
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.iri import convert_address
from kaja.networks.kit.results import RemoteRef

LABELS = frozenset(choice.value for choice in INFO.options[0].choices if choice.value)
COLLECTION = "app.bsky.feed.post"
_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"  # base32-sortable, https://atproto.com/specs/tid, read 2026-11-22
# The app's own addresses, which other apps of the network use too; record keys: https://atproto.com/specs/record-key.
_ADDRESS = re.compile(r"/profile/(did:[a-z]+:[\w.:%-]+|[\w-]+(?:\.[\w-]+)+)/post/([\w.~:-]{1,512})/?")
_CLOCK_BITS = 10
_SECOND = 1_000_000


def make_record_key(key: str, created_at: datetime) -> str:
    """The TID under which a delivery's post stands: the same for every attempt, so that none makes a second post.

    A TID is microseconds and a clock id. The second is that of `created_at`; the microseconds within it and the clock
    id come from the delivery's key, 30 bits, so that many posts of one second keep apart.
    """
    digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    seconds = int(created_at.timestamp())
    value = ((seconds * _SECOND + digest % _SECOND) << _CLOCK_BITS) | (digest // _SECOND) % (1 << _CLOCK_BITS)
    return encode_tid(value)


def encode_tid(value: int) -> str:
    """63 bits in the letters that sort as the number does."""
    characters = []
    for _ in range(13):
        characters.append(_ALPHABET[value & 31])
        value >>= 5
    return "".join(reversed(characters))


def read_key_time(record_key: str) -> datetime | None:
    """When a record was made, by its key: the order in which a repository lists. None for a key of another form."""
    if len(record_key) != 13 or any(sign not in _ALPHABET for sign in record_key):
        return None
    value = 0
    for sign in record_key:
        value = value << 5 | _ALPHABET.index(sign)
    try:
        return datetime.fromtimestamp((value >> _CLOCK_BITS) / _SECOND, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def render_time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def render_identity(outgoing: Outgoing) -> dict[str, str]:
    """What a record that was sent is known again by."""
    return {"text": normalize(outgoing.text), "createdAt": render_time(outgoing.created_at)}


def render_post(outgoing: Outgoing, prepared: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a post. `prepared` is the checkpoint: uploaded blobs and the DIDs of mentioned handles.

    Raises KeyError when something of it was not prepared.
    """
    record: dict[str, Any] = {"$type": COLLECTION, **render_identity(outgoing)}
    if facets := render_facets(record["text"], prepared.get("dids", {})):
        record["facets"] = facets
    if outgoing.language:
        record["langs"] = [outgoing.language]
    if embed := _render_embed(outgoing, prepared):
        record["embed"] = embed
    label = outgoing.options.get("content_label")
    if label in LABELS:
        record["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": label}]}
    if outgoing.reply_to is not None:
        # Of somebody else's post both stand as the network showed them when the reply was prepared.
        parent = _render_strong_ref(outgoing.reply_to, str(prepared.get("parent_cid") or ""))
        root = _render_strong_ref(outgoing.root) if outgoing.root is not None else parent
        record["reply"] = {"root": prepared.get("root") or root, "parent": parent}
    return record


def _render_embed(outgoing: Outgoing, prepared: Mapping[str, Any]) -> dict[str, Any] | None:
    if outgoing.media:
        blobs = prepared["blobs"]
        if outgoing.media[0].kind == "video":
            video = {"video": blobs[0]["blob"], "alt": outgoing.media[0].alt, **_render_ratio(blobs[0])}
            return {"$type": "app.bsky.embed.video", **video}
        images = [
            {"image": blob["blob"], "alt": medium.alt, **_render_ratio(blob)}
            for medium, blob in zip(outgoing.media, blobs, strict=True)
        ]
        return {"$type": "app.bsky.embed.images", "images": images}
    card = outgoing.link_card
    if card is None:
        return None
    external = {"uri": convert_address(card.url), "title": card.title or card.url, "description": card.description}
    if card.image is not None:
        external["thumb"] = prepared["thumb"]
    return {"$type": "app.bsky.embed.external", "external": external}


def _render_ratio(blob: Mapping[str, Any]) -> dict[str, Any]:
    width, height = int(blob["width"]), int(blob["height"])
    return {"aspectRatio": {"width": width, "height": height}} if width > 0 and height > 0 else {}


def _render_strong_ref(ref: RemoteRef, cid: str = "") -> dict[str, str]:
    return {"uri": ref.id, "cid": cid or str(ref.data["cid"])}


def make_ref(uri: str, cid: str) -> RemoteRef:
    """A post by its at:// address. Its page is named by DID, so the address survives a new handle."""
    did, _, record_key = uri.removeprefix("at://").partition(f"/{COLLECTION}/")
    return RemoteRef(uri, f"{APP}/profile/{did}/post/{record_key}", {"cid": cid})


def parse_uri(uri: str) -> tuple[str, str]:
    """The DID and the record key of a post's at:// address. Raises ValueError for another."""
    did, found, record_key = uri.removeprefix("at://").partition(f"/{COLLECTION}/")
    if not uri.startswith("at://did:") or not found or not record_key:
        raise ValueError("this is not the address of a Bluesky post")
    return did, record_key


def parse_address(url: str) -> tuple[str, str] | None:
    """Who (a DID, or a handle in small letters) and the record key, from a post's page or its at:// address."""
    if url.strip().startswith("at://"):
        try:
            return parse_uri(url.strip())
        except ValueError:
            return None
    parts = parse_url(url)
    found = _ADDRESS.fullmatch(parts.path) if parts else None
    if found is None:
        return None
    who = found[1] if found[1].startswith("did:") else found[1].lower()
    return who, found[2]


def is_same(record: Mapping[str, Any], expected: Mapping[str, Any]) -> bool:
    """Whether a record found under our key is the one that was sent."""
    return all(record.get(name) == expected[name] for name in ("text", "createdAt"))
