"""Why a private reply was not sent, and what is wrong with one that is being made."""

from kaja.kernel.problems import Problem, gettext_noop

ANSWERED_BACK = Problem("private_wrote_back", gettext_noop("They wrote again before it was sent, so a person answers."))
ANSWERED_BY_US = Problem("private_answered", gettext_noop("Somebody of the team had answered already."))
COMMENT_GONE = Problem("private_comment_gone", gettext_noop("The comment was deleted or hidden before it was sent."))
NOT_ASKED = Problem("private_not_asked", gettext_noop("The comment was edited, and does not ask for it any more."))
BLOCKED = Problem("private_blocked", gettext_noop("We have blocked them."))
SPAM = Problem("private_spam", gettext_noop("The conversation was called spam."))
IN_CRISIS = Problem("private_crisis", gettext_noop("A crisis lasted, so nothing was sent that no person pressed for."))
SWITCHED_OFF = Problem("private_off", gettext_noop("It was switched off, or changed, before this was sent."))
UNDONE = Problem("private_undone", gettext_noop("Somebody stopped it before it was sent."))
NO_ROOM = Problem(
    "private_no_room",
    gettext_noop("There was no day with room for it while the network still takes a private reply to the comment."),
)
NO_HOURS = Problem("private_no_hours", gettext_noop("The hours in which it may go out are there no more."))
UNSUPPORTED = Problem(
    "private_unsupported",
    gettext_noop("%(network)s gives an app no private reply to a comment, so %(channel)s cannot be chosen."),
    "channels",
    gettext_noop("Leave the channel out; a rule can propose a draft there instead."),
)

TAKEN = Problem(
    "private_name_taken",
    gettext_noop("There is a private reply of this name already."),
    "name",
    gettext_noop("Choose another name."),
)
FULL = Problem(
    "private_replies_full",
    gettext_noop("A workspace has at most %(limit)s private replies."),
    fix=gettext_noop("Delete one that is not needed any more."),
)
UNTRIED = Problem(
    "private_untried",
    gettext_noop("This private reply was not tried as it is now."),
    fix=gettext_noop("Look at whom it would have answered, then switch it on."),
)
GONE = Problem(
    "private_reply_not_found",
    gettext_noop("There is no such private reply any more."),
    fix=gettext_noop("Load the page again."),
)
INVALID = Problem(
    "private_invalid",
    gettext_noop("This is no private reply."),
    fix=gettext_noop("Look at the field “%(field)s”."),
)
PATTERN = Problem(
    "private_pattern_invalid",
    gettext_noop("The pattern cannot be read: %(said)s"),
    "pattern",
    gettext_noop("Patterns are those of RE2, without look-around and references back. Try words instead."),
)
NO_PLACE = Problem(
    "private_without_place",
    gettext_noop("It would be for no post."),
    "channels",
    gettext_noop("Choose channels, or single posts."),
)
NO_WORD = Problem(
    "private_without_word",
    gettext_noop("It would be for every comment."),
    "words",
    gettext_noop("Give a word that people write, or a pattern."),
)
NO_TEXT = Problem(
    "private_without_text",
    gettext_noop("There is nothing to send yet."),
    "text",
    gettext_noop("Write what is sent in private."),
)
ONE_PUBLIC = Problem(
    "private_one_public",
    gettext_noop("One public answer would stand there again and again."),
    "public",
    gettext_noop("Write at least two, or none."),
)
SAME_PUBLIC = Problem(
    "private_same_public",
    gettext_noop("The same public answer stands here twice."),
    "public",
    gettext_noop("Make them differ; one is never given twice running."),
)
PAUSES = Problem(
    "private_pauses",
    gettext_noop("The longest pause is shorter than the shortest."),
    "pause_most",
    gettext_noop("Give a longer one."),
)
POST_GONE = Problem(
    "private_post_gone",
    gettext_noop("A chosen post is not here any more."),
    "posts",
    gettext_noop("Choose again."),
)
