"""The legal moves of a delivery, in one table. Everything that changes a state asks here; anything else raises."""

from kaja.delivery.models import State

MOVES: dict[State, frozenset[State]] = {
    # Sent without having been sent from here: the database was restored, and the network remembers (by a person only).
    State.SCHEDULED: frozenset({State.SENDING, State.CANCELLED, State.SENT}),
    State.SENDING: frozenset(
        {
            State.SENT,
            State.PROCESSING,
            State.WAITING,
            State.UNCERTAIN,
            State.FAILED,
            State.MISSED,
            State.CANCELLED,  # the permission was withdrawn before the irreversible call
            State.SCHEDULED,  # its source changed before the irreversible call: it is prepared anew
        }
    ),
    # The network has accepted the message; only the network can still refuse it.
    State.PROCESSING: frozenset({State.SENT, State.UNCERTAIN, State.FAILED}),
    State.WAITING: frozenset({State.SENDING, State.SCHEDULED, State.CANCELLED, State.SENT}),
    # Nobody knows whether it stands there: found, or shown to be absent, or decided by a person. Never "failed".
    State.UNCERTAIN: frozenset({State.SENT, State.PROCESSING, State.WAITING, State.CANCELLED}),
    State.FAILED: frozenset({State.SCHEDULED, State.CANCELLED, State.SENT}),
    State.MISSED: frozenset({State.SCHEDULED, State.CANCELLED, State.SENT}),
    State.CANCELLED: frozenset({State.SCHEDULED}),
    State.SENT: frozenset(),
}

BY_PERSON_ONLY = frozenset(
    {
        (State.UNCERTAIN, State.CANCELLED),
        (State.SENDING, State.SCHEDULED),
        *((state, State.SENT) for state in (State.SCHEDULED, State.WAITING, State.FAILED, State.MISSED)),
    }
)
"""Moves that the engine may never make: a person does, also by changing what is to be sent."""


class IllegalMove(Exception):
    """A move that the table does not know: a bug, never a user's fault."""


def check_move(before: State, after: State, *, by_person: bool = False) -> State:
    """The state after the move. Staying in a state is always legal; raises IllegalMove for a move not in the table."""
    if before == after:
        return after
    if after not in MOVES[before] or ((before, after) in BY_PERSON_ONLY and not by_person):
        raise IllegalMove(f"{before.value} -> {after.value}")
    return after
