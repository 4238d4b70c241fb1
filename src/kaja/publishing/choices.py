"""What posts can be filtered by, in one query. Inside the workspace's scope."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Case, CharField, DateTimeField, QuerySet, Value, When
from django.db.models.functions import Coalesce, NullIf

from kaja.channels.models import Channel
from kaja.channels.queries import channel_order
from kaja.content.models import Campaign, Label
from kaja.kernel.compiled import CompiledQuery
from kaja.workspaces.models import Member


@dataclass(frozen=True)
class Choice:
    """One thing to choose; for a channel also what its mark shows."""

    value: str
    name: str
    network: str = ""
    colour: str = ""
    avatar_url: str = ""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Choices:
    """Everything that posts can be filtered by. Channels that were let go stay: old posts went there."""

    channel: list[Choice]
    campaign: list[Choice]
    label: list[Choice]
    owner: list[Choice]


_TEXT = CharField()
_NOTHING = Value("", output_field=_TEXT)
_PERSON = Coalesce(NullIf("user__name", _NOTHING), "user__email", output_field=_TEXT)
_choices = CompiledQuery()


def _kind(name: str) -> Value:
    return Value(name, output_field=_TEXT)


def _all_choices() -> QuerySet[Any, Any]:
    """Kind, id, name, network, colour, picture, what channels are ordered by; those let go are a kind of their own."""
    gone = Case(When(disconnected_at__isnull=True, then=_kind("channel")), default=_kind("gone"))
    name = Coalesce(NullIf("name", _NOTHING), "handle", output_field=_TEXT)
    order, unordered = channel_order()[0], Value(None, output_field=DateTimeField())
    channels = Channel.objects.values_list(gone, "id", name, "network", _NOTHING, "avatar_url", order)
    campaigns = Campaign.objects.filter(archived_at__isnull=True)
    return channels.union(
        campaigns.values_list(_kind("campaign"), "id", "name", _NOTHING, "colour", _NOTHING, unordered),
        Label.objects.values_list(_kind("label"), "id", "name", _NOTHING, _NOTHING, _NOTHING, unordered),
        Member.objects.values_list(_kind("owner"), "user_id", _PERSON, _NOTHING, _NOTHING, _NOTHING, unordered),
        all=True,
    )


def list_choices() -> Choices:
    """One query; channels in their order, every other group by name."""
    found: dict[str, list[tuple[Any, Choice]]] = {
        kind: [] for kind in ("channel", "gone", "campaign", "label", "owner")
    }
    for kind, pk, name, network, colour, picture, order in _choices.fetch(_all_choices):
        choice = Choice(name if kind == "label" else str(pk), name, network, colour, picture)
        found[kind].append(((order, str(pk)) if network else name.casefold(), choice))
    groups = {kind: [choice for _key, choice in sorted(rows, key=lambda row: row[0])] for kind, rows in found.items()}
    return Choices(groups["channel"] + groups["gone"], groups["campaign"], groups["label"], groups["owner"])
