"""The `rules` of a connector, made of what is its own: how it counts, shows and links, and what else it finds wrong."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Count, NetworkInfo, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.entities import Entity, list_spans, render_segments
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.fields import list_fields
from kaja.networks.kit.findings import find_usual, link_segments
from kaja.networks.kit.formats import Format, get_format
from kaja.networks.kit.options import OptionField
from kaja.networks.kit.text import find_words, split_text


def _find_nothing(draft: Draft, facts: Facts) -> Iterable[Problem]:
    """The formats and fields say it all."""
    return ()


def _keep(text: str) -> str:
    """The text goes as it is."""
    return text


def _value_of(entity: Entity, facts: Facts) -> str:
    """A link leads where it says."""
    return entity.value


@dataclass(frozen=True)
class Ruleset:
    """Pure: nothing of it touches the network, or remembers."""

    info: NetworkInfo
    count: Callable[[str, Facts, Mapping[str, Any]], Count]
    formats: Callable[[Facts], tuple[Format, ...]]
    further: Callable[[Draft, Facts], Iterable[Problem]] = _find_nothing
    """What only this network finds."""
    find_entities: Callable[[str], list[Entity]] | None = None
    """What it links; None for plain addresses only."""
    address_of: Callable[[Entity, Facts], str] = _value_of
    normalize: Callable[[str], str] = _keep
    """The text as it is counted and sent."""

    def options(self, draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
        return self._list_fields(self.formats(facts), draft, facts)

    def _list_fields(self, formats: tuple[Format, ...], draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
        return list_fields(self.info.options, formats, draft.options, facts)

    def check(self, draft: Draft, facts: Facts) -> list[Problem]:
        def measure(text: str) -> Count:
            return self.count(text, facts, draft.options) if text.strip() else Count(0, 0, "")

        formats = self.formats(facts)
        fields = self._list_fields(formats, draft, facts)
        usual = find_usual(draft, get_format(formats, draft.options), fields, self.info.name, measure)
        return [*usual, *self.further(draft, facts)]

    def split(self, text: str, facts: Facts) -> list[str]:
        """Parts that each fit; the whole text where nothing is shown in parts."""
        if not any(each.threads for each in self.formats(facts)):
            return [text] if text.strip() else []

        def fits(part: str) -> bool:
            told = self.count(part, facts, {})
            return told.used <= told.limit

        find = self.find_entities
        whole = find_words if find is None else lambda text: list_spans(find(text))
        window = 4 * self.count("", facts, {}).limit + 4000
        return split_text(self.normalize(text), fits, window=window, find_whole=whole)

    def segments(self, text: str, facts: Facts) -> list[Segment]:
        """The text as the network will show it."""
        text = self.normalize(text)
        if self.find_entities is None:
            return link_segments(text)
        return render_segments(text, self.find_entities(text), lambda entity: self.address_of(entity, facts))
