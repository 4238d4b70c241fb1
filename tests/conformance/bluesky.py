"""A repository of posts as a PDS keeps it; tests/realnet holds the same connector against the real one."""

import base64
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kaja.networks.bluesky import CONNECTOR
from kaja.networks.kit.content import LinkCard, Media, Part
from kaja.networks.kit.facts import Facts
from tests.conformance.description import Description, Invalid, World
from tests.conformance.server import Reply, Request

DID = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"
CID = "bafyreie5cvv4h45feadgeuwhbcutmh6t2ceseocckahdoe6uat64zmz454"
FACTS = Facts(DID, "alice.test", "Alice", limits={"blob_bytes": 50_000_000})


def make_token(kind: str) -> str:
    """A JWT in form; the copy of the server does not look at its signature."""
    claims = {"scope": kind, "exp": int(time.time()) + 7200}
    return f"eyJhbGciOiJIUzI1NiJ9.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.c2lnbmF0dXJl"


def refuse(name: str, message: str, status: int = 400) -> Reply:
    """An error as XRPC writes it (https://atproto.com/specs/xrpc, read 2026-11-22)."""
    return Reply(status, {"error": name, "message": message})


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    records: dict[str, Any] = {}

    async def handle(request: Request) -> Reply:
        if not request.headers.get("authorization", "").startswith("Bearer eyJ"):
            return refuse("AuthMissing", "Authentication Required", 401)
        place = {**request.query, **(request.json() or {})} if request.method == "POST" else dict(request.query)
        uri = f"at://{place.get('repo')}/{place.get('collection')}/{place.get('rkey')}"
        match request.path.rsplit(".", 1)[-1]:
            case "createRecord" if uri in records:
                return refuse("InternalServerError", "Internal Server Error", 500)  # as npm @atproto/pds 0.5.35 does
            case "createRecord":
                records[uri] = place["record"]
                return Reply(200, {"uri": uri, "cid": CID})
            case "getRecord" if uri in records:
                return Reply(200, {"uri": uri, "cid": CID, "value": records[uri]})
            case "getRecord":
                return refuse("RecordNotFound", f"Could not locate record: {uri}")
            case "deleteRecord":
                records.pop(uri, None)
                return Reply(200, {})
            # Nobody says anything here; tests/realnet has an audience.
            case "listNotifications":
                return Reply(200, {"notifications": []})
            case "listRecords":
                listed = [{"uri": name, "cid": CID, "value": value} for name, value in records.items()]
                return Reply(200, {"records": listed[::-1]})
        return refuse("MethodNotImplemented", "Method Not Implemented", 501)

    tokens = {"access": make_token("com.atproto.appPass"), "refresh": make_token("com.atproto.refresh")}
    credentials = {"identifier": "alice.test", "did": DID, "password": "abcd-efgh-ijkl-mnop", **tokens}
    foreign = "https://bsky.app/profile/did:plc:z72i7hdynmk6r22z27h6tvur/post/3l6oveex3ii2l"
    yield World(handle, FACTS, credentials, foreign)


PICTURE = Media("k", "image", "image/png", 1000, 10, 10, alt="A door")
VIDEO = Media("v", "video", "video/mp4", 1000, 10, 10, alt="A door opens")

DESCRIPTION = Description(
    connector=CONNECTOR,
    open_world=open_world,
    facts=FACTS,
    publishes=lambda request: request.path.endswith("createRecord"),
    refusal=refuse("InvalidRequest", "Invalid app.bsky.feed.post record: grapheme too big at $.record.text"),
    invalid=(),
)


def _invalid() -> tuple[Invalid, ...]:
    make = DESCRIPTION.make_draft
    return (
        Invalid(make(""), "parts.0.text", "empty"),
        Invalid(make("x" * 301), "parts.0.text", "text_too_long"),
        Invalid(make("👨‍👩‍👧‍👦" * 121), "parts.0.text", "text_too_many_bytes"),
        Invalid(make("", parts=(Part("a"), Part("x" * 301))), "parts.1.text", "text_too_long"),
        Invalid(make("a", first_comment="x" * 301), "first_comment", "text_too_long"),
        Invalid(make("", parts=(Part("a", (PICTURE,) * 5),)), "parts.0.media", "too_many_media"),
        Invalid(make("", parts=(Part("a", (PICTURE, VIDEO)),)), "parts.0.media", "video_not_alone"),
        Invalid(
            make("", parts=(Part("a", (Media("v", "video", "video/webm", 1, 1, 1, alt="x"),)),)),
            "parts.0.media.0",
            "media_type",
        ),
        Invalid(
            make("", parts=(Part("a", (Media("v", "video", "video/mp4", 60_000_000, 1, 1, alt="x"),)),)),
            "parts.0.media.0",
            "media_too_large",
        ),
        Invalid(make("a", link_card=LinkCard("javascript:alert(1)")), "link_card.url", "link_invalid"),
        Invalid(make("a", language="not a language"), "language", "language_invalid"),
        Invalid(make("a", options={"content_label": "boring"}), "options.content_label", "choice_unknown"),
    )


DESCRIPTION = Description(**{**DESCRIPTION.__dict__, "invalid": _invalid()})
