"""Rich text: what Bluesky's apps show as a link, a mention or a hashtag, and the facets that say so.

Bluesky finds nothing by itself: a link is a link only when the post says so with a facet, in UTF-8 byte offsets. What
is found here follows the official app's rules (npm @atproto/api, rich-text/detection, read 2026-11-22 and 2026-11-29).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import regex

from kaja.networks.bluesky.domains import TOP_LEVEL_DOMAINS
from kaja.networks.bluesky.limits import APP, MAX_BYTES, MAX_GRAPHEMES, MAX_TAG_GRAPHEMES
from kaja.networks.kit.connector import Count, Segment
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


@dataclass(frozen=True)
class Span:
    """A stretch of text with a meaning: `value` is the address, the handle or the tag. Indices are code points."""

    start: int
    end: int
    kind: Literal["link", "mention", "tag"]
    value: str


def normalize(text: str) -> str:
    """The text as it is counted and sent: one kind of line end, nothing empty around it."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def find_spans(text: str) -> list[Span]:
    """Links, mentions and hashtags in order, without overlaps."""
    found: list[Span] = []
    for match in _LINK.finditer(text):
        link = trim_link(match.group())
        domain = match["domain"]
        if domain is None:
            if "." in link or "localhost" in link:
                found.append(Span(match.start(), match.start() + len(link), "link", link))
        elif link and trim_link(domain).rsplit(".", 1)[-1].lower() in TOP_LEVEL_DOMAINS:
            found.append(Span(match.start(), match.start() + len(link), "link", f"https://{link}"))
    for match in _MENTION.finditer(text):
        handle = match[1].rstrip(".-")
        if _HANDLE.fullmatch(handle):
            found.append(Span(match.start(), match.start() + 1 + len(handle), "mention", handle.lower()))
    for match in _TAG.finditer(text):
        tag = _TAG_TAIL.sub("", match[1])
        if tag and count_graphemes(tag) <= MAX_TAG_GRAPHEMES and count_bytes(tag) <= 640:
            found.append(Span(match.start(), match.start() + 1 + len(tag), "tag", tag))
    for match in _CASHTAG.finditer(text):
        found.append(Span(match.start(), match.end(), "tag", f"${match[1].upper()}"))
    found.sort(key=lambda span: (span.start, -span.end))
    kept: list[Span] = []
    for span in found:
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def list_mentions(text: str) -> list[str]:
    """The handles that a text mentions, each once."""
    return list(dict.fromkeys(span.value for span in find_spans(normalize(text)) if span.kind == "mention"))


def render_facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a normalized text. A mention whose handle has no DID in `dids` stays plain text."""
    facets = []
    for span in find_spans(text):
        feature: dict[str, str]
        if span.kind == "link":
            feature = {"$type": "app.bsky.richtext.facet#link", "uri": as_called(span.value)}
        elif span.kind == "tag":
            feature = {"$type": "app.bsky.richtext.facet#tag", "tag": span.value}
        elif span.value in dids:
            feature = {"$type": "app.bsky.richtext.facet#mention", "did": dids[span.value]}
        else:
            continue
        start = len(text[: span.start].encode())
        index = {"byteStart": start, "byteEnd": start + len(text[span.start : span.end].encode())}
        facets.append({"index": index, "features": [feature]})
    return facets


def render_segments(text: str) -> list[Segment]:
    """The text as the apps show it. Joined, the pieces are the normalized text."""
    text = normalize(text)
    segments: list[Segment] = []
    position = 0
    for span in find_spans(text):
        if span.start > position:
            segments.append(Segment(text[position : span.start]))
        href = {"link": span.value, "mention": f"{APP}/profile/{span.value}", "tag": f"{APP}/hashtag/{span.value}"}
        segments.append(Segment(text[span.start : span.end], span.kind, href[span.kind]))
        position = span.end
    if position < len(text):
        segments.append(Segment(text[position:]))
    return segments


def count_text(text: str) -> Count:
    """In characters as a reader sees them; in bytes when those run out first (3,000 in UTF-8)."""
    text = normalize(text)
    size = count_bytes(text)
    if size > MAX_BYTES:
        return Count(size, MAX_BYTES, "bytes", f"{count_graphemes(text)}/{MAX_GRAPHEMES}")
    return Count(count_graphemes(text), MAX_GRAPHEMES, "characters", f"{size}/{MAX_BYTES}")


def fits(text: str) -> bool:
    """Whether one post can hold the text."""
    count = count_text(text)
    return count.used <= count.limit


def split_thread(text: str) -> list[str]:
    def find_whole(whole: str) -> list[tuple[int, int]]:
        return [(span.start, span.end) for span in find_spans(whole)]

    return split_text(normalize(text), fits, window=MAX_BYTES + 1, find_whole=find_whole)
