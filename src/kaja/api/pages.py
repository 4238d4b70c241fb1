"""Lists in pages: `limit` items and the mark (`next_cursor`) of where the next page begins."""

from typing import Annotated

from ninja import Query

LIMIT, LIMIT_MAX = 50, 200
Cursor = Annotated[str, Query(max_length=500)]
Limit = Annotated[int, Query(ge=1, le=LIMIT_MAX)]
