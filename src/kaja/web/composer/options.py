"""A network's own fields of a post, as the page draws them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.networks.kit.connector import Choice, OptionField
from kaja.networks.registry import CONNECTORS


@dataclass(frozen=True)
class ShownOption:
    """One field with what stands in it. `terms` are what the network offers (categories, tags)."""

    field: OptionField
    value: Any
    terms: Sequence[str] = ()

    @property
    def choices(self) -> Sequence[Choice]:
        if self.field.kind == "language":
            return [Choice(code, name) for code, name in settings.LANGUAGES]
        return self.field.choices

    @property
    def joined(self) -> str:
        """A list of terms as people type it."""
        return ", ".join(self.value) if isinstance(self.value, list | tuple) else str(self.value or "")


def list_options(channel: Channel, values: Mapping[str, Any]) -> list[ShownOption]:
    """The fields of one channel."""
    connector = CONNECTORS.get(channel.network)
    if connector is None:
        return []
    terms = facts_of(channel).terms
    return [
        ShownOption(field, values.get(field.name, field.default), terms.get(field.name, ()))
        for field in connector.info.options
    ]
