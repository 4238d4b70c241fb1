"""Network fields as they come in, and as a post keeps them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from kaja.channels.models import Channel
from kaja.channels.sessions import facts_of
from kaja.content.snapshot import VariantContent
from kaja.kernel.tenancy import entered_workspace_id
from kaja.kernel.times import resolve_local
from kaja.networks.kit.content import Draft
from kaja.networks.kit.fields import list_every, render_moment
from kaja.networks.kit.options import OptionField
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.models import Workspace


def list_shown_fields(channel: Channel, values: Mapping[str, Any]) -> Sequence[OptionField]:
    """What can be filled in on a channel now, as far as what is chosen so far shows it."""
    connector = CONNECTORS.get(channel.network)
    return connector.rules.options(Draft((), options=values), facts_of(channel)) if connector else ()


_UNSETTLED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d[^[]*")


def settle_moments(variants: Mapping[UUID, VariantContent]) -> dict[UUID, VariantContent]:
    """With each day and time that somebody gave as the instant that it means, in the workspace's zone: what its clocks
    show then, or, with an offset, that instant. What is kept already stays as it is, also when the workspace moves to
    another zone. Asks for channels and zone only when there is something to settle."""
    given = {
        channel for channel, own in variants.items() if any(_is_unsettled(value) for value in own.options.values())
    }
    if not given:
        return dict(variants)
    zone = ZoneInfo(Workspace.objects.get(id=entered_workspace_id()).time_zone)
    settled = dict(variants)
    for channel in Channel.objects.filter(id__in=given):
        own = variants[channel.id]
        settled[channel.id] = replace(own, options=_settle(channel, own.options, zone))
    return settled


def _is_unsettled(value: Any) -> bool:
    return isinstance(value, str) and _UNSETTLED.fullmatch(value) is not None


def _settle(channel: Channel, options: Mapping[str, Any], zone: ZoneInfo) -> dict[str, Any]:
    connector = CONNECTORS.get(channel.network)
    if connector is None:
        return dict(options)
    fields = list_every(connector.info.options, connector.rules.formats(facts_of(channel)))
    moments = {field.name for field in fields if field.kind == "datetime"}
    return {
        name: _settle_one(value, zone) if name in moments and _is_unsettled(value) else value
        for name, value in options.items()
    }


def _settle_one(value: str, zone: ZoneInfo) -> str:
    """What is no moment stays as it was typed: the check says what is wrong with it."""
    try:
        moment = datetime.fromisoformat(value)
        instant = moment if moment.tzinfo else resolve_local(moment.replace(second=0, microsecond=0), zone).instant
        return render_moment(instant, zone)
    except (ValueError, OverflowError):
        return value
