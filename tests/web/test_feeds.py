"""What many pages show alike: drawn once for all of them, sent to those who may see it, and to nobody else."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Collection, Hashable, Iterator

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction
from django.http import HttpRequest
from django.test import AsyncClient

from kaja.inbox.models import Conversation
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import workspace_scope
from kaja.web.feeds import FEEDS, MOST, Followed, Queue
from kaja.web.live import CROWD, Hub, hub
from kaja.workspaces.models import Member, User, Workspace
from tests.conftest import make_workspace
from tests.people import add_member, member_of
from tests.web.inbox.conversations import make_channel, make_conversation, make_handle

pytestmark = pytest.mark.django_db(transaction=True)


class Letters:
    """A feed that notes what it was asked to draw."""

    topic = "letter"

    def __init__(self) -> None:
        self.drawn: list[tuple[Hashable, int]] = []

    def find_view(self, request: HttpRequest, member: Member, given: str) -> Hashable:
        return given

    def draw(self, view: Hashable, ids: Collection[uuid.UUID]) -> str:
        self.drawn.append((view, len(ids)))
        if view == "broken":
            raise RuntimeError("cannot be drawn")
        return f"{view}: {len(ids)}"


@pytest.fixture
def letters() -> Iterator[Letters]:
    FEEDS["letters"] = Letters()
    yield FEEDS["letters"]  # type: ignore[misc]
    del FEEDS["letters"]


async def told(queue: Queue, topic: str) -> dict[str, object]:
    async with asyncio.timeout(30):
        while True:
            event = json.loads(await queue.get())
            if event["topic"] == topic:
                return dict(event)


def change(workspace: uuid.UUID, *things: uuid.UUID, topic: str = "letter") -> None:
    with transaction.atomic():
        for thing in things:
            notify_live(workspace, topic, thing)


async def test_a_hundred_pages_are_one_drawing(letters: Letters) -> None:
    here, mine, theirs, thing = Hub(), uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    pages = [here.subscribe(mine, followed=Followed("letters", "all", "all")) for _ in range(100)]
    other = here.subscribe(mine, followed=Followed("letters", "few", "few"))
    plain, foreign = here.subscribe(mine), here.subscribe(theirs, followed=Followed("letters", "all", "all"))
    await asyncio.wait_for(here.listening.wait(), 20)
    await sync_to_async(change)(mine, thing)
    for queue in pages:
        assert await told(queue, "drawn") == {
            "topic": "drawn", "view": "all", "ids": [str(thing)], "html": "all: 1",
        }  # fmt: skip
    assert (await told(other, "drawn"))["html"] == "few: 1"
    assert sorted(letters.drawn) == [("all", 1), ("few", 1)]
    # Everybody is told that there is something, and how many ask; who follows nothing, and the neighbours, no more.
    assert await told(plain, "letter") == {"topic": "letter", "id": str(thing), "pages": 103}
    assert plain.empty()
    assert [json.loads(foreign.get_nowait())["topic"], foreign.qsize()] == ["*", 0]
    for queue in (*pages, other, plain):
        here.unsubscribe(mine, queue)
    here.unsubscribe(theirs, foreign)
    assert here._drawings._task is None
    assert not here._drawings._groups


async def test_few_pages_are_told_nothing_of_a_crowd() -> None:
    here, mine = Hub(), uuid.uuid4()
    pages = [here.subscribe(mine) for _ in range(CROWD - 1)]
    await asyncio.wait_for(here.listening.wait(), 20)
    await sync_to_async(change)(mine, uuid.uuid4())
    assert "pages" not in await told(pages[0], "letter")
    for queue in pages:
        here.unsubscribe(mine, queue)


async def test_what_cannot_be_drawn_stops_no_other_drawing(letters: Letters) -> None:
    here, mine, thing, next_one = Hub(), uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    followed = ("broken", "well", "broken")
    broken, well, also = [here.subscribe(mine, followed=Followed("letters", view, view)) for view in followed]
    await asyncio.wait_for(here.listening.wait(), 20)
    await sync_to_async(change)(mine, thing)
    assert (await told(well, "drawn"))["ids"] == [str(thing)]
    await sync_to_async(change)(mine, next_one)
    assert (await told(well, "drawn"))["ids"] == [str(next_one)]
    # Those pages know that there is something, and ask for it themselves.
    for queue in (broken, also):
        assert {json.loads(queue.get_nowait())["topic"] for _ in range(queue.qsize())} == {"*", "letter"}
    for queue in (broken, well, also):
        here.unsubscribe(mine, queue)


async def test_more_than_a_page_takes_is_not_drawn(letters: Letters) -> None:
    here, mine, last = Hub(), uuid.uuid4(), uuid.uuid4()
    page = here.subscribe(mine, followed=Followed("letters", "all", "all"))
    await asyncio.wait_for(here.listening.wait(), 20)
    await sync_to_async(change)(mine, *(uuid.uuid4() for _ in range(MOST + 1)))
    await told(page, "letter")
    await asyncio.sleep(0.2)
    await sync_to_async(change)(mine, last)
    assert (await told(page, "drawn"))["ids"] == [str(last)]
    assert letters.drawn == [("all", 1)]
    here.unsubscribe(mine, page)


# The inbox's rows, over the stream itself


def make_inbox() -> tuple[Workspace, User, User, Conversation]:
    workspace, owner = make_workspace("acme", "owner@acme.test")
    colleague = add_member(workspace, "colleague@acme.test")
    colleague.language = "et"
    colleague.save()
    with workspace_scope(workspace.id):
        conversation = make_conversation(make_channel(), make_handle("Dora <b>"), ["Is <i>this</i> open?"])
    return workspace, owner, colleague, conversation


async def read_drawn(lines: AsyncIterator[bytes | str]) -> dict[str, object]:
    async with asyncio.timeout(30):
        async for part in lines:
            text = part.decode() if isinstance(part, bytes) else part
            if text.startswith("event: change\ndata: "):
                event = json.loads(text.partition("data: ")[2])
                if event["topic"] == "drawn":
                    return dict(event)
    raise AssertionError("the stream ended")


async def test_each_person_is_sent_the_rows_of_their_list_in_their_language() -> None:
    workspace, owner, colleague, conversation = await sync_to_async(make_inbox)()
    streams = {}
    for user, view in ((owner, ""), (colleague, "view=mine"), (colleague, "view=done"), (owner, "view=mine")):
        client = AsyncClient()
        await client.aforce_login(user)
        answer = await client.get("/w/acme/live", {"feed": "inbox", "view": view})
        assert answer.status_code == 200
        lines = aiter(answer.streaming_content)  # type: ignore[attr-defined]
        await anext(lines)
        streams[user.email, view] = lines
    await asyncio.wait_for(hub().listening.wait(), 20)

    def give() -> None:
        with workspace_scope(workspace.id), transaction.atomic():
            Conversation.objects.filter(id=conversation.id).update(assignee=colleague)
            notify_live(workspace.id, "conversation", conversation.id)

    await sync_to_async(give)()
    drawn = {key: await read_drawn(lines) for key, lines in streams.items()}
    shown = drawn[owner.email, ""]
    assert shown["ids"] == [str(conversation.id)]
    assert "Dora &lt;b&gt;" in str(shown["html"])
    assert "Is &lt;i&gt;this&lt;/i&gt; open?" in str(shown["html"])
    assert f'href="/w/acme/inbox/{conversation.id}/"' in str(shown["html"])
    assert 'title="Given to colleague@acme.test"' in str(shown["html"])
    mine = drawn[colleague.email, "view=mine"]
    assert mine["view"] == "view=mine"
    assert f'href="/w/acme/inbox/{conversation.id}/?view=mine"' in str(mine["html"])
    assert "Given to" not in str(mine["html"])
    for other in ((colleague.email, "view=done"), (owner.email, "view=mine")):
        assert "data-item" not in str(drawn[other]["html"])
        assert drawn[other]["ids"] == [str(conversation.id)]
    for lines in streams.values():
        await lines.aclose()


async def test_what_is_no_feed_is_a_stream_without_one() -> None:
    workspace = (await sync_to_async(make_workspace)("acme", "owner@acme.test"))[0]
    client = AsyncClient()
    await client.aforce_login((await sync_to_async(member_of)(workspace)).user)
    answer = await client.get("/w/acme/live", {"feed": "payroll", "view": "\x00" * 9000})
    assert answer.status_code == 200
    answer.close()
