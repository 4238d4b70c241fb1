"""Pictures that stand outside (avatars, what somebody attached), for our pages: no reader's browser asks a stranger.

They are fetched by us like everything else from outside (no private addresses, bounded), decoded behind the border,
made small, and kept beside the cut-outs for as long as those (`renditions.sweep_renditions`).
"""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile

from kaja.border import Declined, ForeignTrouble, run_bounded
from kaja.kernel.clock import now
from kaja.kernel.outside import leave_database
from kaja.media.store import Store, open_rendition_store
from kaja.networks.kit.http import Session, TransportError
from kaja.workspaces.actor import Actor
from kaja.workspaces.outside import ask_outside

MIME = "image/webp"
MOST_BYTES = 10 * 1024 * 1024
SECONDS = 10.0
MEMORY = 700_000_000
NOT_AGAIN = timedelta(hours=1)
"""So long nobody is asked again for what was no picture, or was not there."""
AVATAR, SHOWN = 96, 1200
"""Pixels on the longer side."""


class NoPicture(Exception):
    """There is none to show at this address, or there was none a short while ago."""


def name_of(workspace_id: UUID, address: str, side: int) -> str:
    """The name in the store; of one workspace, so that nobody learns what others have looked at."""
    return f"{workspace_id}/remote/{hashlib.sha256(address.encode()).hexdigest()[:32]}-{side}.webp"


def fetch_picture(actor: Actor, workspace_id: UUID, address: str, side: int, ours: Sequence[str] = ()) -> bytes:
    """The picture at an address as a small WebP. Called outside a scope, for addresses that stand in our rows.

    `ours`: hosts that are asked although they are no public ones, besides the operator's.

    Raises NoPicture, TooMuchAtOnce, StoreAway.
    """
    store, name = open_rendition_store(), name_of(workspace_id, address, side)
    try:
        return _read(store, name)
    except FileNotFoundError:
        pass
    if _failed_lately(store, f"{name}.none"):
        raise NoPicture(address)
    try:
        made = _shrink(_ask(actor, workspace_id, address, ours), side)
    except (TransportError, Declined, ForeignTrouble, ValueError) as error:
        store.delete(f"{name}.none")
        store.save(f"{name}.none", ContentFile(b"none"))
        raise NoPicture(address) from error
    store.save(name, ContentFile(made))
    return made


def _read(store: Store, name: str) -> bytes:
    with store.open(name) as file:
        data: bytes = file.read()
        return data


def _failed_lately(store: Store, name: str) -> bool:
    try:
        return store.get_modified_time(name) > now() - NOT_AGAIN
    except FileNotFoundError:
        return False


def _ask(actor: Actor, workspace_id: UUID, address: str, ours: Sequence[str]) -> bytes:
    session = Session(allow_private=[*settings.PRIVATE_HOSTS_ALLOWED, *ours], timeout=SECONDS)
    answer = ask_outside(
        actor,
        workspace_id,
        lambda: session.request("GET", address, headers={"Accept": "image/*"}, max_bytes=MOST_BYTES, authorized=False),
    )
    if not answer.ok or not answer.content:
        raise ValueError(f"status {answer.status}")
    return answer.content


def _shrink(data: bytes, side: int) -> bytes:
    leave_database()
    made: bytes = run_bounded(_decode, data, side, seconds=SECONDS, memory=MEMORY)
    return made


def _decode(data: bytes, side: int) -> bytes:
    # Pillow is loaded on the other side only.
    from kaja.media.decode import pictures

    return pictures.shrink(data, side)
