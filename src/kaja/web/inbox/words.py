"""What the inbox calls things: acts, events, reasons, and what its scripts say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language_info, gettext_lazy, pgettext, pgettext_lazy
from django.utils.translation import gettext as _

from kaja.inbox.models import ConversationEvent, ConversationState, Priority, ReactionKind
from kaja.inbox.reactions.queries import Tally
from kaja.networks.kit.moderation import Act
from kaja.web.dates import write_moment


@dataclass(frozen=True)
class ActWords:
    """One act as its button says it; `ask` is asked first, where it cannot simply be done the other way round."""

    act: Act
    word: Any
    icon: str
    ask: Any = ""
    done: Any = ""
    was: Any = ""
    """What stands below a message to which it was done."""


ACTS: dict[Act, ActWords] = {
    each.act: each
    for each in (
        ActWords("like", pgettext_lazy("act", "Like"), "heart", "", gettext_lazy("It is being liked."),
                 gettext_lazy("Liked by us")),
        ActWords(
            "unlike", pgettext_lazy("act", "Take the like back"), "heart", "",
            gettext_lazy("The like is being taken back."),
        ),
        ActWords("boost", pgettext_lazy("act", "Share it further"), "repeat-2", "",
                 gettext_lazy("It is being shared further."), gettext_lazy("Shared by us")),
        ActWords("unboost", pgettext_lazy("act", "Take the sharing back"), "repeat-2", "",
                 gettext_lazy("The sharing is being taken back.")),
        ActWords("approve", pgettext_lazy("act", "Approve"), "check", "",
                 gettext_lazy("It is being approved.")),
        ActWords("hide", pgettext_lazy("act", "Hide"), "eye-off", "", gettext_lazy("It is being hidden.")),
        ActWords("unhide", pgettext_lazy("act", "Show again"), "eye", "",
                 gettext_lazy("It is being shown again.")),
        ActWords("spam", pgettext_lazy("act", "Mark as spam on the network"), "ban",
                 gettext_lazy("The network takes it out of sight as spam."),
                 gettext_lazy("It is being marked as spam.")),
        ActWords("mute", pgettext_lazy("act", "Mute the person"), "bell",
                 gettext_lazy("You will not see what this person writes. They are not told."),
                 gettext_lazy("The person is being muted."), gettext_lazy("Muted by us")),
        ActWords("unmute", pgettext_lazy("act", "Unmute the person"), "bell", "",
                 gettext_lazy("The person is being unmuted.")),
        ActWords("block", pgettext_lazy("act", "Block the person"), "user-minus",
                 gettext_lazy("This person can neither read this channel nor write to it any more."),
                 gettext_lazy("The person is being blocked."), gettext_lazy("Blocked by us")),
        ActWords("unblock", pgettext_lazy("act", "Unblock the person"), "user-plus", "",
                 gettext_lazy("The person is being unblocked.")),
        ActWords("report", pgettext_lazy("act", "Report to the network"), "flag",
                 gettext_lazy("Those who run the network are told about this message."),
                 gettext_lazy("It is being reported.")),
        ActWords("delete", pgettext_lazy("act", "Delete on the network"), "trash-2",
                 gettext_lazy("It goes for everybody, and does not come back."),
                 gettext_lazy("It is being deleted.")),
    )
}  # fmt: skip


def event_words(event: ConversationEvent, names: Mapping[str, str]) -> str:
    """What was done to a conversation, in one sentence without who did it; `names` of members by their ids."""
    after: Mapping[str, Any] = event.after if isinstance(event.after, dict) else {}
    before: Mapping[str, Any] = event.before if isinstance(event.before, dict) else {}
    match event.what:
        case "state":
            return _("State: %(state)s") % {"state": _label(ConversationState, after.get("state"))}
        case "priority":
            return _("Priority: %(priority)s") % {"priority": _label(Priority, after.get("priority"))}
        case "assignee":
            whom = str(after.get("assignee") or "")
            return _("Given to %(name)s") % {"name": names.get(whom, "…")} if whom else _("Given to nobody")
        case "label":
            words = _("Label: %(label)s") if after.get("label") else _("Label taken off: %(label)s")
            return words % {"label": after.get("label") or before.get("label") or ""}
        case "snooze" if until := _moment(after.get("snoozed_until")):
            return _("Snoozed until %(moment)s") % {"moment": write_moment(until)}
        case "snooze":
            return _("Back from snoozing")
        case "draft":
            return _("An answer is drafted") if after.get("draft_reply") else _("The drafted answer is left out")
        case "remind" if (at := _moment(after.get("remind_at"))) and after.get("remind_text"):
            return _("Task until %(moment)s: %(text)s") % {"moment": write_moment(at), "text": after["remind_text"]}
        case "remind" if at := _moment(after.get("remind_at")):
            return _("Reminder on %(moment)s") % {"moment": write_moment(at)}
        case "remind":
            return _("No reminder any more")
        case _:
            return pgettext("what was done to a conversation", "Changed")


REACTION_ICONS = {
    ReactionKind.LIKE: "heart",
    ReactionKind.REPOST: "repeat-2",
    ReactionKind.QUOTE: "message-square-plus",
    ReactionKind.FOLLOW: "user-plus",
}


@dataclass(frozen=True)
class DrawnTally:
    """What stands beside a post of one kind."""

    tally: Tally
    icon: str


def draw_tallies(tallies: Sequence[Tally]) -> list[DrawnTally]:
    """With what stands for each kind."""
    return [DrawnTally(each, REACTION_ICONS[each.kind]) for each in tallies]


def language_name(code: str) -> str:
    """A language in the reader's own."""
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _label(kind: Any, value: Any) -> str:
    try:
        return str(kind(value).label)
    except ValueError:
        return str(value or "")


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def page_words() -> dict[str, str]:
    """What the page's scripts say, in the reader's language. {name} places are filled by the scripts."""
    return {
        "noAnswer": _("Kaja does not answer. Nothing was changed; try again."),
        "looking": _("{names} is looking at this too"),
        "lookingMany": _("{names} are looking at this too"),
        "writing": _("{names} is writing an answer"),
        "writingMany": _("{names} are writing answers"),
        "newOne": _("{count} new"),
        "sendsIn": _("It goes out in {seconds} s"),
        "sent": _("It is on its way."),
        "takenBack": _("Taken back. Your words are in the box again."),
        "tooLate": _("Too late to take back: it has begun."),
        "kept": _("Draft kept in this browser"),
        "notSent": _("Not sent: Kaja does not answer. Your words are kept; press again, it is not sent twice."),
        "uploading": _("{name} is being uploaded"),
        "uploadFailed": _("{name} was not uploaded: Kaja does not answer. Try again."),
        "remove": _("Remove {name}"),
        "noSaved": _("Nothing found"),
        "opened": _("Conversation with {name}"),
        "allDone": _("That was the last one here."),
        "now": pgettext("how long ago", "now"),
        "minutes": _("{count} min"),
        "hours": _("{count} h"),
        "days": pgettext("a length of time", "{count} d"),
        "left": _("due in {span}"),
        "late": _("late by {span}"),
    }
