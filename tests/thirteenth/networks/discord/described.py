"""A small copy of Discord for the conformance suite; answers as its contract describes them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from kaja.networks.discord import CONNECTOR
from tests.conformance.description import Description, Invalid, World
from tests.conformance.server import Reply, Request

from kaja.networks.kit.content import Media, Part
from kaja.networks.kit.facts import Facts

GUILD, PLACE, BOT = "1180200000000000001", "1180200000000000002", "1180200000000000003"
TOKEN = "MTE4MDIwMDAwMDAwMDAwMDAwMw.GbotTo.kenOfThisBot_0123456789abcdef"
URL = f"https://discord.com/channels/{GUILD}/{PLACE}"
FACTS = Facts(PLACE, "#news", "Kohvik", URL, limits={"user_id": BOT})
CONTRACT = "discord/specs/openapi.json"
UNKNOWN = Reply(404, {"message": "Unknown Message", "code": 10008})


class Copy:
    """Messages of one channel, with a nonce that is enforced."""

    def __init__(self) -> None:
        self.messages: dict[str, dict[str, Any]] = {}
        self.nonces: dict[str, str] = {}
        self.requests: list[Request] = []
        self.foreign = self.add("Not ours", "1180200000000000009")["id"]

    def add(self, content: str, author: str = BOT, **more: Any) -> dict[str, Any]:
        number = str(1190000000000000000 + len(self.messages))
        now = datetime.now(UTC).isoformat()
        user = {"id": author, "username": "kohvik"}
        message = {"id": number, "channel_id": PLACE, "content": content, "timestamp": now, "author": user, **more}
        self.messages[number] = message
        return message

    async def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        if request.headers.get("authorization") != f"Bot {TOKEN}":
            return Reply(401, {"message": "401: Unauthorized", "code": 0})
        match (request.method, *request.path.strip("/").split("/")):
            case ("GET", "users", "@me"):
                return Reply(200, {"id": BOT, "username": "kohvik"})
            case ("GET", "channels", _):
                return Reply(200, {"id": PLACE, "type": 0, "name": "news", "guild_id": GUILD})
            case ("POST", "channels", _, "messages"):
                return self.create(request)
            case ("GET", "channels", _, "messages"):
                listed = [each for each in self.messages.values() if each["id"] < request.query.get("before", "2")]
                return Reply(200, listed[::-1][: int(request.query["limit"])])
            case (method, "channels", _, "messages", number):
                return self.one(method, number, request)
        return Reply(404, {"message": "404: Not Found", "code": 0})

    def create(self, request: Request) -> Reply:
        if "multipart" in request.headers["content-type"]:
            body = json.loads(request.body.split(b'name="payload_json"\r\n\r\n')[1].split(b"\r\n--")[0])
        else:
            body = request.json()
        known = self.nonces.get(body["nonce"])
        if known in self.messages:
            return Reply(200, self.messages[str(known)])
        more = {name: body[name] for name in ("message_reference", "attachments") if name in body}
        message = self.add(body["content"], **more)
        self.nonces[body["nonce"]] = message["id"]
        return Reply(200, message)

    def one(self, method: str, number: str, request: Request) -> Reply:
        if number not in self.messages:
            return UNKNOWN
        if method == "DELETE":
            del self.messages[number]
            return Reply(204, b"")
        if method == "PATCH":
            self.messages[number] |= request.json()
        return Reply(200, self.messages[number])


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    copy = Copy()
    yield World(copy.handle, FACTS, {"token": TOKEN, "channel": PLACE}, f"{URL}/{copy.foreign}")


FILM = Media("v", "video", "video/mp4", 60_000_000, 10, 10, alt="A door opens")


def describe() -> Description:
    basis = Description(
        connector=CONNECTOR,
        open_world=open_world,
        facts=FACTS,
        publishes=lambda request: request.method == "POST" and request.path.endswith("/messages"),
        refusal=Reply(400, {"message": "Invalid Form Body", "code": 50035}),
        invalid=(),
    )
    make = basis.make_draft
    invalid = (
        Invalid(make(""), "parts.0.text", "empty"),
        Invalid(make("x" * 2001), "parts.0.text", "text_too_long"),
        Invalid(make("a", first_comment="x" * 2001), "first_comment", "text_too_long"),
        Invalid(make("", parts=(Part("a", (FILM,)),)), "parts.0.media.0", "media_too_large"),
    )
    return Description(**{**basis.__dict__, "invalid": invalid})


DESCRIPTION = describe()
