"""Driving a connector through its stages as the delivery engine does, and content to drive it with."""

import io
import uuid
from datetime import UTC, datetime
from typing import Any

from PIL import Image

from kaja.networks.kit.connector import Connector
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.results import Checkpoint, Next, Sent, StageResult
from tests.needed import needs


def make_picture(alt: str = "", color: str = "red", size: tuple[int, int] = (64, 48)) -> Media:
    """A PNG that servers can really decode."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    content = buffer.getvalue()
    return Media(
        key=uuid.uuid4().hex,
        kind="image",
        mime="image/png",
        size=len(content),
        width=size[0],
        height=size[1],
        alt=alt,
        filename=f"{color}.png",
        read=lambda: content,
    )


def make_outgoing(text: str, **fields: Any) -> Outgoing:
    """One message with a key of its own."""
    defaults: dict[str, Any] = {"kind": "post", "key": uuid.uuid4().hex, "created_at": datetime.now(UTC)}
    return Outgoing(text=text, **{**defaults, **fields})


async def run_all(
    connector: Connector, outgoing: Outgoing, facts: Facts, session: Session
) -> tuple[StageResult, Checkpoint]:
    """Every stage in order; ends with the first result that is not Next. Gives it and the last checkpoint."""
    checkpoint: Checkpoint = {}
    result: StageResult = Next(checkpoint)
    for stage in needs(connector.publisher).stages(outgoing, facts):
        result = await needs(connector.publisher).run(stage.name, outgoing, checkpoint, facts, session)
        if not isinstance(result, Next):
            return result, checkpoint
        checkpoint = result.checkpoint
    return result, checkpoint


async def publish(connector: Connector, outgoing: Outgoing, facts: Facts, session: Session) -> Sent:
    """Every stage; the test fails unless the object then stands on the network."""
    result, _ = await run_all(connector, outgoing, facts, session)
    assert isinstance(result, Sent), result
    return result
