"""Queries whose SQL is made once: Django needs longer to put a query together than PostgreSQL needs to answer it."""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet

from kaja.kernel.tenancy.scope import current_workspace_id

KEPT_MAX = 500
"""Texts that one query keeps, for as many ways of filtering it."""

Value = UUID | datetime
"""What may change between two calls: values that cannot be mistaken for another parameter of the query."""


class CompiledQuery:
    """A `values_list` queryset that is built and compiled at its first use, and afterwards only executed.

    Meant for what every page asks. The entered workspace is a value like the others, so the text serves all of them.
    `around` is SQL around the queryset, which stands at `{query}`; a percent sign is written twice there.
    """

    def __init__(self, around: str = "{query}") -> None:
        self._around = around
        self._kept: dict[Hashable, tuple[str, list[Any]]] = {}

    def fetch(
        self, build: Callable[[], QuerySet[Any, Any]], *values: Value, key: Hashable = None
    ) -> list[tuple[Any, ...]]:
        """The rows of `build()`, as the driver reads them (fields' own conversions are left out).

        `values` are those of the queryset's parameters that may be others next time; every one must occur in it.
        What else `build` depends on must be in `key`.
        """
        workspace = current_workspace_id()
        given: tuple[Any, ...] = values if workspace is None else (workspace, *values)
        kept = self._kept.get((key, workspace is None))
        if kept is None:
            kept = self._compile(build(), given)
            if len(set(given)) == len(given):  # else it cannot be told which is which; next time
                if len(self._kept) >= KEPT_MAX:
                    self._kept.clear()
                self._kept[key, workspace is None] = kept
        text, parameters = kept
        with connection.cursor() as cursor:
            cursor.execute(text, [given[each.at] if type(each) is _Place else each for each in parameters])
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def _compile(self, rows: QuerySet[Any, Any], given: tuple[Any, ...]) -> tuple[str, list[Any]]:
        text, parameters = rows.query.sql_with_params()
        if missing := [each for each in given if each not in parameters]:
            raise ValueError(f"{missing} do not occur in this query, so it cannot be asked with others: {text}")
        places = [_Place(given.index(each)) if each in given else each for each in parameters]
        return self._around.replace("{query}", text), places


M = TypeVar("M", bound=Model)


@cache
def columns_of(model: type[Model]) -> list[str]:
    """The names of a model's columns, in the order in which `make_row` takes their values."""
    return [field.attname for field in model._meta.concrete_fields]


def make_row(model: type[M], values: Sequence[Any]) -> M:
    """A row of a model from the values of its columns; for models whose fields need no conversion."""
    return model.from_db(connection.alias, columns_of(model), values)


class _Place:
    """Stands in the parameters for the value number `at`."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at
