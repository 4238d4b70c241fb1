"""Rich text: what Bluesky's apps show as a link, a mention or a hashtag, and the facets that say so.

Bluesky finds nothing by itself: a link is a link only when the post says so with a facet, in UTF-8 byte offsets. What
is found here follows the official app's rules (npm @atproto/api, rich-text/detection, read 2026-11-22 and 2026-11-29).
"""

from collections.abc import Mapping
from typing import Any

import regex

from kaja.networks.bluesky.limits import MAX_TAG_GRAPHEMES
from kaja.networks.kit.domains import TOP_LEVEL_DOMAINS
from kaja.networks.kit.entities import Entity, find_bytes, keep_apart
from kaja.networks.kit.iri import convert_address
from kaja.networks.kit.text import count_bytes, count_graphemes, trim_link

_MENTION = regex.compile(r"(?:^|(?<=[\s(]))@([a-zA-Z0-9.-]+)\b")
_LINK = regex.compile(
    r"(?<![A-Za-z0-9@＠$#＃/._-])https?://\S+"  # also right after a letter of a script without spaces
    r"|(?:^|(?<=[\s(]))(?P<domain>[a-z][a-z0-9-]*(?:\.[a-z0-9-]+)+)(?:[:/?#]\S*)?",
    regex.IGNORECASE,
)
_HANDLE = regex.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", regex.IGNORECASE
)
_INVISIBLE = r"\u00AD\u2060\u200A\u200B\u200C\u200D\u20e2"
_TAG = regex.compile(rf"(?:^|(?<=\s))[#＃]((?!\ufe0f)[^\s{_INVISIBLE}]*[^\d\s\p{{P}}{_INVISIBLE}]+[^\s{_INVISIBLE}]*)")
# A ticker is a tag whose name begins with the sign, in capitals (CASHTAG_REGEX of the same package, since 2026-01).
_CASHTAG = regex.compile(r"(?:^|(?<=[\s(]))\$([A-Za-z][A-Za-z0-9]{0,4})(?=\s|$|[.,;:!?)\"'’])")
_TAG_TAIL = regex.compile(r"\p{P}+$")
_FACET = "app.bsky.richtext.facet"


def normalize(text: str) -> str:
    """The text as it is counted and sent: one kind of line end, nothing empty around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def find_entities(text: str) -> list[Entity]:
    """Links, mentions and hashtags in order, without overlaps."""
    found: list[Entity] = []
    for match in _LINK.finditer(text):
        link = trim_link(match.group())
        domain, end = match["domain"], match.start() + len(link)
        if domain is None:
            if "." in link or "localhost" in link:
                found.append(Entity("link", match.start(), end, link))
        elif link and trim_link(domain).rsplit(".", 1)[-1].lower() in TOP_LEVEL_DOMAINS:
            found.append(Entity("link", match.start(), end, f"https://{link}"))
    for match in _MENTION.finditer(text):
        handle = match[1].rstrip(".-")
        if _HANDLE.fullmatch(handle):
            found.append(Entity("mention", match.start(), match.start() + 1 + len(handle), handle.lower()))
    for match in _TAG.finditer(text):
        tag = _TAG_TAIL.sub("", match[1])
        if tag and count_graphemes(tag) <= MAX_TAG_GRAPHEMES and count_bytes(tag) <= 640:
            found.append(Entity("tag", match.start(), match.start() + 1 + len(tag), tag))
    for match in _CASHTAG.finditer(text):
        found.append(Entity("tag", match.start(), match.end(), f"${match[1].upper()}"))
    return keep_apart(found)


def list_mentions(text: str) -> list[str]:
    """The handles that a text mentions, each once."""
    return list(dict.fromkeys(entity.value for entity in find_entities(normalize(text)) if entity.kind == "mention"))


def render_facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a normalized text. A mention whose handle has no DID in `dids` stays plain text."""
    facets = []
    for entity in find_entities(text):
        features = {
            "link": {"$type": f"{_FACET}#link", "uri": convert_address(entity.value)},
            "tag": {"$type": f"{_FACET}#tag", "tag": entity.value},
            "mention": {"$type": f"{_FACET}#mention", "did": dids.get(entity.value, "")},
        }
        if entity.kind != "mention" or entity.value in dids:
            start, end = find_bytes(text, entity)
            facets.append({"index": {"byteStart": start, "byteEnd": end}, "features": [features[entity.kind]]})
    return facets
