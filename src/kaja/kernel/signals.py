"""Wake-ups between processes over PostgreSQL's NOTIFY: sent when the transaction commits, never before."""

import json
from uuid import UUID

from django.db import connection

DUE = "kaja_due"
LIVE = "kaja_live"
ACCESS = "kaja_access"
"""Somebody may have lost access: the id of a person or the key of a session. Sent by triggers on the tables, so that
whatever ends a session or a membership says so."""


def notify_due() -> None:
    """Tell delivery workers that there may be earlier work than they sleep for."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, '')", [DUE])


def notify_live(workspace_id: UUID, topic: str, object_id: UUID | None = None) -> None:
    """Tell open pages of a workspace that something of `topic` changed (they fetch what they may see)."""
    payload = {"workspace": str(workspace_id), "topic": topic, "id": str(object_id) if object_id else None}
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [LIVE, json.dumps(payload)])
