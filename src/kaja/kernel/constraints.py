"""What the database refuses to keep, in words: a row that is there already, a value that no column holds."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DataError, IntegrityError, transaction

from kaja.kernel.problems import Conflict, Problem, Refused, gettext_noop

UNIQUE_VIOLATION = "23505"


@contextmanager
def refuse_duplicate(constraint: str, *problems: Problem) -> Iterator[None]:
    """Save inside. When two people save the same at the same moment, both have looked before and found nothing: the
    second is refused by the database's unique `constraint`, and hears the same as if they had come a minute later."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if find_violated_constraint(error) != constraint:
            raise
        raise Refused(*problems) from error


def parse_met_another(error: IntegrityError) -> Conflict | None:
    """What to say when a row was there already and no action has better words; None for another fault."""
    if getattr(error.__cause__, "sqlstate", None) != UNIQUE_VIOLATION:
        return None
    return Conflict(
        Problem(
            "done_meanwhile",
            gettext_noop("Somebody, or this page in another tab, did the same at the same moment; this did not count."),
            fix=gettext_noop("Check the current state; do it again if it is still needed."),
        )
    )


def find_violated_constraint(error: IntegrityError) -> str:
    """The name of the constraint that refused a row; empty when the server does not say."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return str(getattr(diagnosis, "constraint_name", None) or "")


UNREADABLE = Problem(
    "text_not_storable",
    gettext_noop("This contains characters that no text can hold (a NUL, or half of a letter); nothing was changed."),
    fix=gettext_noop("Remove them and send it again."),
)
TOO_LONG = Problem(
    "value_too_long",
    gettext_noop("Something in this is longer than the room there is for it; nothing was changed."),
    fix=gettext_noop("Shorten it and send it again."),
)
OUT_OF_RANGE = Problem(
    "value_out_of_range",
    gettext_noop("A number or a date in this is beyond what can be kept; nothing was changed."),
    fix=gettext_noop("Correct it and send it again."),
)
# Classes 22001, 22003, 22007 and 22008 of https://www.postgresql.org/docs/15/errcodes-appendix.html, November 2026.
_VALUES = {"22001": TOO_LONG, "22003": OUT_OF_RANGE, "22007": OUT_OF_RANGE, "22008": OUT_OF_RANGE}


def parse_not_storable(error: BaseException) -> Refused | None:
    """What to say of a value that the database cannot hold and that nobody refused before; None for another fault.

    The last line behind every form, address and call: it holds for those that will be written, too.
    """
    if isinstance(error, DataError):
        return Refused(_VALUES.get(getattr(error.__cause__, "sqlstate", None) or "", UNREADABLE))
    # A day before the first or behind the last one, once it is seen from another zone; a number of thousands of digits.
    if isinstance(error, OverflowError) or (isinstance(error, ValueError) and "integer string conv" in str(error)):
        return Refused(OUT_OF_RANGE)
    # A text that is no Unicode (half of a surrogate pair), or a NUL in the name of a file.
    if isinstance(error, UnicodeEncodeError) or (isinstance(error, ValueError) and "null byte" in str(error)):
        return Refused(UNREADABLE)
    return None
