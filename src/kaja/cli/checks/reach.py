"""Whether networks reach this Kaja from outside, as far as that can be seen from here."""

from collections.abc import Iterator

from kaja.cli.checks.findings import Finding, Level
from kaja.config import environment

NAME = "reached from outside"
NOT_AMISS = frozenset({"reach_not_https", "reach_own_name", "reach_stated", "reach_answers"})
"""A Kaja at home, one whose operator has spoken, and one of which nothing worse is known."""


def check_reach() -> Iterator[Finding]:
    """Look at our own address, and nowhere else."""
    import django

    try:
        django.setup()
    except environment.Misconfigured:
        return  # said by the findings about settings
    from django.db import DatabaseError

    from kaja.reach.judging import State
    from kaja.reach.looking import ask_ourselves
    from kaja.reach.queries import get_reach

    try:
        reach = get_reach(ask_ourselves())
    except DatabaseError:
        return  # said by the findings about the database
    said = {State.YES: "yes", State.NO: "no", State.UNKNOWN: "not known"}[reach.state]
    proof = f" ({reach.proof.by}, {reach.proof.at:%Y-%m-%d %H:%M} UTC)" if reach.proof else ""
    error = f" ({reach.seen.error})" if reach.seen and reach.seen.error else ""
    good = reach.state == State.YES or reach.why.code in NOT_AMISS
    found = f"{said}: {reach.why.text()}{proof}{error}"
    yield Finding(NAME, Level.OK if good else Level.WARNING, found, "" if good else reach.why.fix)
