"""What two versions of a post differ in, so that a person can read it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from kaja.content.document import CardDocument, PartDocument
from kaja.content.snapshot import PostContent
from kaja.content.words import Run, diff_words
from kaja.media.item import MediaItem


@dataclass(frozen=True)
class Difference:
    """One field. `place` is text, media, first_comment, language, link_card, options, channel_added or
    channel_removed; `part` counts from 1 in threads (0 elsewhere); `channel` is a name, empty for the common post."""

    place: str
    runs: Sequence[Run] = ()
    part: int = 0
    channel: str = ""


def _plain(before: Any, after: Any) -> list[Run]:
    pairs: tuple[tuple[Literal["gone", "new"], Any], ...] = (("gone", before), ("new", after))
    return [Run(kind, str(value)) for kind, value in pairs if value not in ("", None, [], {})]


def _media(items: Sequence[MediaItem]) -> list[tuple[UUID, str, Any]]:
    return [(item.asset, item.alt, item.crop) for item in items]


def _counts(before: Sequence[MediaItem], after: Sequence[MediaItem]) -> tuple[str, str]:
    """How many there were and are; nothing when only order, crop or description changed."""
    return ("", "") if len(before) == len(after) else (f"{len(before)} ", str(len(after)))


def _diff_parts(before: Sequence[PartDocument], after: Sequence[PartDocument], channel: str) -> list[Difference]:
    found = []
    thread = max(len(before), len(after)) > 1
    empty = PartDocument()
    for index in range(max(len(before), len(after))):
        old = before[index] if index < len(before) else empty
        new = after[index] if index < len(after) else empty
        number = index + 1 if thread else 0
        came_or_went = index >= len(before) or index >= len(after)
        if old.text != new.text or (came_or_went and not old.media and not new.media):
            found.append(Difference("text", diff_words(old.text, new.text), number, channel))
        if _media(old.media) != _media(new.media):
            found.append(Difference("media", _plain(*_counts(old.media, new.media)), number, channel))
    return found


def _card(card: CardDocument | str | None) -> str:
    if card == "none":
        return "–"
    return " · ".join(part for part in (card.title, card.url) if part) if isinstance(card, CardDocument) else ""


def _diff_documents(before: Any, after: Any, channel: str) -> list[Difference]:
    found = _diff_parts(before.parts or (), after.parts or (), channel)
    for place in ("first_comment", "language"):
        old, new = getattr(before, place) or "", getattr(after, place) or ""
        if old != new:
            found.append(Difference(place, diff_words(old, new), 0, channel))
    if before.link_card != after.link_card:
        found.append(Difference("link_card", _plain(_card(before.link_card), _card(after.link_card)), 0, channel))
    return found


def list_differences(before: PostContent, after: PostContent, names: Mapping[UUID, str]) -> list[Difference]:
    """Every field in which `after` differs from `before`; `names` gives channels their names."""
    found = _diff_documents(before.document, after.document, "")
    for channel in [*before.variants, *(c for c in after.variants if c not in before.variants)]:
        name = names.get(channel, "?")
        old, new = before.variants.get(channel), after.variants.get(channel)
        if old is None or new is None:
            found.append(Difference("channel_added" if old is None else "channel_removed", (), 0, name))
            continue
        found += _diff_documents(old.overrides, new.overrides, name)
        if old.options != new.options:
            keys = [k for k in {**old.options, **new.options} if old.options.get(k) != new.options.get(k)]
            runs = [run for k in keys for run in _plain(old.options.get(k), new.options.get(k))]
            found.append(Difference("options", runs, 0, name))
    return found
