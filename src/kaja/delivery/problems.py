"""What Kaja itself may have to say about a delivery, in the shape that UI, API and CLI render."""

from collections.abc import Mapping
from dataclasses import replace

from kaja.kernel.problems import Problem, fill_params, gettext_noop, parse_problem, render_problem

__all__ = ["fill_params", "parse_problem", "render_problem"]

WITHDRAWN = Problem(
    "withdrawn",
    gettext_noop("The post was taken out of the plan before it was sent."),
    fix=gettext_noop("Schedule it again if it should go out."),
)
MISSED = Problem(
    "missed",
    gettext_noop("The post was not sent within its late limit (%(minutes)s min), so Kaja did not send it."),
    fix=gettext_noop("Send it now, give it another time, or drop it."),
)
DISCONNECTED = Problem(
    "channel_disconnected",
    gettext_noop("The channel is disconnected; nothing was sent."),
    fix=gettext_noop("Connect it again and the post goes out, or move the post to another channel."),
)
RECONNECT = Problem(
    "channel_reconnect",
    gettext_noop("The channel needs to be connected again; nothing was sent."),
    fix=gettext_noop("Reconnect the channel; the post then goes out by itself."),
)
CREDENTIALS_LOCKED = Problem(
    "credentials_locked",
    gettext_noop("The stored sign-in of the channel cannot be opened with this installation's keys; nothing was sent."),
    fix=gettext_noop("The operator should restore the key ring; otherwise reconnect the channel."),
)
NO_CONNECTOR = Problem(
    "network_unknown",
    gettext_noop("This Kaja does not speak “%(network)s”; nothing was sent."),
    fix=gettext_noop("Ask the operator which version is installed."),
)
QUOTA = Problem(
    "quota_used_up",
    gettext_noop("The network takes no more from this channel for now; Kaja waits until it does."),
)
SEEKING = Problem(
    "outcome_unknown",
    gettext_noop("It is not known whether the network took the post; Kaja looks there before anything else."),
)
TWIN = Problem(
    "twin_open",
    gettext_noop("A post with nearly the same words may stand on this channel; this one waits until that is known."),
)
OWNED = Problem(
    "remote_owned",
    gettext_noop("The network named a post that Kaja sent for another one, so nobody knows what became of this one."),
    fix=gettext_noop("Look there: say “it is there”, or “send again” if it is not."),
)
SHARED = Problem(
    "remote_shared",
    gettext_noop("An earlier version took another post with the same words for this one; perhaps this was never sent."),
    fix=gettext_noop("Look there: say “it is there”, or “send again” if it is not."),
)
WORKER_GONE = Problem(
    "worker_gone",
    gettext_noop("Kaja was interrupted while it was sending, so it looks on the network whether it is there."),
)
CALL_TIMEOUT = Problem("call_timeout", gettext_noop("The network did not finish answering in time (%(seconds)s s)."))
CALL_BROKE = Problem("call_broke", gettext_noop("The call ended in an error inside Kaja (%(error)s)."))
CONTENT_BROKE = Problem(
    "content_unreadable",
    gettext_noop("The post's content cannot be read (%(error)s); nothing was sent."),
    fix=gettext_noop("Open the post, save it again, and try once more."),
)
CHOOSE = Problem(
    "person_decides",
    gettext_noop("Kaja could not find out whether the post is on the network."),
    fix=gettext_noop("Look there: say “it is there”, or “send again” if it is not."),
)

ANSWERS = ("reply", "message", "act")
"""Kinds of deliveries that are no posts, and are not spoken of as posts."""
_OF_ANSWERS: Mapping[str, Problem] = {
    problem.code: problem
    for problem in (
        Problem(
            "withdrawn",
            gettext_noop("It was taken back before it was sent."),
            fix=gettext_noop("Write it again if it should go out."),
        ),
        Problem(
            "missed",
            gettext_noop("It was not sent within the late limit (%(minutes)s min), so Kaja did not send it."),
            fix=gettext_noop("Send it now, or drop it."),
        ),
        Problem(
            "channel_disconnected",
            gettext_noop("The channel is disconnected; nothing was sent."),
            fix=gettext_noop("Connect it again; then it goes out by itself."),
        ),
        Problem(
            "channel_reconnect",
            gettext_noop("The channel needs to be connected again; nothing was sent."),
            fix=gettext_noop("Reconnect the channel; then it goes out by itself."),
        ),
        Problem(
            "outcome_unknown",
            gettext_noop("It is not known whether the network took the answer; Kaja looks there before anything else."),
        ),
        Problem(
            "twin_open",
            gettext_noop("Nearly the same words may stand on this channel already; this waits until that is known."),
        ),
        Problem(
            "remote_owned",
            gettext_noop("The network named something else that Kaja sent, so nobody knows what became of this one."),
            fix=gettext_noop("Look there: say “it is there”, or “send again” if it is not."),
        ),
        Problem(
            "content_unreadable",
            gettext_noop("What was to be sent cannot be read (%(error)s); nothing was sent."),
            fix=gettext_noop("Write it again."),
        ),
        Problem(
            "person_decides",
            gettext_noop("Kaja could not find out whether the answer is on the network."),
            fix=gettext_noop("Look there: say “it is there”, or “send again” if it is not."),
        ),
        Problem(
            "target_gone",
            gettext_noop(
                "What this answers is not there any more, or its author does not let you answer. Nothing was sent."
            ),
            fix=gettext_noop("Answer another message of the conversation, or leave it."),
        ),
    )
}


def say_for(kind: str, problem: Problem) -> Problem:
    """The same in words for an answer or an act, where it speaks of a post."""
    other = _OF_ANSWERS.get(problem.code) if kind in ANSWERS else None
    return replace(problem, message=other.message, fix=other.fix) if other is not None else problem
