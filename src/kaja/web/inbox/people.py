"""What people are called who write to us."""

import unicodedata

from django.utils.translation import gettext

from kaja.inbox.forms import clean_name
from kaja.inbox.models import Handle
from kaja.inbox.people.actions import ERASED


def shown_name(handle: Handle | None) -> str:
    """What somebody is called: their name where it can be seen, else their handle."""
    if handle is not None and handle.remote_id.startswith(ERASED):
        return gettext("Somebody who was erased")
    # The network's own name of them is cleaned here, for it stands as it is where it names somebody.
    for each in (handle.name, handle.handle, clean_name(handle.remote_id)) if handle else ():
        if any(unicodedata.category(sign)[0] in "LNPS" for sign in each):
            return each[:80]
    return gettext("Somebody")
