"""A second source of deliveries: short notes in a table of their own. Nothing of a post, as the engine sees it."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

import psycopg
from django.db import connection, transaction

from kaja.channels.models import Channel
from kaja.delivery.engine.row import Work
from kaja.delivery.frozen import Frozen
from kaja.delivery.models import Delivery
from kaja.delivery.planning import (
    ENDED,
    WAITS,
    can_stage_ahead,
    is_stoppable,
    list_called,
    plan_ahead,
    reset,
    save_changed,
    take_out,
)
from kaja.delivery.sources import SOURCES, Answer, Made, NotSo, Subject, Words
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.postgres import APP
from kaja.kernel.signals import notify_due
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace

MEMO = "memo"


def _read(ids: Collection[UUID]) -> dict[UUID, tuple[str, int, bool]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, text, version, wanted FROM tests_memo WHERE id = ANY(%s)", [list(ids)])
        return {memo_id: (text, version, wanted) for memo_id, text, version, wanted in cursor.fetchall()}


class Memos:
    """See `kaja.delivery.sources.Source`."""

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        found = _read([work.row.source_id for work in works])
        answers: dict[UUID, Answer] = {}
        for work in works:
            text, version, wanted = found[work.row.source_id]
            if not work.row.may_stand and not wanted:
                answers[work.row.id] = NotSo.WITHDRAWN
            elif not work.row.may_stand and version != work.row.version:
                answers[work.row.id] = NotSo.STALE
            else:
                answers[work.row.id] = Made(Frozen(kind="post", text=text, created_at=work.at))
        return answers

    def follow(self, source_id: UUID) -> None:
        bring_in_line(source_id)

    def describe(self, source_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        return {memo_id: Subject(memo_id, text, version) for memo_id, (text, version, _) in _read(source_ids).items()}

    def list_words(self, rows: Sequence[Delivery]) -> Mapping[UUID, Words]:
        found = _read([row.source_id for row in rows])
        return {row.id: Words(found[row.source_id][0]) for row in rows if row.source_id in found}


@contextmanager
def memos_at_work() -> Iterator[None]:
    """The table, and the source entered."""
    name = connection.settings_dict["NAME"]
    with psycopg.connect(os.environ["KAJA_TEST_POSTGRES"], dbname=name, autocommit=True) as own:
        own.execute("CREATE TABLE tests_memo (id uuid PRIMARY KEY, text text, version int, wanted boolean)")
        own.execute(f"GRANT ALL ON tests_memo TO {APP}")
        SOURCES[MEMO] = Memos()
        try:
            yield
        finally:
            del SOURCES[MEMO]
            own.execute("DROP TABLE tests_memo")


def send(workspace: Workspace, channel: Channel, text: str, due_at: datetime | None = None, **row: object) -> UUID:
    """A note and its delivery, in one transaction; it is never too late."""
    memo_id, due_at = new_id(), due_at or now()
    with workspace_scope(workspace.id), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO tests_memo VALUES (%s, %s, 1, true)", [memo_id, text])
        made = Delivery(
            source_id=memo_id,
            subject_id=memo_id,
            channel=channel,
            due_at=due_at,
            next_at=due_at,
            version=1,
            stages_ahead=can_stage_ahead(channel, files=False),
            **{"source_kind": MEMO, "has_late_limit": False, **row},
        )
        plan_ahead(made)
        made.save()
        notify_due()
    return memo_id


def change(workspace: Workspace, memo_id: UUID, text: str, *, tell: bool = True) -> None:
    """Say it otherwise. `tell`: the delivery, in the same transaction; else it has to find out."""
    with workspace_scope(workspace.id), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tests_memo SET text = %s, version = version + 1 WHERE id = %s", [text, memo_id])
        if tell:
            bring_in_line(memo_id)


def move(workspace: Workspace, memo_id: UUID, due_at: datetime) -> None:
    """To be said at another time."""
    with workspace_scope(workspace.id), transaction.atomic():
        [row] = lock(Delivery.objects.filter(source_kind=MEMO, source_id=memo_id))
        if row.state in WAITS or is_stoppable(row, list_called([row])):
            reset(row, due_at, due_at)
            save_changed([row])
        notify_due()


def withdraw(workspace: Workspace, memo_id: UUID, *, tell: bool = True) -> None:
    """Not to be said any more."""
    with workspace_scope(workspace.id), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tests_memo SET wanted = false WHERE id = %s", [memo_id])
        if tell:
            bring_in_line(memo_id)


def bring_in_line(memo_id: UUID) -> None:
    """The delivery as the note wants it."""
    [row] = lock(Delivery.objects.filter(source_kind=MEMO, source_id=memo_id))
    _, version, wanted = _read([memo_id])[memo_id]
    stoppable = is_stoppable(row, list_called([row]))
    if not wanted:
        row.allowed = False
        take_out(row, stoppable=stoppable)
    elif row.version != version and (row.state in (*WAITS, *ENDED) or stoppable):
        reset(row, row.due_at, row.due_at)
        row.version = version
    save_changed([row])
    notify_due()


def delivery_of(workspace: Workspace, memo_id: UUID) -> Delivery:
    with workspace_scope(workspace.id):
        return Delivery.objects.get(source_kind=MEMO, source_id=memo_id)
