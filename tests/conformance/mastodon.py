"""A small copy of Mastodon; tests/realnet holds the same connector against snac2."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from kaja.networks.kit.content import Media, Part
from kaja.networks.mastodon import CONNECTOR
from tests.conformance.description import Description, Invalid, World
from tests.conformance.server import Reply
from tests.networks.mastodon.server import FACTS, FOREIGN, TOKEN, MastodonServer


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    credentials = {"access_token": TOKEN, "scope": "read write"}
    yield World(MastodonServer().handle, FACTS, credentials, FOREIGN["url"])


PICTURE = Media("k", "image", "image/png", 1000, 10, 10, alt="A door")
VIDEO = Media("v", "video", "video/mp4", 1000, 10, 10, alt="A door opens")

BASE = Description(
    connector=CONNECTOR,
    open_world=open_world,
    facts=FACTS,
    publishes=lambda request: request.method == "POST" and request.path == "/api/v1/statuses",
    refusal=Reply(422, {"error": "Validation failed: Text character limit of 500 exceeded"}),
    invalid=(),
)
make = BASE.make_draft

DESCRIPTION = Description(
    connector=BASE.connector,
    open_world=BASE.open_world,
    facts=BASE.facts,
    publishes=BASE.publishes,
    refusal=BASE.refusal,
    invalid=(
        Invalid(make(""), "parts.0.text", "empty"),
        Invalid(make("x" * 501), "parts.0.text", "text_too_long"),
        Invalid(make("x" * 499, options={"spoiler_text": "CW"}), "parts.0.text", "text_too_long"),
        Invalid(make("", parts=(Part("a"), Part("x" * 501))), "parts.1.text", "text_too_long"),
        Invalid(make("a", first_comment="x" * 501), "first_comment", "text_too_long"),
        Invalid(make("", parts=(Part("a", (PICTURE,) * 5),)), "parts.0.media", "too_many_media"),
        Invalid(make("", parts=(Part("a", (PICTURE, VIDEO)),)), "parts.0.media", "video_not_alone"),
        Invalid(
            make("", parts=(Part("a", (Media("v", "video", "video/x-msvideo", 1, 1, 1, alt="x"),)),)),
            "parts.0.media.0",
            "media_type",
        ),
        Invalid(
            make("", parts=(Part("a", (Media("v", "video", "video/mp4", 200_000_000, 1, 1, alt="x"),)),)),
            "parts.0.media.0",
            "media_too_large",
        ),
        Invalid(
            make("", parts=(Part("a", (Media("k", "image", "image/png", 1, 1, 1, alt="x" * 1501),)),)),
            "parts.0.media.0.alt",
            "alt_too_long",
        ),
        Invalid(make("a", options={"visibility": "direct"}), "options.visibility", "choice_unknown"),
    ),
)
