"""Authors of whom nothing is to be kept any more, and nothing taken in again.

Who they are is kept only as a keyed digest: it tells their next item from anybody else's, and names nobody.
"""

from collections.abc import Collection, Sequence
from hmac import new as new_hmac
from typing import TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection

from kaja.channels.models import Channel
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.reading import Incoming, Reaction, shorten_ref
from kaja.reading.models import ForgottenAuthor, Item

T = TypeVar("T", Incoming, Reaction)


def digest_of(author_id: str) -> bytes:
    """32 bytes; others for each installation and workspace."""
    said = f"{entered_workspace_id()}\0{author_id}".encode("utf-8", "replace")
    return new_hmac(settings.SECRET_KEY.encode(), b"forgotten author\0" + said, "sha256").digest()


def forget_authors(network: str, author_ids: Collection[str]) -> int:
    """Delete what was read of them on every channel of the network, and take nothing of them in again. Gives the number
    of items. Inside the workspace's scope."""
    ids = sorted(set(author_ids))
    ForgottenAuthor.objects.bulk_create(
        [
            ForgottenAuthor(workspace_id=entered_workspace_id(), network=network, digest=digest_of(author_id))
            for author_id in ids
        ],
        ignore_conflicts=True,
    )
    rows = Item.objects.filter(channel__network=network, content__author__id__in=ids)
    return rows.delete()[0]


def drop_forgotten(channel_id: UUID, items: Sequence[T]) -> Sequence[T]:
    """Without what forgotten authors wrote or did. One statement; what the account itself wrote is never dropped."""
    # By the name under which they are kept.
    digests = {item.author.id: digest_of(shorten_ref(item.author.id)) for item in items if not item.author.is_us}
    if not digests:
        return items
    network = Channel.objects.filter(id=channel_id).values("network")
    known = ForgottenAuthor.objects.filter(network__in=network, digest__one_of=sorted(set(digests.values())))
    gone = {bytes(digest) for digest in known.values_list("digest", flat=True)}
    return [item for item in items if item.author.is_us or digests[item.author.id] not in gone]


def forget_words(channel_id: UUID, remote_ids: Collection[str]) -> None:
    """Keep of these items that they were there, and nothing of what they said. Inside the workspace's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE reading_item SET content = content || %s WHERE channel_id = %s AND remote_id = ANY(%s)",
            ['{"text": "", "media": [], "data": {}, "more": {}, "state": "deleted"}', channel_id, list(remote_ids)],
        )


def delete_items(channel_id: UUID, remote_ids: Collection[str]) -> None:
    """Keep nothing of these items. Inside the workspace's scope."""
    Item.objects.filter(channel_id=channel_id, remote_id__in=list(remote_ids)).delete()
