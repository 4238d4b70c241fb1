"""Keeping what was read: each thing once, in its newest form. Inside the workspace's scope."""

import json
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import connection

from kaja.kernel.events import publish
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.reading import Incoming, render_incoming
from kaja.reading.events import ItemsRead
from kaja.reading.models import Item

LONGEST_ID = 500

# One statement for a page. What stands there already in this form is left alone and not given back; of the same thing
# twice in a page the last form counts. It stays with the stream that brought it first.
_TAKE_IN = """
INSERT INTO reading_item AS kept (id, workspace_id, channel_id, stream, remote_id, place, at, content, read_at)
SELECT DISTINCT ON (given.remote_id) given.id, %(workspace)s, %(channel)s, %(stream)s, given.remote_id, given.place,
    given.at, given.content, now()
FROM unnest(%(ids)s::uuid[], %(remote_ids)s::text[], %(places)s::text[], %(ats)s::timestamptz[],
    %(contents)s::jsonb[]) WITH ORDINALITY AS given(id, remote_id, place, at, content, nr)
ORDER BY given.remote_id, given.nr DESC
ON CONFLICT (channel_id, remote_id) DO UPDATE
    SET content = EXCLUDED.content, at = EXCLUDED.at, place = EXCLUDED.place, changed_at = now()
    WHERE kept.content <> EXCLUDED.content
RETURNING id, changed_at IS NULL
"""
_MARK_GONE = """
UPDATE reading_item SET content = jsonb_set(content, '{state}', '"deleted"'), changed_at = now()
WHERE channel_id = %(channel)s AND remote_id = ANY(%(gone)s) AND content->>'state' <> 'deleted'
RETURNING id
"""


def place_of(item: Incoming) -> str:
    """Where it stands: below which post of ours, or in which thread elsewhere. What is looked at again together."""
    return (item.publication or item.thread)[:LONGEST_ID]


def take_in(channel_id: UUID, stream: str, items: Sequence[Incoming]) -> ItemsRead:
    """Keep what was read: what is new, and what has changed. Repeating it changes nothing."""
    if not items:
        return ItemsRead(channel_id, stream, (), ())
    rendered = [render_incoming(item) for item in items]
    with connection.cursor() as cursor:
        cursor.execute(
            _TAKE_IN,
            {
                "workspace": entered_workspace_id(),
                "channel": channel_id,
                "stream": stream,
                "ids": [new_id() for _ in items],
                "remote_ids": [each["id"][:LONGEST_ID] for each in rendered],
                "places": [(each["publication"] or each["thread"])[:LONGEST_ID] for each in rendered],
                "ats": [item.at for item in items],
                "contents": [json.dumps(each) for each in rendered],
            },
        )
        rows = cursor.fetchall()
    read = ItemsRead(
        channel_id, stream, tuple(row[0] for row in rows if row[1]), tuple(row[0] for row in rows if not row[1])
    )
    if rows:
        publish(read)
    return read


def mark_gone(channel_id: UUID, stream: str, gone: Collection[str]) -> ItemsRead:
    """What the network says is not there any more is kept, as deleted; what was marked before changes nothing."""
    rows: list[tuple[UUID]] = []
    if gone:
        with connection.cursor() as cursor:
            cursor.execute(_MARK_GONE, {"channel": channel_id, "gone": list(gone)})
            rows = cursor.fetchall()
    read = ItemsRead(channel_id, stream, (), tuple(row[0] for row in rows))
    if rows:
        publish(read)
    return read


def list_known(channel_id: UUID, places: Collection[str], most: int) -> list[str]:
    """The ids of what is there at these places, as far as is known; the newest first."""
    rows = Item.objects.filter(channel_id=channel_id, place__in=places).exclude(content__state="deleted")
    return list(rows.order_by("-at", "-id").values_list("remote_id", flat=True)[:most])
