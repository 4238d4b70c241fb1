"""How fast and how patient the engine is. Times in seconds; operators rarely change any of it, tests do."""

import os
from dataclasses import dataclass, fields

_WHOLE = ("batch", "in_flight", "look_tries", "ahead_tries", "ahead_in_flight", "ready", "ready_step")


@dataclass(frozen=True)
class Pace:
    lease: float = 90.0
    """How long a claimed row belongs to one worker; no irreversible call starts when half of it is gone."""
    reversible: float = 900.0
    """How long an upload may take; its lease is renewed meanwhile."""
    batch: int = 400
    in_flight: int = 2000
    flush: float = 0.015
    """How long results wait for each other before they are written in one transaction."""
    sign: float = 1.0
    """How often a worker says that it is there, and looks whether the others are."""
    gone: float = 4.0
    """How long a worker of another machine may be without its connection until it is taken for gone."""
    write_patience: float = 15.0
    """How long the database may refuse to be written to before the worker ends."""
    claim_pause: float = 0.02
    poll: float = 10.0
    """The longest sleep without looking, should a wake-up get lost."""
    overdue_poll: float = 0.25
    recover: float = 1.0
    """How often rows of lost workers are looked for while there is other work, too."""
    first_look: float = 2.0
    """After an unknown outcome, when the network is first asked whether it has the post."""
    twin_pause: float = 5.0
    """The longest wait until it is looked again whether a post with the same words is settled."""
    look_tries: int = 6
    """Inconclusive looks until a person is asked."""
    look_again: float = 900.0
    """A person has been asked; the network is still looked at now and then."""
    look_until: float = 86_400.0
    pause_first: float = 5.0
    pause_longest: float = 600.0
    ahead_poll: float = 5.0
    """How often it is looked for what can be staged before its time."""
    ahead_least: float = 3.0
    """Nearer to its time nothing is staged ahead any more: the usual way is as quick."""
    ahead_tries: int = 8
    ahead_in_flight: int = 20
    ready_before: float = 5.0
    """How long before their time rows are read and prepared, to be taken with the statement that opens their call."""
    ready: int = 5000
    """How many rows a worker holds prepared."""
    ready_poll: float = 2.0
    ready_step: int = 250
    """How many of them are begun at once."""
    others: float = 8.0
    """How long after its time a row that another worker should have prepared is left to it: longer than `gone` and
    `ready_poll`, after which a worker that gives no sign has no share, so that workers with much to do do not take what
    the others are about to."""
    repeat_within: float = 1800.0
    """How long an idempotency key is trusted (the shortest that a network keeps one is an hour)."""
    settle: float | None = None
    """Replaces every network's settle time; only for tests."""

    def pause(self, tries: int) -> float:
        """The wait after the n-th try without progress; doubles each time."""
        return min(self.pause_first * 2.0 ** min(tries, 20), self.pause_longest)

    @classmethod
    def from_environment(cls) -> "Pace":
        """`KAJA_PACE_LEASE=20` and so on replace single values."""
        own: dict[str, float] = {}
        for field in fields(cls):
            if value := os.environ.get(f"KAJA_PACE_{field.name.upper()}"):
                own[field.name] = int(value) if field.name in _WHOLE else float(value)
        return cls(**own)  # type: ignore[arg-type]
