"""Pages of lists: `limit` rows at once, and a mark (`next_cursor`) of where the next page begins."""

from typing import Annotated, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from ninja import Query

from kaja.content.queries import CURSOR_INVALID, parse_cursor
from kaja.kernel.problems import Refused

LIMIT, LIMIT_MAX = 50, 200
Cursor = Annotated[str, Query(max_length=64)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
M = TypeVar("M", bound=Model)


def cut_page(rows: QuerySet[M], order: tuple[str, ...], cursor: str, limit: int) -> tuple[list[M], str]:
    """The rows after the one that `cursor` names, and the cursor of the next page (empty when there is none).

    `order` are the names of ascending fields, the last of which is `id`. A row that is named by a cursor may have left
    the list meanwhile.
    """
    if cursor:
        rows = rows.filter(_after(rows.model, order, parse_cursor(cursor)))
    found = list(rows.order_by(*order)[: limit + 1])
    return found[:limit], found[limit - 1].pk.hex if len(found) > limit else ""


def _after(model: type[Model], order: tuple[str, ...], row_id: UUID) -> Q:
    if order == ("id",):
        return Q(id__gt=row_id)
    known = model._default_manager.filter(pk=row_id).values(*order).first()
    if known is None:
        raise Refused(CURSOR_INVALID)
    after, same = Q(), Q()
    for name in order:
        after |= same & Q(**{f"{name}__gt": known[name]})
        same &= Q(**{name: known[name]})
    return after
