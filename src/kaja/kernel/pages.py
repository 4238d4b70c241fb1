"""Long lists in pages: the rows after the one that a cursor names, whatever came or went meanwhile.

A cursor holds what its row was ordered by, so it leads on also where the row itself has left the list.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Field, Model, Q, QuerySet

from kaja.kernel.problems import Problem, Refused, gettext_noop

PAGE = 50
CURSOR_INVALID = Problem(
    code="cursor_invalid",
    message=gettext_noop("This cursor is not one of ours."),
    field="cursor",
    fix=gettext_noop("Begin with the first page again."),
)

M = TypeVar("M", bound=Model)
T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class Page(Generic[T]):
    """Some rows of a list, and where the next page begins (empty when there is none)."""

    rows: list[T]
    next_cursor: str = ""

    def map(self, change: Callable[[list[T]], list[U]]) -> "Page[U]":
        """The same page of what `change` makes of all its rows."""
        return Page(change(self.rows), self.next_cursor)

    def sort(self, key: Callable[[T], Any]) -> "Page[T]":
        """The same page, its rows in another order."""
        return replace(self, rows=sorted(self.rows, key=key))


def cut_page(rows: QuerySet[M, M], order: Sequence[str], cursor: str = "", limit: int = PAGE) -> Page[M]:
    """The rows after the one that `cursor` names. Raises Refused for a cursor that is none.

    `order` are names of fields that are never null, each with a minus where it descends, the last of which is unique.
    """
    if cursor:
        rows = rows.filter(_after(rows, order, parse_cursor(rows, order, cursor)))
    found = list(rows.order_by(*order)[: limit + 1])
    more = len(found) > limit
    return Page(found[:limit], render_cursor(found[limit - 1], order) if more else "")


def render_cursor(row: Model, order: Sequence[str]) -> str:
    """What names the row in an address: its id where nothing else orders the list."""
    values = [_plain(_value_of(row, name)) for name in order]
    if [name.lstrip("-") for name in order] == ["id"]:
        return str(values[0])
    return urlsafe_b64encode(json.dumps(values, ensure_ascii=False).encode()).decode().rstrip("=")


def parse_cursor(rows: QuerySet[M, M], order: Sequence[str], cursor: str) -> list[Any]:
    """The values that a cursor holds, as the fields of `order` have them. Raises Refused."""
    if [name.lstrip("-") for name in order] == ["id"]:
        return [parse_id_cursor(cursor)]
    try:
        values = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if not isinstance(values, list) or len(values) != len(order):
            raise ValueError(cursor)
        return [_typed(_field_of(rows, name), value) for name, value in zip(order, values, strict=True)]
    except (ValueError, TypeError, ValidationError, RecursionError):
        raise Refused(CURSOR_INVALID) from None


def parse_id_cursor(cursor: str) -> UUID:
    """The id of the row after which a page begins. Raises Refused."""
    try:
        return UUID(hex=cursor)
    except ValueError:
        raise Refused(CURSOR_INVALID) from None


def _after(rows: QuerySet[M, M], order: Sequence[str], values: Sequence[Any]) -> Q:
    after, same = Q(), Q()
    for name, value in zip(order, values, strict=True):
        plain = name.removeprefix("-")
        after |= same & Q(**{f"{plain}__{'lt' if name.startswith('-') else 'gt'}": value})
        same &= Q(**{plain: value})
    return after


def _value_of(row: Model, name: str) -> Any:
    value: Any = row
    for step in name.removeprefix("-").split("__"):
        value = getattr(value, step)
    return value


def _field_of(rows: QuerySet[M, M], name: str) -> "Field[Any, Any]":
    plain = name.removeprefix("-")
    if plain in rows.query.annotations:
        return rows.query.annotations[plain].output_field
    model: Any = rows.model
    found: Any = None
    for step in plain.split("__"):
        try:
            found = model._meta.get_field(step)
        except FieldDoesNotExist as error:  # a list that is wrongly described, and no cursor of anybody
            raise LookupError(name) from error
        model = found.related_model
    return found  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return value.isoformat() if isinstance(value, date | datetime) else value


def _typed(field: "Field[Any, Any]", value: Any) -> Any:
    if value is None or isinstance(value, list | dict | float):
        raise ValueError(value)
    if isinstance(value, str):
        value.encode()  # half a character is none
        if "\0" in value:
            raise ValueError(value)
    return field.to_python(value)
