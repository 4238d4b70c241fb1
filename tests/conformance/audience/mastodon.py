"""Notifications and threads as https://docs.joinmastodon.org/ describes them (read 2026-11-30)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.conformance.audience import Copy
from tests.conformance.server import Reply, Request
from tests.networks.mastodon.server import ACCOUNT, FACTS, TOKEN

MARI = {"id": "7", "username": "mari", "acct": "mari@else.example", "display_name": "Mari", "url": "", "avatar": ""}


class MastodonAudience(Copy):
    stream = "notifications"
    page = 40
    facts = FACTS
    credentials = {"access_token": TOKEN, "scope": "read write"}

    def __init__(self) -> None:
        super().__init__()
        self.signs: list[dict[str, Any]] = []
        self.root = {"id": self.post, "account": ACCOUNT, "created_at": self.tick().isoformat(), "in_reply_to_id": None}

    async def comment(self, text: str, below: str = "") -> str:
        name = str(1000 + len(self.things) + len(self.signs))
        self.things[name] = {
            "id": name, "account": MARI, "created_at": self.tick().isoformat(), "edited_at": None, "language": "en",
            "content": f"<p>{text}</p>", "spoiler_text": "", "visibility": "public", "media_attachments": [],
            "url": f"https://else.example/@mari/{name}", "in_reply_to_id": below or self.post,
            "in_reply_to_account_id": MARI["id"] if below else ACCOUNT["id"],
        }  # fmt: skip
        return name

    async def react(self, kind: str, name: str) -> None:
        account = {
            "id": f"9{len(name)}", "username": name, "acct": f"{name}@else.example", "display_name": name.title(),
            "url": f"https://else.example/@{name}", "avatar": "",
        }  # fmt: skip
        words = {"like": "favourite", "repost": "reblog", "follow": "follow", "quote": "quote"}
        number, made = str(1000 + len(self.things) + len(self.signs)), self.tick().isoformat()
        status: dict[str, Any] | None = None if kind == "follow" else self.root
        if kind == "quote":
            status = {**self.root, "id": f"7{number}", "account": account, "created_at": made,
                      "url": f"https://else.example/@{name}/{number}", "content": "<p>Look</p>",
                      "quote": {"state": "accepted", "quoted_status": self.root}}  # fmt: skip
        self.signs.append(
            {"id": number, "type": words[kind], "created_at": made, "account": account}
            | ({"status": status} if status else {})
        )

    async def edit(self, name: str, text: str) -> None:
        self.things[name] |= {"content": f"<p>{text}</p>", "edited_at": self.tick().isoformat()}

    def show(self, status: dict[str, Any]) -> dict[str, Any]:
        return {**status, "created_at": None} if status["id"] in self.spoilt else status

    def find_above(self, status: dict[str, Any]) -> list[dict[str, Any]]:
        parent = status["in_reply_to_id"]
        found = self.root if parent == self.post else self.things.get(str(parent))
        return [*self.find_above(found), found] if found else []

    def answer(self, request: Request) -> Reply:
        parts = request.path.removeprefix("/api/v1/").split("/")
        if parts[0] == "notifications":
            below = int(request.query.get("max_id", "9" * 9))
            said = [
                {
                    "id": each["id"], "type": "mention", "created_at": each["created_at"],
                    "account": each["account"], "status": self.show(each),
                }
                for each in self.things.values()
            ]  # fmt: skip
            both = sorted((*said, *self.signs), key=lambda each: int(each["id"]), reverse=True)
            types = parse_qs(urlsplit(request.target).query)["types[]"]
            listed = [each for each in both if int(each["id"]) < below and each["type"] in types]
            return Reply(200, listed[: int(request.query["limit"])])
        if parts[0] == "accounts":
            return Reply(200, [])
        status = self.root if parts[1] == self.post else self.things.get(parts[1])
        if status is None:
            return Reply(404, {"error": "Record not found"})
        if parts[2:] != ["context"]:
            return Reply(200, self.show(status))
        below_it = [self.show(each) for each in self.things.values() if status in self.find_above(each)]
        return Reply(200, {"ancestors": self.find_above(status), "descendants": below_it})


@asynccontextmanager
async def open_audience() -> AsyncIterator[MastodonAudience]:
    yield MastodonAudience()
