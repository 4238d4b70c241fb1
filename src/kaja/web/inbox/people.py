"""What people are called who write to us."""

import unicodedata

from django.utils.translation import gettext

from kaja.inbox.models import Handle
from kaja.inbox.people.actions import ERASED


def shown_name(handle: Handle | None) -> str:
    """What somebody is called: their name where it can be seen, else their handle."""
    if handle is not None and handle.remote_id.startswith(ERASED):
        return gettext("Somebody who was erased")
    for each in (handle.name, handle.handle, handle.remote_id) if handle else ():
        if any(unicodedata.category(sign)[0] in "LNPS" for sign in each):
            return each[:80]
    return gettext("Somebody")
