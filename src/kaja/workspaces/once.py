"""Things whose id the page chose: the same id is the same thing, however often it is sent.

An answer that is lost, a button that is pressed twice, a script that tries again: each would make a second thing if
the server chose the ids. The page (or the program) chooses a UUIDv7 before it sends; the table's own primary key then
decides, also between two requests at the same moment.
"""

from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, models, transaction

from kaja.kernel.constraints import find_violated_constraint
from kaja.kernel.problems import Conflict, Problem, Refused, gettext_noop

M = TypeVar("M", bound=models.Model)

ID_TAKEN = Problem(
    code="id_taken",
    message=gettext_noop("This was saved already, with something else in it; nothing was changed."),
    field="id",
    fix=gettext_noop("Load the page again to make a new one; a program chooses a new id."),
)
ID_INVALID = Problem(
    code="id_invalid",
    message=gettext_noop("The id that came with this is not a UUID of version 7."),
    field="id",
    fix=gettext_noop("Load the page again; a program sends no id, or a UUIDv7."),
)


def parse_id(text: str) -> UUID | None:
    """The id that a form carries; None where it carries none. Raises Refused."""
    if not text:
        return None
    try:
        return require_version_7(UUID(text))
    except ValueError:
        raise Refused(ID_INVALID) from None


def require_version_7(chosen: UUID) -> UUID:
    """Ids are in the order of time, which lists and indexes rely on. Raises Refused for any other."""
    if chosen.version != 7:
        raise Refused(ID_INVALID)
    return chosen


def find_made(model: type[M], chosen: UUID | None) -> M | None:
    """What an earlier call with this id made; None for a new thing. Another workspace's things are not seen."""
    if chosen is None:
        return None
    require_version_7(chosen)
    return model._default_manager.filter(pk=chosen).first()


def insert_once(row: M) -> M:
    """Insert the row; gives the one of another call with the same id that was quicker (`is row` tells which).

    Raises Conflict for an id that belongs to something that is not seen here.
    """
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        if not find_violated_constraint(error).endswith("_pkey"):
            raise
        made = type(row)._default_manager.filter(pk=row.pk).first()
        if made is None:
            raise Conflict(ID_TAKEN) from error
        return made
    return row
