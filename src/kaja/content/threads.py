"""Cutting texts into the parts of a thread that every chosen channel takes."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.text import Span, find_words, split_text
from kaja.networks.registry import CONNECTORS

Options = Mapping[str, Any]
_FIRST_WINDOW = 1000


def split_for(
    texts: Sequence[str], channels: Sequence[Channel], options: Mapping[UUID, Options] | None = None
) -> list[list[str]]:
    """For each text its parts, each of which fits every channel that knows threads, whatever the channels' order.

    Nothing is taken over from one text to the next, and what fits already stays as it is: to cut again changes nothing.
    Links, mentions and tags of any of the networks stay whole.
    """
    measures = [
        (connector, facts_of(channel), (options or {}).get(channel.id, {}))
        for channel in channels
        if (connector := CONNECTORS.get(channel.network)) and connector.can_send("continuation")
    ]

    def fits(part: str) -> bool:
        for connector, facts, chosen in measures:
            count = connector.rules.count(part, facts, chosen)
            if count.used > count.limit:
                return False
        return True

    def find_whole(text: str) -> list[Span]:
        found = find_words(text)
        for connector, facts, _ in measures:
            found += _find_marked(text, connector, facts)
        return found

    parts: list[list[str]] = []
    for text in texts:
        plain = text.replace("\r\n", "\n").strip()
        if plain and not fits(plain):
            parts.append(split_text(plain, fits, window=_window(plain, fits), find_whole=find_whole))
        else:
            parts.append([text] if plain else [])
    return parts


def _window(text: str, fits: Any) -> int:
    """A number of code points that is too much for one part, with links that count for less than they are long."""
    window = _FIRST_WINDOW
    while window < len(text) and fits(text[:window]):
        window *= 2
    return 2 * window


def _find_marked(text: str, connector: Connector, facts: Facts) -> list[Span]:
    """Where a network sees a link, a mention or a tag."""
    found, at = [], 0
    for segment in connector.rules.segments(text, facts):
        start = text.find(segment.text, at)
        if start < 0:  # a network that shows the text otherwise than it was typed
            continue
        at = start + len(segment.text)
        if segment.kind != "text":
            found.append((start, at))
    return found
