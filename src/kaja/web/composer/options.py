"""A network's own fields of a post, as the page draws them. What a field is drawn with depends on its kind alone."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils import timezone

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.content.options import list_shown_fields
from kaja.networks.kit.fields import read_moment
from kaja.networks.kit.options import Choice, OptionField
from kaja.networks.registry import CONNECTORS


@dataclass(frozen=True)
class ShownOption:
    """One field with what stands in it. `terms` are what the network offers (categories, tags)."""

    field: OptionField
    value: Any
    id: str
    terms: Sequence[str] = ()

    @property
    def template(self) -> str:
        return f"components/option/{self.field.kind}.html"

    @property
    def choices(self) -> Sequence[Choice]:
        if self.field.kind == "language":
            return [Choice(code, name) for code, name in settings.LANGUAGES]
        return self.field.choices

    @property
    def is_on(self) -> bool:
        """Of a yes or no, however it was given."""
        return str(self.value).lower() in ("true", "on", "1", "yes")

    @property
    def wall(self) -> str:
        """Of a moment: what the workspace's clocks show then."""
        moment = read_moment({"": self.value}, "")
        if moment is None:
            return ""
        with suppress(OverflowError):  # at either end of time
            moment = moment.astimezone(timezone.get_current_timezone()) if moment.tzinfo else moment
        return f"{moment:%Y-%m-%dT%H:%M}"

    @property
    def attributes(self) -> dict[str, str]:
        return {"data-option": self.field.name}

    @property
    def low(self) -> str:
        return f"{self.field.bounds[0]:g}"

    @property
    def high(self) -> str:
        return f"{self.field.bounds[1]:g}"

    @property
    def joined(self) -> str:
        """A list of terms as people type it."""
        return ", ".join(self.value) if isinstance(self.value, list | tuple) else str(self.value or "")


def list_options(channel: Channel, values: Mapping[str, Any]) -> list[ShownOption]:
    """The fields of one channel, as far as what is chosen so far shows them."""
    terms = facts_of(channel).terms
    return [
        ShownOption(
            field,
            values.get(field.name, field.default),
            f"option-{channel.id}-{field.name}",
            terms.get(field.name, ()),
        )
        for field in list_shown_fields(channel, values)
    ]


def with_defaults(channel: Channel, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds where nothing was chosen."""
    return {**{field.name: field.default for field in list_shown_fields(channel, values) if field.default}, **values}


def has_formats(channel: Channel) -> bool:
    """Whether its fields change with what is chosen."""
    connector = CONNECTORS.get(channel.network)
    return connector is not None and len(connector.rules.formats(facts_of(channel))) > 1
