"""Accounts that write to us, and a person for each that is new: two statements for a page."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from kaja.inbox.forms import Who
from kaja.kernel.ids import new_id
from kaja.kernel.tenancy import entered_workspace_id

# The names that were seen last count; of the same moment the greater, so that it does not matter what was read first.
# In the order of their ids, for another channel of the network may bring the same accounts in this moment.
_KEEP = """
WITH given AS (
    SELECT DISTINCT ON (remote_id COLLATE "C") *, min(at) OVER (PARTITION BY remote_id COLLATE "C") AS first_at
    FROM jsonb_to_recordset(%(given)s) AS g(id uuid, person_id uuid, remote_id text, handle text, name text, url text,
        avatar text, at timestamptz, seen_at timestamptz)
    ORDER BY remote_id COLLATE "C", seen_at DESC, handle COLLATE "C" DESC, name COLLATE "C" DESC,
        url COLLATE "C" DESC, avatar COLLATE "C" DESC
), kept AS (
    INSERT INTO inbox_handle AS h
        (id, workspace_id, person_id, network, remote_id, handle, name, url, avatar, first_at, seen_at)
    SELECT id, %(workspace)s, person_id, %(network)s, remote_id, handle, name, url, avatar, first_at, seen_at FROM given
    ON CONFLICT (workspace_id, network, remote_id) DO UPDATE SET
        first_at = least(h.first_at, EXCLUDED.first_at), seen_at = greatest(h.seen_at, EXCLUDED.seen_at),
        (handle, name, url, avatar) = (SELECT n.handle, n.name, n.url, n.avatar FROM (VALUES
            (h.seen_at, h.handle, h.name, h.url, h.avatar),
            (EXCLUDED.seen_at, EXCLUDED.handle, EXCLUDED.name, EXCLUDED.url, EXCLUDED.avatar)
        ) AS n(seen_at, handle, name, url, avatar)
        ORDER BY n.seen_at DESC, n.handle COLLATE "C" DESC, n.name COLLATE "C" DESC, n.url COLLATE "C" DESC,
            n.avatar COLLATE "C" DESC LIMIT 1)
        WHERE EXCLUDED.first_at < h.first_at OR EXCLUDED.seen_at > h.seen_at
           OR (EXCLUDED.seen_at = h.seen_at AND (EXCLUDED.handle, EXCLUDED.name, EXCLUDED.url, EXCLUDED.avatar)
               IS DISTINCT FROM (h.handle, h.name, h.url, h.avatar))
    RETURNING person_id, xmax = 0 AS fresh
), heard AS (
    UPDATE inbox_person SET spoke = true
    WHERE %(spoke)s AND NOT spoke AND id IN (
        SELECT h.person_id FROM inbox_handle h JOIN given ON given.remote_id = h.remote_id
        WHERE h.workspace_id = %(workspace)s AND h.network = %(network)s
    )
)
INSERT INTO inbox_person (id, workspace_id, name, notes, created_at, spoke)
SELECT person_id, %(workspace)s, '', '', now(), %(spoke)s FROM kept WHERE fresh
"""
_FIND = "SELECT remote_id, id FROM inbox_handle WHERE workspace_id = %s AND network = %s AND remote_id = ANY(%s)"


@dataclass(frozen=True)
class Seen:
    """An account as it was at a moment: `at` is when it did something, `seen_at` orders its names."""

    who: Who
    at: datetime
    seen_at: datetime


def keep_handles(network: str, seen: Iterable[Seen], *, spoke: bool = True) -> dict[str, UUID]:
    """Accounts by their remote ids: made, or brought up to date. `spoke`: they said something, and did not only like
    or follow."""
    theirs = [each for each in seen if each.who.id and not each.who.is_us]
    if not theirs:
        return {}
    workspace = entered_workspace_id()
    with connection.cursor() as cursor:
        cursor.execute(
            _KEEP,
            {
                "workspace": workspace,
                "network": network,
                "spoke": spoke,
                "given": json.dumps([_render(each) for each in theirs]),
            },
        )
        cursor.execute(_FIND, [workspace, network, sorted({each.who.id for each in theirs})])
        return dict(cursor.fetchall())


def _render(seen: Seen) -> dict[str, str]:
    who = seen.who
    return {
        "id": str(new_id()),
        "person_id": str(new_id()),
        "remote_id": who.id,
        "handle": who.handle,
        "name": who.name,
        "url": who.url,
        "avatar": who.avatar,
        "at": seen.at.isoformat(),
        "seen_at": seen.seen_at.isoformat(),
    }
