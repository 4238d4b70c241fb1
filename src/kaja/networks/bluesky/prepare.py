"""What a post needs before it can be written: uploaded files, DIDs of mentioned people. Repeating it does no harm."""

import asyncio
from collections.abc import Mapping
from typing import Any

from kaja.networks.bluesky import identity
from kaja.networks.bluesky.auth import call
from kaja.networks.bluesky.limits import IMAGES
from kaja.networks.bluesky.text import list_mentions
from kaja.networks.bluesky.xrpc import read
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.media import ImageRefused, fit_image
from kaja.networks.kit.results import Checkpoint
from kaja.networks.kit.wire import FileBody

UPLOAD_SECONDS = 300.0


def needs_preparing(outgoing: Outgoing) -> bool:
    card = outgoing.link_card
    return bool(outgoing.media or (card is not None and card.image is not None) or "@" in outgoing.text)


async def prepare(outgoing: Outgoing, session: Session, resolver: str) -> Checkpoint:
    """Upload and look up everything. Raises Failed."""
    prepared: Checkpoint = {"dids": await _fetch_dids(outgoing.text, session, resolver)}
    if outgoing.media:
        prepared["blobs"] = [
            await _upload(medium, session, f"parts.0.media.{index}") for index, medium in enumerate(outgoing.media)
        ]
    elif outgoing.link_card is not None and outgoing.link_card.image is not None:
        prepared["thumb"] = (await _upload(outgoing.link_card.image, session, "link_card.image"))["blob"]
    return prepared


async def _fetch_dids(text: str, session: Session, resolver: str) -> dict[str, str]:
    """A handle that nobody has stays plain text, as in Bluesky's own app."""
    found = {}
    for handle in list_mentions(text):
        try:
            did = await identity.fetch_did(handle, session, resolver=resolver)
        except TransportError as error:
            read(error)
            raise
        if did:
            found[handle] = did
    return found


async def _upload(medium: Media, session: Session, field: str) -> Mapping[str, Any]:
    content: bytes | FileBody = FileBody(medium.open, medium.size)
    mime, width, height = medium.mime, medium.width, medium.height
    if medium.kind != "video":
        try:
            fitted = await asyncio.to_thread(fit_image, await asyncio.to_thread(medium.read), IMAGES)
        except ImageRefused as refused:
            raise Failed(refused.as_result(field)) from refused
        content, mime, width, height = fitted.content, fitted.mime, fitted.width, fitted.height
    answer = await call(
        session,
        "POST",
        "com.atproto.repo.uploadBlob",
        content=content,
        headers={"Content-Type": mime},
        timeout=UPLOAD_SECONDS,
    )
    return {"blob": read_object(answer, "blob")["blob"], "width": width, "height": height}
