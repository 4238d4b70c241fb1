"""What the practice network takes, known before anything is sent. The server's own rules stand in its API."""

from collections.abc import Mapping
from typing import Any

from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Count, Facts, OptionField, Segment
from kaja.networks.kit.content import Draft
from kaja.networks.kit.fields import list_fields
from kaja.networks.kit.findings import find_usual, link_segments
from kaja.networks.kit.formats import Format, get_format
from kaja.networks.kit.text import split_text
from kaja.networks.practice.answers import NETWORK
from kaja.networks.practice.formats import get_limit, list_formats
from kaja.networks.practice.info import INFO


def count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """In Unicode code points."""
    return Count(len(text), get_limit(facts, "max_characters"), "characters")


def split(text: str, facts: Facts) -> list[str]:
    limit = get_limit(facts, "max_characters")
    return split_text(text, lambda part: len(part) <= limit, window=limit + 1)


def segments(text: str, facts: Facts) -> list[Segment]:
    """The pages of the practice network link the same addresses."""
    return link_segments(text)


def formats(facts: Facts) -> tuple[Format, ...]:
    return list_formats(facts)


def options(draft: Draft, facts: Facts) -> tuple[OptionField, ...]:
    return list_fields(INFO.options, formats(facts), draft.options, facts)


def check(draft: Draft, facts: Facts) -> list[Problem]:
    """Everything that the network would refuse, and what is better fixed."""
    shown_as = get_format(formats(facts), draft.options)
    fields = options(draft, facts)
    return list(find_usual(draft, shown_as, fields, NETWORK, lambda text: count(text, facts, draft.options)))
