"""Rich text: what Bluesky's apps show as a link, a mention or a hashtag, and the facets that say so.

Bluesky finds nothing by itself: a link is a link only when the post says so with a facet, in UTF-8 byte offsets. What
is found here follows the official app's rules (npm @atproto/api, rich-text/detection, read 2026-11-22 and 2026-11-29).
"""

from collections.abc import Mapping
from typing import Any

import regex

from kaja.networks.bluesky.limits import APP, MAX_BYTES, MAX_GRAPHEMES, MAX_TAG_GRAPHEMES
from kaja.networks.kit.connector import Count, Segment
from kaja.networks.kit.domains import TOP_LEVEL_DOMAINS
from kaja.networks.kit.entities import Entity, find_bytes, keep_apart, list_spans, render_segments
from kaja.networks.kit.iri import as_called
from kaja.networks.kit.text import count_bytes, count_graphemes, split_text, trim_link

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
            "link": {"$type": f"{_FACET}#link", "uri": as_called(entity.value)},
            "tag": {"$type": f"{_FACET}#tag", "tag": entity.value},
            "mention": {"$type": f"{_FACET}#mention", "did": dids.get(entity.value, "")},
        }
        if entity.kind != "mention" or entity.value in dids:
            start, end = find_bytes(text, entity)
            facets.append({"index": {"byteStart": start, "byteEnd": end}, "features": [features[entity.kind]]})
    return facets


def show(text: str) -> list[Segment]:
    """The text as the apps show it. Joined, the pieces are the normalized text."""
    text = normalize(text)
    places = {"link": "", "mention": f"{APP}/profile/", "tag": f"{APP}/hashtag/"}
    return render_segments(text, find_entities(text), lambda entity: places[entity.kind] + entity.value)


def count_text(text: str) -> Count:
    """In characters as a reader sees them; in bytes when those run out first (3,000 in UTF-8)."""
    text = normalize(text)
    size = count_bytes(text)
    if size > MAX_BYTES:
        return Count(size, MAX_BYTES, "bytes", f"{count_graphemes(text)}/{MAX_GRAPHEMES}")
    return Count(count_graphemes(text), MAX_GRAPHEMES, "characters", f"{size}/{MAX_BYTES}")


def split_thread(text: str) -> list[str]:
    def fits(part: str) -> bool:
        count = count_text(part)
        return count.used <= count.limit

    return split_text(
        normalize(text), fits, window=MAX_BYTES + 1, find_whole=lambda whole: list_spans(find_entities(whole))
    )
