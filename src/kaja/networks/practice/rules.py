"""What the practice network takes, known before anything is sent. The server's own rules stand in its API."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.kit.connector import Count
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.ruleset import Ruleset
from kaja.networks.practice.formats import get_limit, list_formats
from kaja.networks.practice.info import INFO


def _count(text: str, facts: Facts, options: Mapping[str, Any]) -> Count:
    """In Unicode code points."""
    return Count(len(text), get_limit(facts, "max_characters"), "characters")


RULES = Ruleset(INFO, _count, list_formats)
