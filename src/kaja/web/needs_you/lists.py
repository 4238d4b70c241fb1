"""The three lists of what waits for a person."""

from django.utils.translation import gettext_lazy as _

from kaja.channels.models import Channel
from kaja.publishing.needs_you import Waiting, list_channels_to_reconnect, list_unsettled_notices, list_waiting
from kaja.web.kit.listing import Empty, Listing
from kaja.workspaces.models import Notice

NOTHING = Empty(
    "circle-check",
    _("Nothing waits for you"),
    _(
        "When a post fails, an answer is lost or a channel has to be connected again, it is here, with the buttons "
        "that settle it."
    ),
    "calendar:index",
    _("To the calendar"),
)
WAITING: Listing[Waiting] = Listing("waiting", lambda asked: list_waiting(asked.cursor, asked.limit), NOTHING)
CHANNELS: Listing[Channel] = Listing(
    "broken", lambda asked: list_channels_to_reconnect(asked.cursor, asked.limit), NOTHING, cursor="broken-after"
)
NOTICES: Listing[Notice] = Listing(
    "notices",
    lambda asked: list_unsettled_notices(asked.request.member, asked.cursor, asked.limit),
    NOTHING,
    cursor="notices-after",
    newest_first=True,
)
