"""Wake-ups between processes over PostgreSQL's NOTIFY: sent when the transaction commits, never before."""

import json
from collections.abc import Collection, Mapping
from uuid import UUID

from django.db import connection

DUE = "kaja_due"
READ = "kaja_read"
LIVE = "kaja_live"
ACCESS = "kaja_access"
"""Somebody may have lost access: the id of a person or the name of a session. Sent by triggers on the tables, so that
whatever ends a session or a membership says so."""
MANY = 50


def notify_due() -> None:
    """Tell delivery workers that there may be earlier work than they sleep for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [DUE])


def notify_read() -> None:
    """Tell workers that something may be read earlier than they sleep for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [READ])


def notify_live(workspace_id: UUID, topic: str, object_id: UUID | None = None) -> None:
    """Tell open pages of a workspace that something of `topic` changed (they fetch what they may see)."""
    payload = {"workspace": str(workspace_id), "topic": topic, "id": str(object_id) if object_id else None}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE, json.dumps(payload)])


def notify_fleeting(workspace_id: UUID, topic: str, object_id: UUID, said: Mapping[str, str]) -> None:
    """Tell open pages what is true for some seconds only: who looks, who writes. Nobody who comes later is told."""
    payload = {"workspace": str(workspace_id), "topic": topic, "id": str(object_id), "said": dict(said)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE, json.dumps(payload)])


def notify_live_each(workspace_id: UUID, topic: str, object_ids: Collection[UUID]) -> None:
    """The same for many objects, in one message to the database; beyond a few, for the whole topic at once."""
    ids: list[UUID | None] = [*dict.fromkeys(object_ids)]
    if len(ids) > MANY:
        ids = [None]
    payloads = [json.dumps({"workspace": str(workspace_id), "topic": topic, "id": str(i) if i else None}) for i in ids]
    if payloads:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload", [LIVE, payloads])
