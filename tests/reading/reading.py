"""A reading loop that runs beside the test, and an audience that writes."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from kaja.channels.models import Channel
from kaja.kernel.tenancy import workspace_scope
from kaja.reading.loop import ReadingLoop, ReadPace
from kaja.reading.models import Item, Poll
from kaja.reading.topics import Topics
from kaja.workspaces.models import Workspace
from tests.practice.running import PracticeServer

QUICK = ReadPace(lease=8.0, ask=4.0, poll=0.5, busy=0.05, plan=0.5)


def get_address() -> dict[str, Any]:
    """psycopg's connection parameters of the test's database."""
    parameters = dict(connection.get_connection_params())
    own = ("cursor_factory", "context", "prepare_threshold", "pool", "server_side_binding", "isolation_level")
    return {name: value for name, value in parameters.items() if name not in (*own, "assume_role")}


@contextmanager
def running_reader(pace: ReadPace = QUICK, topics: Topics | None = None) -> Iterator[ReadingLoop]:
    """A loop in a thread and event loop of its own; stopped as a worker stops it."""
    made: list[tuple[ReadingLoop, asyncio.AbstractEventLoop]] = []
    ready = threading.Event()
    failures: list[BaseException] = []
    address = get_address()

    async def work() -> None:
        reader = ReadingLoop(address, pace, topics)
        made.append((reader, asyncio.get_running_loop()))
        ready.set()
        await reader.run()

    def whole() -> None:
        try:
            asyncio.run(work())
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)
            ready.set()

    thread = threading.Thread(target=whole)
    thread.start()
    assert ready.wait(30)
    reader, loop = made[0]
    try:
        yield reader
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(reader.stop)
        thread.join(60)
        assert not thread.is_alive()
        assert not failures, failures


def comment(practice: PracticeServer, post: str, *texts: str) -> list[str]:
    """A visitor writes below a post; gives the comments' ids."""
    path = f"/api/v1/posts/{post}/comments"
    answers = [practice.call("POST", path, {"name": "Visitor", "text": text}) for text in texts]
    assert {answer.status for answer in answers} == {201}
    return [str(answer.json()["id"]) for answer in answers]


def read_ids(workspace: Workspace) -> list[str]:
    """What was kept."""
    with workspace_scope(workspace.id):
        return list(Item.objects.order_by("at", "remote_id").values_list("remote_id", flat=True))


def poll_of(workspace: Workspace, channel: Channel, what: str) -> Poll:
    with workspace_scope(workspace.id):
        return Poll.objects.get(channel=channel, what=what)
