"""Conversations, replies and acts planted into a world: rows as `inbox/answering.py` and `inbox/acts.py` write them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from kaja.kernel.ids import new_id
from tests.chaos.world import Account, World


@dataclass(frozen=True)
class Heard:
    """Something that was said to an account: on the network, and in the world's inbox."""

    account: Account
    remote_id: str
    conversation: UUID
    message: UUID


def let_speak(world: World, accounts: Sequence[Account], each: int) -> list[Heard]:
    """So many people mention each account."""
    heard: list[Heard] = []
    now = datetime.now().astimezone()
    with world.connect() as connection:
        for account in accounts:
            entries = [{"stream": "mentions", "name": f"visitor-{n}", "text": f"Question {n}"} for n in range(each)]
            for remote_id in world.practice.plant(account.name, *entries):
                person, handle, one = new_id(), new_id(), Heard(account, remote_id, new_id(), new_id())
                _insert(connection, "inbox_person", id=person, workspace_id=world.workspace, created_at=now)
                _insert(
                    connection, "inbox_handle", id=handle, workspace_id=world.workspace, person_id=person,
                    network="practice", remote_id=f"{account.name}/{remote_id}", first_at=now, seen_at=now,
                )  # fmt: skip
                _insert(
                    connection, "inbox_conversation", id=one.conversation, workspace_id=world.workspace,
                    channel_id=account.id, thread=remote_id, kind="mention", state="new", handle_id=handle,
                    last_at=now, created_at=now,
                )  # fmt: skip
                _insert(
                    connection, "inbox_message", id=one.message, workspace_id=world.workspace,
                    conversation_id=one.conversation, channel_id=account.id, direction="in", kind="mention",
                    remote_id=remote_id, handle_id=handle, text="Question", state="there", at=now, arrived_at=now,
                    media=Jsonb([]),
                )  # fmt: skip
                heard.append(one)
    return heard


def plan_replies(world: World, replies: Iterable[tuple[Heard, str, datetime]]) -> None:
    """Each with a delivery of its own, due at its instant."""
    now = datetime.now().astimezone()
    with world.connect() as connection:
        for heard, text, due_at in replies:
            message, delivery = new_id(), new_id()
            answer = {
                "to": {"id": heard.remote_id, "url": "", "data": {}}, "message": str(heard.message), "root": None,
                "text": text, "options": {},
            }  # fmt: skip
            _insert(
                connection, "inbox_message", id=message, workspace_id=world.workspace,
                conversation_id=heard.conversation, channel_id=heard.account.id, direction="out", kind="reply",
                text=text, state="there", at=now, arrived_at=now, media=Jsonb([]), data=Jsonb({"answer": answer}),
                delivery_id=delivery,
            )  # fmt: skip
            _plan(world, connection, heard, delivery, "reply", message, due_at)
        connection.execute("SELECT pg_notify('kaja_due', '')")


def plan_acts(world: World, acts: Iterable[tuple[Heard, str, datetime]]) -> None:
    with world.connect() as connection:
        for heard, act, due_at in acts:
            wanted, delivery = new_id(), new_id()
            _insert(
                connection, "inbox_messageact", id=wanted, workspace_id=world.workspace, message_id=heard.message,
                act=act, at=due_at, delivery_id=delivery,
            )  # fmt: skip
            _plan(world, connection, heard, delivery, "act", wanted, due_at)


def _plan(
    world: World, connection: Any, heard: Heard, delivery: UUID, kind: str, source: UUID, due_at: datetime
) -> None:
    now = datetime.now().astimezone()
    _insert(
        connection, "publishing_delivery", id=delivery, workspace_id=world.workspace, source_kind=kind,
        variant_id=source, subject_id=heard.conversation, channel_id=heard.account.id, kind=kind, position=0,
        state="scheduled", due_at=due_at, next_at=due_at, fence=0, checkpoint=Jsonb({}), post_revision=0,
        attempts_made=0, tries=0, needs_person=False, candidates=Jsonb([]), has_late_limit=False, created_at=now,
        updated_at=now,
    )  # fmt: skip


def _insert(connection: Any, table: str, **values: Any) -> None:
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join(["%s"] * len(values))
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", list(values.values()))
