"""One record of every kind that the connector can make, without a network."""

from datetime import UTC, datetime
from typing import Any

from kaja.networks.bluesky.records import render_post
from kaja.networks.kit.content import LinkCard, Media, Outgoing
from kaja.networks.kit.results import RemoteRef

CID = "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"
IMAGE_CID = "bafkreibme22gw2h7y2h7tg2fhqotaqjucnbc24deqo72b6mkl2egezxhvy"
DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
PARENT = RemoteRef(f"at://{DID}/app.bsky.feed.post/3kw4uzq2nrc2k", data={"cid": CID})


def make_blob(mime: str) -> dict[str, Any]:
    return {"$type": "blob", "ref": {"$link": IMAGE_CID}, "mimeType": mime, "size": 5000}


def list_records() -> list[dict[str, Any]]:
    """Plain, rich, pictures, video, card with and without thumb, reply, labelled, and the longest text."""

    def make(text: str = "", prepared: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        outgoing = Outgoing("post", "0" * 32, datetime(2026, 11, 22, 6, 0, 0, 123456, UTC), text, **fields)
        return render_post(outgoing, prepared or {})

    picture = Media("k", "image", "image/png", 5000, 64, 48, alt="A door")
    video = Media("v", "video", "video/mp4", 90_000, 640, 360, alt="A door opens", duration=3.0)
    image_blob = {"blob": make_blob("image/jpeg"), "width": 64, "height": 48}
    card = LinkCard("https://example.org/", "Title", "Description", picture)
    return [
        make("plain"),
        make("@a.test https://example.org/ é #tag", {"dids": {"a.test": DID}}, language="zh-Hant"),
        make("four", {"blobs": [image_blob] * 4}, media=(picture,) * 4),
        make("", {"blobs": [{"blob": make_blob("video/mp4"), "width": 640, "height": 360}]}, media=(video,)),
        make("unknown size", {"blobs": [{**image_blob, "width": 0, "height": 0}]}, media=(picture,)),
        make("card", {"thumb": make_blob("image/png")}, link_card=card),
        make("bare card", link_card=LinkCard("https://example.org/")),
        make("reply", root=PARENT, reply_to=PARENT),
        make("labelled", {"blobs": [image_blob]}, media=(picture,), options={"content_label": "nudity"}),
        make("👨‍👩‍👧‍👦" * 120),
    ]
