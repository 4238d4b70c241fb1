"""What is said of a promise: how long there is, that it is late, that nobody is there just now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kaja.inbox.models import Conversation
from kaja.inbox.targets.models import Measure
from kaja.kernel import clock
from kaja.web.dates import write_moment

NEAR = timedelta(hours=24)
"""So near a moment is said as what is left until then."""


@dataclass(frozen=True)
class Due:
    """One promise as it is drawn."""

    measure: str
    at: datetime
    late: bool
    paused_until: datetime | None
    counts: bool
    """Whether it says what is left: the page's script counts on."""
    turns: datetime | None
    """When there is something else to say than counting gives; None: never."""

    @property
    def text(self) -> str:
        """In a few words, for a row."""
        if self.late:
            return _("late by %(span)s") % {"span": write_span(clock.now() - self.at)}
        if self.paused_until is not None:
            return _("paused, due %(moment)s") % {"moment": write_near(self.at)}
        if self.counts:
            return _("due in %(span)s") % {"span": write_span(self.at - clock.now())}
        return _("due %(moment)s") % {"moment": write_near(self.at)}

    @property
    def title(self) -> str:
        """The whole of it."""
        said = f"{self.measure}: {write_moment(self.at)}"
        if self.paused_until is None:
            return said
        return f"{said} · " + _("outside business hours until %(moment)s") % {"moment": write_near(self.paused_until)}


def list_due(conversation: Conversation) -> Sequence[Due]:
    """What is promised of a conversation and still open, the first that is due first (`queries.list_conversations`)."""
    return [read_due(each) for each in getattr(conversation, "promises", ())]


def read_due(promise: Mapping[str, Any]) -> Due:
    """One promise, as it stands now."""
    now, at = clock.now(), datetime.fromisoformat(promise["due_at"])
    pauses = [
        (datetime.fromtimestamp(begins, UTC), datetime.fromtimestamp(ends, UTC))
        for begins, ends in promise["pauses"]
        if ends > now.timestamp()
    ]
    paused = next((ends for begins, ends in pauses if begins <= now), None)
    counts = not pauses and now < at <= now + NEAR
    turns = [at, *(moment for pause in pauses for moment in pause)]
    if not pauses:
        turns.append(at - NEAR)
    return Due(
        measure=str(Measure(promise["measure"]).label),
        at=at,
        late=at <= now,
        paused_until=paused if at > now else None,
        counts=counts,
        turns=min((moment for moment in turns if moment > now), default=None),
    )


def write_span(span: timedelta) -> str:
    """How long, in one unit: as much as a row has room for."""
    minutes = int(span.total_seconds() // 60)
    if minutes < 60:
        return _("%(count)s min") % {"count": minutes}
    if minutes < 48 * 60:
        return _("%(count)s h") % {"count": minutes // 60}
    return pgettext("a length of time", "%(count)s d") % {"count": minutes // (24 * 60)}


def write_near(moment: datetime) -> str:
    """A moment to come: the time where it is today, else the day too."""
    local = timezone.localtime(moment)
    return f"{local:%H:%M}" if local.date() == timezone.localtime(clock.now()).date() else write_moment(moment)
