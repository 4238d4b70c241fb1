"""The one order in which rows are locked, so that no two people wait for each other.

A transaction locks the kinds of rows that it needs from top to bottom of this list, and of one kind those with the
smaller id first:

    a board (its workspace's advisory lock), workspace, member, channel, consent, post, label, campaign,
    delivery, publication, wish to change one, inbox of a channel (an advisory lock), conversation, message,
    everything that only one action knows

`lock` is the only place that says FOR UPDATE (a test holds that), and it says NO KEY UPDATE: a row that others point to
may be pointed to while it is locked, for nobody changes ids. What follows from an action through events (`config/
wiring.py`) goes down the list, too: a saved post leads to its deliveries, a channel to its deliveries.

Should two transactions meet all the same (PostgreSQL also locks what a foreign key points to), the database ends one of
them; `run_in_workspace` then does it again, once, and nobody sees it.
"""

from collections.abc import Collection
from typing import TypeVar
from uuid import UUID

from django.db import connection, models

M = TypeVar("M", bound=models.Model)


def lock(rows: "models.QuerySet[M]", *, skip_locked: bool = False) -> "models.QuerySet[M]":
    """The rows, locked until the transaction ends, in the order of their ids."""
    return rows.select_for_update(of=("self",), no_key=True, skip_locked=skip_locked).order_by("pk")


def lock_board(workspace_id: UUID) -> None:
    """One card of a workspace's board moves at a time: where it comes to stand depends on its neighbours, which nobody
    locks. Waits for the other; ends with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"board:{workspace_id}"])


def lock_inbox(channel_id: UUID) -> None:
    """What is read of a channel and what was sent on it meet in its inbox one after the other: each looks for rows that
    the other is about to write. Waits for the other; ends with the transaction."""
    lock_inboxes([channel_id])


def lock_inboxes(channel_ids: Collection[UUID]) -> None:
    """The same for many channels, in the order of their ids."""
    names = [f"inbox:{channel_id}" for channel_id in sorted(set(channel_ids))]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM ("
            # Ordered before a lock is asked for, which one list of results does not promise.
            "SELECT name FROM unnest(%s::text[]) WITH ORDINALITY AS r(name, place) ORDER BY place OFFSET 0) AS r",
            [names],
        )
