"""A reading loop that runs beside the test, and an audience that writes."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager

from kaja.channels.models import Channel
from kaja.delivery.worker.main import get_address
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import close_pools
from kaja.reading.claim import claim_due
from kaja.reading.loop import ReadingLoop, ReadPace, list_topics
from kaja.reading.models import Item, Poll
from kaja.reading.topics import Claimed, Topics
from kaja.workspaces.models import Workspace
from tests.looping import running
from tests.practice.running import PracticeServer

QUICK = ReadPace(lease=8.0, ask=4.0, poll=0.5, busy=0.05, plan=0.5)


def running_reader(pace: ReadPace = QUICK, topics: Topics | None = None) -> AbstractContextManager[ReadingLoop]:
    """A reading loop beside the test."""
    return running(lambda: ReadingLoop(get_address(), pace, topics))


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


def claim(*topics: str) -> list[Claimed]:
    async def work() -> list[Claimed]:
        async with await ReadingLoop(get_address(), QUICK).connect() as own:
            return await claim_due(own, topics, 10, QUICK.lease)

    return asyncio.run(work())


def look(workspace: Workspace, *topics: str, times: int = 1) -> None:
    """What is to be asked is due, and a worker asks it."""
    for _ in range(times):
        with workspace_scope(workspace.id):
            Poll.objects.filter(what__in=topics, next_at__isnull=False).update(next_at=now(), not_before=None)
        rows = claim(*topics)

        async def work(rows: list[Claimed] = rows) -> None:
            loop = ReadingLoop(get_address(), QUICK, list_topics())
            try:
                await loop._ask_channel(rows, asyncio.get_running_loop().time() + 100)
            finally:
                await close_pools()

        asyncio.run(work())


def look_until(workspace: Workspace, topic: str, done: Callable[[], bool]) -> None:
    for _ in range(50):
        look(workspace, topic)
        if done():
            return
    raise AssertionError("it never ends")


def kept(workspace: Workspace) -> dict[str, str]:
    """What was read, with its state."""
    with workspace_scope(workspace.id):
        return {item.remote_id: item.content["state"] for item in Item.objects.all()}
