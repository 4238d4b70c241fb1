"""What connectors read: each stream of a network is a topic of its own, and what it brings is kept once."""

import json
from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from kaja.kernel.events import publish
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.reading import Incoming, Page, find_reader, render_incoming
from kaja.networks.kit.results import Later, NeedsReconnect, Unknown
from kaja.reading.events import ItemsRead
from kaja.reading.topics import Answer, Asked

PREFIX = "stream."
FIRST_PAUSE = 10.0

# One statement for a page. What stands there already in this form is left alone and not given back; of the same thing
# twice in a page the last form counts.
_TAKE_IN = """
INSERT INTO reading_item AS kept (id, workspace_id, channel_id, stream, remote_id, at, content, read_at)
SELECT DISTINCT ON (given.remote_id) given.id, %(workspace)s, %(channel)s, %(stream)s, given.remote_id, given.at,
    given.content, now()
FROM unnest(%(ids)s::uuid[], %(remote_ids)s::text[], %(ats)s::timestamptz[], %(contents)s::jsonb[])
    WITH ORDINALITY AS given(id, remote_id, at, content, place)
ORDER BY given.remote_id, given.place DESC
ON CONFLICT (channel_id, stream, remote_id) DO UPDATE
    SET content = EXCLUDED.content, at = EXCLUDED.at, changed_at = now()
    WHERE kept.content <> EXCLUDED.content
RETURNING id, changed_at IS NULL
"""


def topic_of(stream: str) -> str:
    """The name of a stream's topic."""
    return PREFIX + stream


def take_in(channel_id: UUID, stream: str, items: Sequence[Incoming]) -> ItemsRead:
    """Keep what was read: what is new, and what has changed. Repeating it changes nothing. Inside the scope."""
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
                "remote_ids": [each["id"][:255] for each in rendered],
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


class StreamTopic:
    """One stream of every network that has it."""

    on_broken = False
    budgeted = True
    spread = 60.0

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.what = topic_of(stream)

    def is_for(self, connector: Connector) -> bool:
        reader = find_reader(connector)
        return reader is not None and self.stream in reader.streams

    async def ask(self, asked: Asked) -> Answer:
        reader = find_reader(asked.connector)
        if reader is None:
            return Answer(None)
        result = await reader.read(self.stream, dict(asked.row.cursor), asked.facts, asked.session)
        if isinstance(result, Page):
            items = result.items

            def keep() -> None:
                take_in(asked.row.channel_id, self.stream, items)

            return Answer(max(result.again_after, 0.0), cursor=dict(result.cursor), keep=keep)
        if isinstance(result, Later):
            return Answer(result.after, problem=result.reason, leave_alone=result.after)
        if isinstance(result, NeedsReconnect):
            # The look at the account decides what that means; a channel that is connected again is woken.
            return Answer(FIRST_PAUSE, problem=result.problem)
        return Answer(FIRST_PAUSE, problem=result.reason if isinstance(result, Unknown) else result.problem)
