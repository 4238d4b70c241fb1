"""Live updates: from a committed transaction to the open pages of that workspace, and to no others."""

import asyncio
import json
import re
import time
import uuid

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.test import AsyncClient

from kaja.kernel.signals import notify_fleeting, notify_live
from kaja.web.live import EVERYTHING, QUEUE_LENGTH, REMEMBERED, Hub, hub, stream
from kaja.workspaces.models import Workspace
from tests.conftest import make_workspace
from tests.people import member_of

pytestmark = pytest.mark.django_db(transaction=True)


async def next_event(queue: "asyncio.Queue[str]") -> dict[str, object]:
    return dict(json.loads(await asyncio.wait_for(queue.get(), 20)))


async def test_committed_change_reaches_the_pages_of_its_workspace_only() -> None:
    mine, theirs, thing = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    here = Hub()
    own, second, foreign = here.subscribe(mine), here.subscribe(mine), here.subscribe(theirs)
    await asyncio.wait_for(here.listening.wait(), 20)
    for queue in (own, second, foreign):
        assert await next_event(queue) == {"topic": "*", "id": None}  # what happened before is looked at

    def write() -> None:
        with transaction.atomic():
            notify_live(mine, "post", thing)
        try:
            with transaction.atomic():
                notify_live(mine, "channel", thing)
                raise ValueError
        except ValueError:
            pass
        with transaction.atomic():
            notify_live(theirs, "notice")
            notify_live(mine, "delivery", thing)

    await sync_to_async(write)()
    assert [await next_event(own), await next_event(own)] == [
        {"topic": "post", "id": str(thing)},
        {"topic": "delivery", "id": str(thing)},
    ]
    assert await next_event(second) == {"topic": "post", "id": str(thing)}
    assert await next_event(foreign) == {"topic": "notice", "id": None}
    assert foreign.empty()
    for workspace, queue in ((mine, own), (mine, second), (theirs, foreign)):
        here.unsubscribe(workspace, queue)


async def test_what_is_true_for_seconds_is_told_to_those_who_listen_and_to_nobody_later() -> None:
    here, mine, theirs, thing = Hub(), uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    own, foreign = here.subscribe(mine), here.subscribe(theirs)
    await asyncio.wait_for(here.listening.wait(), 20)
    between = time.time()
    for queue in (own, foreign):
        assert await next_event(queue) == {"topic": "*", "id": None}

    def write() -> None:
        with transaction.atomic():
            notify_fleeting(mine, "presence", thing, {"who": "1", "name": "Mari", "what": "writing"})
        with transaction.atomic():
            notify_live(mine, "post", thing)

    await sync_to_async(write)()
    said = {"who": "1", "name": "Mari", "what": "writing"}
    assert await next_event(own) == {"topic": "presence", "id": str(thing), "said": said}
    assert await next_event(own) == {"topic": "post", "id": str(thing)}
    assert foreign.empty()
    late = here.subscribe(mine, between)
    assert [late.get_nowait(), late.qsize()] == [json.dumps({"topic": "post", "id": str(thing)}), 0]
    for workspace, queue in ((mine, own), (mine, late), (theirs, foreign)):
        here.unsubscribe(workspace, queue)


async def test_page_that_listens_late_hears_what_happened_since_it_was_asked_for() -> None:
    here, mine, theirs = Hub(), uuid.uuid4(), uuid.uuid4()
    before = time.time()
    first = here.subscribe(mine)
    await asyncio.wait_for(here.listening.wait(), 20)
    for number, workspace in enumerate((mine, theirs, mine)):
        here.publish(json.dumps({"workspace": str(workspace), "topic": "post", "id": str(number)}))
        await asyncio.sleep(0.02)
        if number == 0:
            between = time.time()
    late, later, never = (here.subscribe(mine, at) for at in (between, time.time(), before))
    assert [late.get_nowait(), late.qsize()] == ['{"topic": "post", "id": "2"}', 0]
    assert later.empty()
    assert [never.get_nowait(), never.qsize()] == [EVERYTHING, 0]  # asked for before anybody listened
    for number in range(REMEMBERED + 1):
        here.publish(json.dumps({"workspace": str(theirs), "topic": "post", "id": str(number)}))
    assert here.subscribe(mine, between).get_nowait() == EVERYTHING  # too long ago to be remembered
    here._pages[str(mine)] = {first}
    here.unsubscribe(mine, first)


async def test_page_that_does_not_keep_up_is_told_to_look_at_everything() -> None:
    here, workspace = Hub(), uuid.uuid4()
    queue = here.subscribe(workspace)
    for number in range(QUEUE_LENGTH + 5):
        here.publish(json.dumps({"workspace": str(workspace), "topic": "post", "id": str(number)}))
    seen = [queue.get_nowait() for _ in range(queue.qsize())]
    assert EVERYTHING in seen
    assert len(seen) <= QUEUE_LENGTH
    here.unsubscribe(workspace, queue)


async def test_stream_ends_and_leaves_nothing_behind() -> None:
    workspace = uuid.uuid4()
    parts = [part async for part in stream(workspace, longest=0.2)]
    assert re.fullmatch(r"retry: \d{4}\n\n", parts[0])
    assert not hub()._pages
    assert hub()._listener is None


async def test_only_members_may_listen() -> None:
    def make() -> tuple[Workspace, Workspace]:
        return make_workspace("acme", "owner@acme.test")[0], make_workspace("rival", "owner@rival.test")[0]

    acme, rival = await sync_to_async(make)()
    nobody = await AsyncClient().get("/w/acme/live")
    assert nobody.status_code == 401
    for workspace, status in ((rival, 404), (acme, 200)):
        client = AsyncClient()
        await client.aforce_login((await sync_to_async(member_of)(workspace)).user)
        answer = await client.get("/w/acme/live")
        assert answer.status_code == status
        if status == 200:
            assert answer["Content-Type"] == "text/event-stream"
            assert answer["Cache-Control"] == "no-cache, no-transform"
            answer.close()
