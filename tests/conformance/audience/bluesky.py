"""Notifications and threads as the AppView shows them (npm @atproto/bsky 0.0.280)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.conformance.audience import Copy
from tests.conformance.bluesky import CID, DID, FACTS, make_token
from tests.conformance.server import Reply, Request

MARI = {"did": "did:plc:z72i7hdynmk6r22z27h6tvur", "handle": "mari.test", "displayName": "Mari"}


class BlueskyAudience(Copy):
    stream = "notifications"
    facts = FACTS
    credentials = {
        "identifier": "alice.test", "did": DID, "password": "abcd-efgh-ijkl-mnop",
        "access": make_token("com.atproto.appPass"), "refresh": make_token("com.atproto.refresh"),
    }  # fmt: skip
    post = f"at://{DID}/app.bsky.feed.post/3lroot"

    async def comment(self, text: str, below: str = "") -> str:
        uri = f"at://{MARI['did']}/app.bsky.feed.post/3l{len(self.things):06}"
        made = self.tick().isoformat()
        reply = {"root": {"uri": self.post, "cid": CID}, "parent": {"uri": below or self.post, "cid": CID}}
        record = {"text": text, "createdAt": made, "langs": ["en"], "reply": reply}
        self.things[uri] = {"uri": uri, "cid": CID, "author": MARI, "record": record, "indexedAt": made}
        return uri

    def __init__(self) -> None:
        super().__init__()
        self.signs: list[dict[str, Any]] = []

    async def react(self, kind: str, name: str) -> None:
        did, made = f"did:plc:{name:a<24}", self.tick().isoformat()
        place = {"like": "feed.like", "repost": "feed.repost", "follow": "graph.follow", "quote": "feed.post"}[kind]
        record: dict[str, Any] = {"$type": f"app.bsky.{place}", "createdAt": made}
        record |= {"subject": DID if kind == "follow" else {"uri": self.post, "cid": CID}} if kind != "quote" else {
            "text": "Look", "embed": {"$type": "app.bsky.embed.record", "record": {"uri": self.post, "cid": CID}}
        }  # fmt: skip
        self.signs.append(
            {
                "uri": f"at://{did}/app.bsky.{place}/3l{len(self.signs):06}", "cid": CID, "reason": kind,
                "author": {"did": did, "handle": f"{name}.test", "displayName": name.title()},
                "record": record, "indexedAt": made, "isRead": False,
                **({} if kind == "follow" else {"reasonSubject": self.post}),
            }
        )  # fmt: skip

    async def edit(self, name: str, text: str) -> None:
        self.things[name]["record"] = {**self.things[name]["record"], "text": text}

    def show(self, view: dict[str, Any]) -> dict[str, Any]:
        return {**view, "record": None} if view["uri"] in self.spoilt else view

    def show_thread(self, uri: str, *, above: bool, below: bool) -> dict[str, Any]:
        view: dict[str, Any] = self.things.get(uri) or {"uri": uri, "cid": CID, "author": {"did": DID}, "record": {}}
        node: dict[str, Any] = {"post": self.show(view)}
        parent = view["record"].get("reply", {}).get("parent", {}).get("uri")
        if above and parent:
            known = parent in self.things or parent == self.post
            node["parent"] = self.show_thread(parent, above=True, below=False) if known else {"uri": parent}
        if below:
            answers = [each for each, it in self.things.items() if it["record"]["reply"]["parent"]["uri"] == uri]
            node["replies"] = [self.show_thread(each, above=False, below=True) for each in answers]
        return node

    def answer(self, request: Request) -> Reply:
        query = request.query
        match request.path.rsplit(".", 1)[-1]:
            case "listNotifications":
                said = [{**self.show(it), "reason": "reply", "isRead": False} for it in self.things.values()]
                listed = sorted((*said, *self.signs), key=lambda it: str(it["indexedAt"]), reverse=True)
                wanted = parse_qs(urlsplit(request.target).query)["reasons"]
                listed = [it for it in listed if it["reason"] in wanted]
                start = next((place for place, it in enumerate(listed, 1) if it["uri"] == query.get("cursor")), 0)
                page = listed[start : start + int(query["limit"])]
                cursor = {"cursor": page[-1]["uri"]} if len(listed) > start + len(page) else {}
                return Reply(200, {"notifications": page, **cursor})
            case "listRecords":
                return Reply(200, {"records": []})
            case "getPosts":
                wanted = parse_qs(urlsplit(request.target).query)["uris"]
                return Reply(200, {"posts": [self.show(self.things[uri]) for uri in wanted if uri in self.things]})
            case "getPostThread":
                if query["uri"] not in self.things and query["uri"] != self.post:
                    return Reply(400, {"error": "NotFound", "message": "Post not found"})
                how = {"above": query["parentHeight"] != "0", "below": query["depth"] != "0"}
                return Reply(200, {"thread": self.show_thread(query["uri"], **how)})
        return Reply(501, {"error": "MethodNotImplemented", "message": "Method Not Implemented"})


@asynccontextmanager
async def open_audience() -> AsyncIterator[BlueskyAudience]:
    yield BlueskyAudience()
