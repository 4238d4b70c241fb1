"""Keeping what was read: each thing once, in its newest form. Inside the workspace's scope."""

import json
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import connection

from kaja.kernel.events import publish
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.reading import Incoming, Reaction, render_incoming
from kaja.reading.events import ItemsRead, ReactionsRead
from kaja.reading.forgetting import drop_forgotten
from kaja.reading.models import Item

LONGEST_ID = 500

# One statement for a page. What stands there already in this form is left alone and not given back. Of the same thing
# twice in a page the newest form counts, and none gives way to an older one, as far as the network says which is older.
# It stays with the stream that brought it first.
_TAKE_IN = """
WITH given AS MATERIALIZED (
    SELECT g.*, coalesce(g.edited_at, g.at) AS form_at
    FROM ROWS FROM (jsonb_to_recordset(%(given)s) AS (id uuid, remote_id text, place text, at timestamptz,
        edited_at timestamptz, content jsonb)) WITH ORDINALITY AS g(id, remote_id, place, at, edited_at, content, nr)
), before AS MATERIALIZED (
    SELECT i.remote_id, i.content FROM reading_item i
    WHERE i.channel_id = %(channel)s AND i.remote_id IN (SELECT given.remote_id FROM given)
), kept AS (
    INSERT INTO reading_item AS kept (id, workspace_id, channel_id, stream, remote_id, place, at, content, read_at)
    SELECT DISTINCT ON (remote_id) id, %(workspace)s, %(channel)s, %(stream)s, remote_id, place, at, content, now()
    FROM given ORDER BY remote_id, form_at DESC, nr DESC
    ON CONFLICT (channel_id, remote_id) DO UPDATE
        SET content = EXCLUDED.content, at = EXCLUDED.at, place = EXCLUDED.place, changed_at = now()
        WHERE kept.content <> EXCLUDED.content
          AND coalesce((EXCLUDED.content ->> 'edited_at')::timestamptz, EXCLUDED.at)
              >= coalesce((kept.content ->> 'edited_at')::timestamptz, kept.at)
    RETURNING id, remote_id, changed_at IS NULL AS fresh
)
SELECT given.nr, kept.id, kept.fresh
FROM given LEFT JOIN before ON before.remote_id = given.remote_id LEFT JOIN kept ON kept.remote_id = given.remote_id
WHERE before.content IS DISTINCT FROM given.content
ORDER BY given.nr
"""
_MARK_GONE = """
UPDATE reading_item SET content = jsonb_set(content, '{state}', '"deleted"'), changed_at = now()
WHERE channel_id = %(channel)s AND remote_id = ANY(%(gone)s) AND content->>'state' <> 'deleted'
RETURNING id, content
"""


def place_of(item: Incoming) -> str:
    """Where it stands: below which post of ours, or in which thread elsewhere. What is looked at again together."""
    return _shorten(item.publication or item.thread)


def _shorten(remote_id: str) -> str:
    """Such that two that differ stay two."""
    if len(remote_id) <= LONGEST_ID:
        return remote_id
    return f"{remote_id[: LONGEST_ID - 65]}#{sha256(remote_id.encode('utf-8', 'replace')).hexdigest()}"


def take_in(channel_id: UUID, stream: str, items: Sequence[Incoming]) -> ItemsRead:
    """Keep what was read: what is new, and what has changed. Repeating it changes nothing."""
    items = drop_forgotten(channel_id, items)
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
                # One value for all of them: arrays would be spelled element by element.
                "given": json.dumps(
                    [
                        {
                            "id": str(new_id()),
                            "remote_id": _shorten(each["id"]),
                            "place": _shorten(each["publication"] or each["thread"]),
                            "at": each["at"],
                            "edited_at": each["edited_at"],
                            "content": each,
                        }
                        for each in rendered
                    ]
                ),
            },
        )
        rows = cursor.fetchall()
    kept = {row[1]: row[2] for row in rows if row[1] is not None}
    read = ItemsRead(
        channel_id,
        stream,
        tuple(item_id for item_id, fresh in kept.items() if fresh),
        tuple(item_id for item_id, fresh in kept.items() if not fresh),
        tuple(rendered[row[0] - 1] for row in rows),
    )
    if rows:
        publish(read)
    return read


def tell_reactions(channel_id: UUID, reactions: Sequence[Reaction]) -> None:
    """What was done without a word is told to those above, but for that of forgotten people."""
    if reactions and (left := drop_forgotten(channel_id, reactions)):
        publish(ReactionsRead(channel_id, tuple(left)))


def mark_gone(channel_id: UUID, stream: str, gone: Collection[str]) -> ItemsRead:
    """What the network says is not there any more is kept, as deleted; what was marked before changes nothing."""
    rows: list[tuple[UUID, str | Mapping[str, Any]]] = []
    if gone:
        with connection.cursor() as cursor:
            cursor.execute(_MARK_GONE, {"channel": channel_id, "gone": [_shorten(each) for each in gone]})
            rows = cursor.fetchall()
    forms = tuple(json.loads(row[1]) if isinstance(row[1], str) else row[1] for row in rows)
    read = ItemsRead(channel_id, stream, (), tuple(row[0] for row in rows), forms)
    if rows:
        publish(read)
    return read


def list_known(channel_id: UUID, places: Collection[str], most: int) -> list[str]:
    """The ids of what is there at these places, as far as is known; the newest first."""
    rows = Item.objects.filter(channel_id=channel_id, place__in=places).exclude(content__state="deleted")
    return list(rows.order_by("-at", "-id").values_list("remote_id", flat=True)[:most])
