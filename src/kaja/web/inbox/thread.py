"""A thread as it is drawn: days, who said it, what became of our answers, what can be done to each message."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.utils import timezone

from kaja.delivery.models import State
from kaja.inbox.acts import Acts
from kaja.inbox.models import Direction, Message
from kaja.inbox.threads import Sending, Told
from kaja.kernel import clock
from kaja.web.dates import write_full_day
from kaja.web.inbox.words import ACTS, ActWords

UNDER_WAY = (State.SENDING, State.PROCESSING, State.WAITING, State.UNCERTAIN)


@dataclass(frozen=True)
class Said:
    """One message. `day` is the heading above it, where a day begins; `same` says that the one before is of the same
    person and only a moment older. `sending` is empty for what is no answer of ours."""

    message: Message
    day: str
    same: bool
    earlier: Sequence[str]
    delivery: Sending | None
    sending: str
    acts: Sequence[ActWords]
    done: Sequence[ActWords]

    @property
    def ours(self) -> bool:
        return self.message.direction == Direction.OUT

    @property
    def note(self) -> bool:
        return self.message.direction == Direction.NOTE


SAME_SECONDS = 300


def draw_messages(told: Sequence[Told], acts: Mapping[UUID, Acts]) -> list[Said]:
    """The messages of a page of a thread, in their order."""
    drawn: list[Said] = []
    before: Message | None = None
    day: date | None = None
    for each in told:
        message = each.message
        local = timezone.localtime(message.at).date()
        known = acts.get(message.id)
        offered = known.offered if known else frozenset()
        drawn.append(
            Said(
                message=message,
                day=write_full_day(local) if local != day else "",
                same=local == day and before is not None and _goes_on(before, message),
                earlier=each.earlier,
                delivery=each.sending,
                sending=_sending(each.sending),
                acts=[words for act, words in ACTS.items() if act in offered],
                done=[words for act, words in ACTS.items() if act in (known.done if known else ())],
            )
        )
        before, day = message, local
    return drawn


def _goes_on(before: Message, message: Message) -> bool:
    def who(each: Message) -> Any:
        return each.direction, each.handle_id, each.author_id

    return who(before) == who(message) and (message.at - before.at).total_seconds() < SAME_SECONDS


def _sending(delivery: Sending | None) -> str:
    """What is said of an answer on its way: waits (may be taken back), sending, sent, needs, cancelled."""
    if delivery is None:
        return ""
    if delivery.needs_person or delivery.state in (State.FAILED, State.MISSED):
        return "needs"
    if delivery.state == State.SENT:
        return "sent"
    if delivery.state == State.CANCELLED:
        return "cancelled"
    return "waits" if delivery.state == State.SCHEDULED and delivery.due_at > clock.now() else "sending"
