"""What is said when something cannot be answered or done: before anything went out, so nothing is lost."""

from kaja.kernel.problems import Problem, gettext_noop

MESSAGE_UNKNOWN = Problem("message_not_found", gettext_noop("There is no such message in this workspace."))
NO_ANSWERS = Problem(
    "answers_unsupported",
    gettext_noop("%(network)s takes no answer to this from here."),
    fix=gettext_noop("Answer in the network's own app; it appears here by itself."),
)
NOTHING_TO_ANSWER = Problem(
    "nothing_to_answer",
    gettext_noop("There is no message of theirs here that could be answered."),
    fix=gettext_noop("Write a note for your colleagues, or wait until they write."),
)
TARGET_DELETED = Problem(
    "target_deleted",
    gettext_noop("What this answers was deleted on the network meanwhile. Nothing was sent."),
    fix=gettext_noop("Answer another message of the conversation, or keep the words for later."),
)
CHANNEL_GONE = Problem(
    "channel_disconnected",
    gettext_noop("The channel is disconnected, so nothing can be sent there."),
    fix=gettext_noop("Connect it again, then answer."),
)
CHANNEL_BROKEN = Problem(
    "channel_reconnect",
    gettext_noop("The channel has to be connected again before anything can be sent there."),
    fix=gettext_noop("Reconnect the channel; what you wrote here is kept until then."),
)
WINDOW_OVER = Problem(
    "window_over",
    gettext_noop("%(network)s takes an answer only for %(hours)s hours after their last message; that time is over."),
    fix=gettext_noop("Wait until they write again."),
)
ANSWERED_MEANWHILE = Problem(
    "answered_meanwhile",
    gettext_noop("%(name)s answered while you were writing. Nothing of yours was sent."),
    fix=gettext_noop("Read that answer; then send yours all the same, or leave it."),
)
SOMEBODY = gettext_noop("Somebody")
LANGUAGE_UNKNOWN = Problem(
    "language_invalid",
    gettext_noop("“%(language)s” is not a language code."),
    field="language",
    fix=gettext_noop("Use a code such as en, ru or zh-Hant."),
)
BEGUN = Problem(
    "reply_begun",
    gettext_noop("It is too late to take this back: it has gone out, or is going out right now."),
    fix=gettext_noop("Delete it on the network instead, where the network allows that."),
)
TAKEN_BACK = Problem("taken_back", gettext_noop("Somebody took it back before it was sent."))
ACT_UNSUPPORTED = Problem(
    "act_unsupported",
    gettext_noop("%(network)s does not let Kaja do this to this message."),
    fix=gettext_noop("Do it in the network's own app."),
)
ACT_OVERTAKEN = Problem("act_overtaken", gettext_noop("Somebody wanted the opposite afterwards, so this was not done."))
IN_CRISIS = Problem(
    "in_crisis",
    gettext_noop("A crisis lasted, so nothing was done in public that no person pressed for."),
    fix=gettext_noop("Do it by hand where it is still wanted."),
)
