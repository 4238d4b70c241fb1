"""Links for networks that fetch files by themselves: `/files/<token>.<ending>`.

A token is sealed with a key that is derived from the installation's key ring: it says to nobody but us which file of
which workspace is meant, in which form (as it is stored, cut, fitted to a network's rules), and until when. The newest
key seals, all keys of the ring open; a key that leaves the ring takes its links with it. Nothing is stored: what stops
a link before its end is that the file is gone, or is another one.
"""

import base64
import binascii
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings

from kaja.channels.vault import get_vault
from kaja.kernel.clock import now
from kaja.kernel.connections import release_connections
from kaja.kernel.vault import Vault, VaultError
from kaja.media.crop import Crop
from kaja.media.models import Asset
from kaja.media.renditions import ENDINGS, ensure_rendition, parse_crop, parse_rules, render_crop, render_rules
from kaja.media.store import StoreAway, open_media_store, open_rendition_store
from kaja.media.stored import refuse_away_files
from kaja.networks.kit.egress import NotSent
from kaja.networks.kit.image_rules import ImageRules
from kaja.reach.judging import State
from kaja.reach.queries import get_reach, is_out_of_reach

PATH = "/files/"
LONGEST = timedelta(days=7)
BOUND_TO = "media.link"
_HEAD = struct.Struct(">16s16s8sQ")
"""Workspace, file, the beginning of its digest, the end in seconds."""


@dataclass(frozen=True)
class Link:
    """What a token says. `file` is the beginning of the digest of the asset's bytes."""

    workspace: UUID
    asset: UUID
    file: bytes
    expires: int
    crop: Crop | None = None
    rules: ImageRules | None = None
    mime: str = ""


def _vault() -> Vault:
    return get_vault().derive(BOUND_TO)


def seal_link(link: Link) -> str:
    """The token."""
    form = {
        "c": render_crop(link.crop) if link.crop else "",
        "r": render_rules(link.rules) if link.rules else "",
        "m": link.mime,
    }
    head = _HEAD.pack(link.workspace.bytes, link.asset.bytes, link.file, link.expires)
    text = json.dumps({name: value for name, value in form.items() if value}) if any(form.values()) else ""
    sealed = _vault().seal(head + text.encode(), bound_to=BOUND_TO)
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def open_link(token: str) -> Link | None:
    """What a token says; None for one that is over, or that this installation did not make. No table is asked."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        if base64.urlsafe_b64encode(sealed).rstrip(b"=").decode() != token:
            return None  # another spelling of the same bytes
        opened = _vault().open(sealed, bound_to=BOUND_TO)
        workspace, asset, file, expires = _HEAD.unpack(opened[: _HEAD.size])
        form = json.loads(opened[_HEAD.size :] or b"{}")
        if expires <= now().timestamp():
            return None
        return Link(
            UUID(bytes=workspace),
            UUID(bytes=asset),
            file,
            expires,
            parse_crop(form["c"]) if "c" in form else None,
            parse_rules(form["r"]) if "r" in form else None,
            form.get("m", ""),
        )
    except (VaultError, binascii.Error, ValueError, struct.error):
        return None


def digest_of(asset: Asset) -> bytes:
    """What binds a link to the very bytes: another file under the same id is another file."""
    return bytes.fromhex(asset.sha256[:16].ljust(16, "0"))


def publisher_of(asset: Asset, crop: Crop | None) -> Callable[[timedelta, ImageRules | None], str | None]:
    """What makes links to one use of a file (`Media.public_url`)."""

    def publish(expires: timedelta, rules: ImageRules | None) -> str | None:
        try:
            return make_link(asset, crop, expires, rules if asset.kind == "image" else None)
        except StoreAway as error:
            raise NotSent(refuse_away_files(error).problems[0]) from error
        finally:
            release_connections()  # this thread was borrowed for it

    return publish


def make_link(asset: Asset, crop: Crop | None, expires: timedelta, rules: ImageRules | None = None) -> str | None:
    """An address of the file for so long (seven days at most), made ready now; None when nobody could fetch it.

    Of the bucket itself where everybody finds that, else ours. Raises UploadRefused, NotFound, StoreAway, ImageRefused.
    """
    expires = min(max(expires, timedelta(seconds=1)), LONGEST)
    in_bucket = open_media_store().is_public()
    if not in_bucket and (is_out_of_reach() or get_reach().state == State.NO):
        return None
    release_connections()  # what follows may wait for pictures and stores
    as_it_is = crop is None and rules is None
    name = asset.file if as_it_is else ensure_rendition(asset, crop, rules)
    store = open_media_store() if as_it_is else open_rendition_store()
    if in_bucket:
        return store.public_url(name, expires)
    ending = name.rpartition(".")[2]
    mime = next((mime for mime, known in ENDINGS.items() if known == ending), "") if rules else ""
    end = int((now() + expires).timestamp())
    token = seal_link(Link(asset.workspace_id, asset.id, digest_of(asset), end, crop, rules, mime))
    return f"{settings.BASE_URL}{PATH}{token}.{ending}"
