"""What was asked and when it was answered, told from a conversation's messages and what was done to it. Pure.

The first answer, each next answer, and the resolution: from the message that began it to our answer, or to the moment
at which the conversation was done. Several of their messages before our answer are one question, asked with the first
of them. Our own messages before they said anything answer nothing. Spam is not waited for: what was open is given up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

ORDER = ("in", "out", "open", "done", "spam")
What = Literal["in", "out", "done", "open", "spam"]
Measure = Literal["first", "next", "resolution"]


@dataclass(frozen=True)
class Moment:
    """Something that counts: a message from them ("in") or us ("out"), or a state that somebody set."""

    at: datetime
    what: What
    by: UUID | None = None
    """The member who wrote or set it, where it was one from here."""


@dataclass(frozen=True)
class Waited:
    """One question: begun with what they said, ended with what we did; open without an end."""

    measure: Measure
    begun_at: datetime
    ended_at: datetime | None = None
    by: UUID | None = None


def list_waits(moments: Iterable[Moment]) -> list[Waited]:
    """The questions of a conversation in the order in which they begin. What happens at one moment happens in the
    order of `ORDER`: they ask, we answer, and so on."""
    waits: list[Waited] = []
    asked: datetime | None = None
    opened: datetime | None = None
    answered = False

    for moment in sorted(moments, key=lambda each: (each.at, ORDER.index(each.what))):
        if moment.what == "in":
            asked = asked or moment.at
            opened = opened or moment.at
        elif moment.what == "out" and asked is not None:
            waits.append(Waited("next" if answered else "first", asked, moment.at, moment.by))
            asked, answered = None, True
        elif moment.what == "done" and opened is not None:
            waits.append(Waited("resolution", opened, moment.at, moment.by))
            asked = opened = None  # done without an answer: none was wanted
        elif moment.what == "open" and opened is None and (waits or asked):
            opened = moment.at
        elif moment.what == "spam":
            asked = opened = None
    if asked is not None:
        waits.append(Waited("next" if answered else "first", asked))
    if opened is not None:
        waits.append(Waited("resolution", opened))
    return sorted(waits, key=lambda each: (each.begun_at, each.measure))
