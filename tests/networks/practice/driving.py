"""A connected account of the practice network, driven stage by stage as the engine does it."""

import asyncio
import io
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from PIL import Image

from kaja.networks.kit.connector import Connected
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import (
    Next,
    StageResult,
)
from kaja.networks.registry import get_connector
from tests.needed import by_form, needs
from tests.practice.running import PracticeServer

PRACTICE = get_connector("practice")
T = TypeVar("T")
LOCAL = ("127.0.0.1",)
ON_PUBLISH = {"on": ["publish", "comment"]}


def picture(color: str = "red", **more: Any) -> Media:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(buffer, "PNG")
    content = buffer.getvalue()
    return Media(color, "image", "image/png", len(content), 40, 30, **{"alt": color, **more}, read=lambda: content)


class Channel:
    """A connected account, and the delivery of one message stage by stage as the engine does it."""

    def __init__(self, practice: PracticeServer, connected: Connected) -> None:
        self.practice, self.facts = practice, connected.facts
        self.base_url, self.credentials = connected.base_url, dict(connected.credentials)
        self.checkpoint: dict[str, Any] = {}

    def session(self, **more: Any) -> Session:
        return Session(self.base_url, dict(self.credentials), allow_private=LOCAL, **more)

    async def deliver(self, outgoing: Outgoing, seconds: float = 5, until: str = "") -> StageResult:
        """Run the stages; the first result that is not Next, or what came before the stage `until`."""
        result: StageResult = Next({})
        self.checkpoint = {}
        for stage in needs(PRACTICE.publisher).stages(outgoing, self.facts):
            if stage.name == until:
                break
            session = self.session(timeout=seconds)
            result = await needs(PRACTICE.publisher).run(stage.name, outgoing, self.checkpoint, self.facts, session)
            if not isinstance(result, Next):
                break
            self.checkpoint = result.checkpoint
        return result

    async def run(self, stage: str, outgoing: Outgoing) -> StageResult:
        return await needs(PRACTICE.publisher).run(stage, outgoing, self.checkpoint, self.facts, self.session())

    async def look(self, outgoing: Outgoing) -> Any:
        return await needs(PRACTICE.publisher).find_delivery(outgoing, self.checkpoint, self.facts, self.session())


def post(text: str = "hello", **more: Any) -> Outgoing:
    return Outgoing(**{"kind": "post", "key": uuid.uuid4().hex, "created_at": datetime.now(UTC), "text": text, **more})


async def after(call: Callable[[], Awaitable[T]], while_: Callable[[T], bool]) -> T:
    """The first answer that is another one; the last after 20 seconds."""
    for _ in range(200):
        answer = await call()
        if not while_(answer):
            break
        await asyncio.sleep(0.1)
    return answer


async def connect(practice: PracticeServer, kind: str = "plain", name: str = "mari") -> Channel:
    form = {"name": name, "kind": kind, "base_url": practice.url}
    return Channel(practice, await by_form(PRACTICE).connect(form, practice.access, Session(allow_private=LOCAL)))
