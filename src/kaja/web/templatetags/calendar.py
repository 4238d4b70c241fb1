"""The weekly times of a channel on its own page."""

from typing import Any

from django import template

from kaja.channels.models import Channel
from kaja.channels.queries import list_channels
from kaja.channels.slots import list_slots
from kaja.content.plan.slots import find_free_slot
from kaja.kernel import clock
from kaja.web.calendar.slots import PRESETS, describe_week
from kaja.web.composer.words import in_words, zone_name
from kaja.web.kit.page import zone_of

register = template.Library()


@register.inclusion_tag("calendar/slots.html", takes_context=True)
def slot_editor(context: dict[str, Any], channel: Channel) -> dict[str, Any]:
    """The weekly grid of a channel's queue; read-only without the right to change channels."""
    request = context["request"]
    zone = zone_of(request)
    slots = list_slots(channel.id)
    week, some = describe_week(slots), bool(slots)
    queue = slots if channel.disconnected_at is None else []
    free = find_free_slot([channel.id], clock.now(), zone, slots=queue)
    editable = "channels" in request.actor.permissions and channel.disconnected_at is None
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "channel": channel,
        "week": week,
        "some": some,
        "free": in_words(free.instant, zone) if free else "",
        "free_at": f"{free.local:%Y-%m-%dT%H:%M}" if free else "",
        "zone": zone_name(zone),
        "presets": [(key, word) for key, (word, _times) in PRESETS.items()],
        "others": [each for each in list_channels() if each.id != channel.id] if editable and some else [],
        "editable": editable,
        "may_write": "write" in request.actor.permissions,
    }
