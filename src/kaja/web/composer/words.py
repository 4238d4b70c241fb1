"""Times in words: "Fri 27 Nov, 09:00, Tallinn"."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from kaja.web.dates import write_moment


def zone_name(zone: ZoneInfo) -> str:
    """The city of a zone, as people say it."""
    return zone.key.rpartition("/")[2].replace("_", " ")


def day_in_words(moment: datetime, zone: ZoneInfo) -> str:
    """The day and time without the zone; the year only when it is not this one."""
    with timezone.override(zone):
        return write_moment(moment)


def in_words(moment: datetime, zone: ZoneInfo) -> str:
    """The day, the time and where that is."""
    return _("%(day)s, %(zone)s") % {"day": day_in_words(moment, zone), "zone": zone_name(zone)}


def page_words() -> dict[str, str]:
    """What the page's scripts say, in the reader's language. {name} places are filled by the scripts."""
    return {
        "saving": _("Saving…"),
        "unsaved": _("Not saved yet"),
        "offline": _("Not saved: Kaja does not answer. Your text is kept in this browser and saved when it does."),
        "refused": _("Not saved: {reason}"),
        "signedOut": _(
            "Not saved: you are signed out. Your text is kept in this browser; sign in again in another tab."
        ),
        "found": _("This browser kept text that was never saved."),
        "take": _("Use it"),
        "drop": _("Discard it"),
        "part": _("Post {number} of the thread"),
        "text": _("Text"),
        "uploading": _("{name} is being uploaded"),
        "uploadChecked": _("Being checked …"),
        "cancelUpload": _("Cancel the upload of {name}"),
        "uploadCancelled": _("{name} was not uploaded: you cancelled it."),
        "uploadFailed": _("{name} was not uploaded: Kaja does not answer. Try again."),
        "tooLarge": _("{name} is too large for this server."),
        "moved": _("{name} is now number {number} of {count}."),
        "removed": _("{name} was removed from the post."),
        "noAlt": _("no description"),
        "noAltShort": _("no ALT"),
        "differs": _("differs"),
        "leave": _("There is text that is not saved yet."),
        "cardFailed": _("The page could not be read; write the card by hand."),
        "picture": _("Picture {number}"),
        "checkFailed": _("Kaja does not answer, so the previews are not new. You can go on writing."),
    }
