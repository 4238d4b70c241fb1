"""What a post needs before it can be written: uploaded files, DIDs of mentioned people. Repeating it does no harm."""

from collections.abc import Mapping
from typing import Any

from kaja.networks.bluesky import identity
from kaja.networks.bluesky.auth import call
from kaja.networks.bluesky.limits import IMAGES
from kaja.networks.bluesky.text import list_mentions
from kaja.networks.bluesky.xrpc import read
from kaja.networks.kit.answers import read_object
from kaja.networks.kit.content import Media, Outgoing
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.results import Checkpoint
from kaja.networks.kit.uploads import UPLOAD_SECONDS, open_upload


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
    file = await open_upload(medium, IMAGES, moving=IMAGES, field=field)
    how: dict[str, Any] = {"content": file.content, "headers": {"Content-Type": file.mime}, "timeout": UPLOAD_SECONDS}
    answer = await call(session, "POST", "com.atproto.repo.uploadBlob", **how)
    return {"blob": read_object(answer, "blob")["blob"], "width": file.width, "height": file.height}
