"""Everything that changes channels, in one place for those above."""

from kaja.channels.connecting import check_channel, connect_channel
from kaja.channels.consenting import choose_channels, finish_authorization, start_authorization
from kaja.channels.following import follow_channel
from kaja.channels.storing import disconnect_channel, store_connection

__all__ = [
    "check_channel",
    "choose_channels",
    "connect_channel",
    "disconnect_channel",
    "finish_authorization",
    "follow_channel",
    "start_authorization",
    "store_connection",
]
