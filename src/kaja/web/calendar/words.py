"""What the calendar's scripts say, in the reader's language. {name} places are filled by the scripts."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext


def page_words() -> dict[str, str]:
    """By the names that the scripts use."""
    return {
        "past": _("This time has passed already."),
        "conflict": _("Another post is here on the same channel."),
        "skipped": _("The clocks go forward: this time does not exist on that day. It becomes {time}."),
        "doubled": _("The clocks go back: this time comes twice on that day. The first one is taken."),
        "sent": _("This post has gone out already, or is being sent, so it cannot be moved. Duplicate it instead."),
        "role": _("Your role does not allow moving this post."),
        "moving": _("Moving. Arrows choose another time, Enter puts the post there, Escape leaves it where it was."),
        "cancelled": _("The post stays where it was."),
        "same": _("This is where it is."),
        "noAnswer": _("Kaja does not answer. The post stays where it was; try again in a moment."),
        "open": _("Open"),
        "edit": _("Edit"),
        "move": _("Move"),
        "moveTo": _("Move to a time…"),
        "nextSlot": _("Move to the next free slot"),
        "publish": _("Publish now"),
        "publishAsk": _("It goes out at once on every channel where it has not gone out yet."),
        "publishTitle": _("Publish now?"),
        "unschedule": _("Unschedule"),
        "duplicate": _("Duplicate"),
        "delete": pgettext("button", "Put into the bin"),
        "select": _("Select"),
        "deselect": _("Deselect"),
        "menu": _("What can be done with this post"),
    }
