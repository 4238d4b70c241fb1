"""A small copy of Mastodon 4.5 with what snac2 lacks: idempotency keys, asynchronous media, deletion, rate headers.

It behaves as https://docs.joinmastodon.org/ says (read 2026-11-22); every request that it gets is kept, so that the
documented contract can judge it. Behaviour that snac2 has is tested on the real server in tests/realnet.
"""

import base64
import hashlib
import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from kaja.networks.kit.facts import Facts
from kaja.networks.mastodon.limits import Limits, render_limits
from tests.conformance.server import Reply, Request

TOKEN = "ZA-Yj3aBD8U8Cm7lKUp-lm9O9BmDgdhHzDeqsY8tlL0"  # the documentation's example
ACCOUNT = {
    "id": "14715",
    "username": "trwnh",
    "acct": "trwnh",
    "display_name": "infinite love",
    "url": "https://mastodon.example/@trwnh",
    "avatar_static": "https://files.mastodon.example/avatar.png",
}
INSTANCE = {
    "domain": "mastodon.example",
    "version": "4.5.1",
    "configuration": {
        "statuses": {"max_characters": 500, "max_media_attachments": 4, "characters_reserved_per_url": 23},
        "media_attachments": {
            "description_limit": 1500,
            "image_matrix_limit": 33177600,
            "image_size_limit": 16777216,
            "video_frame_rate_limit": 120,
            "video_matrix_limit": 8294400,
            "video_size_limit": 103809024,
            "supported_mime_types": ["image/jpeg", "image/png", "image/gif", "image/webp", "video/webm", "video/mp4"],
        },
    },
    "api_versions": {"mastodon": 7},
}
LIMITS = Limits(
    supported_mime_types=("image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"), software="mastodon"
)
FACTS = Facts(
    "14715",
    "@trwnh@mastodon.example",
    "infinite love",
    url="https://mastodon.example/@trwnh",
    limits=render_limits(LIMITS),
)
FOREIGN: dict[str, Any] = {
    "id": "109000000000000001",
    "url": "https://mastodon.example/@gargron/109000000000000001",
    "account": {"id": "1"},
}


@dataclass
class MastodonServer:
    """State and behaviour; `handle` answers one request."""

    statuses: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    honours_keys: bool = True
    media_polls: int = 0
    """How often a file answers 206 before it is ready; more than zero makes uploads answer 202."""
    challenge: str = ""
    application: str = "Kaja"
    """The name under which the application of the next status was registered."""
    missing: set[str] = field(default_factory=set)
    """Statuses that nobody may answer: deleted, or their author blocks the account."""
    favourites: set[str] = field(default_factory=set)
    boosted: set[str] = field(default_factory=set)
    blocked: set[str] = field(default_factory=set)
    next_id: int = 109_876_543_210_000_000

    async def handle(self, request: Request) -> Reply:
        self.requests.append(request)
        reply = self._answer(request)
        now = datetime.now(UTC)
        headers = {
            "X-RateLimit-Limit": "30" if request.path.endswith("/media") or request.method == "DELETE" else "300",
            "X-RateLimit-Remaining": str(300 - len(self.requests)),
            "X-RateLimit-Reset": (now + timedelta(minutes=5)).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "Date": now.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        }
        return Reply(reply.status, reply.body, headers)

    def _answer(self, request: Request) -> Reply:
        open_paths = {
            "/api/v2/instance": INSTANCE,
            "/.well-known/oauth-authorization-server": {"code_challenge_methods_supported": ["S256"]},
        }
        if request.path in open_paths:
            return Reply(200, open_paths[request.path])
        if request.path == "/.well-known/nodeinfo":
            address = f"http://{request.headers['host']}/nodeinfo/2.0"
            return Reply(200, {"links": [{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": address}]})
        if request.path == "/nodeinfo/2.0":
            return Reply(200, {"version": "2.0", "software": {"name": "mastodon", "version": "4.5.1"}})
        if request.path == "/api/v1/apps":
            return Reply(200, {"id": "563419", "client_id": "client-id-1", "client_secret": "client-secret-1"})
        if request.path == "/oauth/token":
            return self._exchange(request.json())
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply(401, {"error": "The access token is invalid"})
        if request.path == "/api/v1/accounts/verify_credentials":
            return Reply(200, ACCOUNT)
        if request.path == "/api/v1/notifications":
            return Reply(200, [])  # nobody says anything here; tests/realnet has an audience
        if request.path == "/api/v1/accounts/14715/statuses":
            return self._list(request)
        if request.path in ("/api/v1/media", "/api/v2/media") or request.path.startswith("/api/v1/media/"):
            return self._media(request)
        if request.method == "POST" and (told := self._act(request.path.split("/")[3:])) is not None:
            return told
        return self._status(request)

    def _act(self, path: list[str]) -> Reply | None:
        """Likes, boosts and blocks; what is so already is answered in the same way."""
        kept = {
            ("statuses", "favourite"): (self.favourites, True), ("statuses", "unfavourite"): (self.favourites, False),
            ("statuses", "reblog"): (self.boosted, True), ("statuses", "unreblog"): (self.boosted, False),
            ("accounts", "block"): (self.blocked, True), ("accounts", "unblock"): (self.blocked, False),
        }.get((path[0], path[-1]))  # fmt: skip
        if kept is None or len(path) != 3:
            return None
        what, there = kept
        (what.add if there else what.discard)(path[1])
        return Reply(200, {"id": path[1]})

    def _exchange(self, body: dict[str, str]) -> Reply:
        if body["code"] != "good-code":
            return Reply(400, {"error": "invalid_grant", "error_description": "The provided grant is invalid."})
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        if self.challenge != base64.urlsafe_b64encode(digest).decode().rstrip("="):
            return Reply(400, {"error": "invalid_grant", "error_description": "The code verifier does not fit."})
        scope = "read:accounts read:statuses write:media write:statuses"
        return Reply(200, {"access_token": TOKEN, "token_type": "Bearer", "scope": scope, "created_at": 1573979017})

    def _list(self, request: Request) -> Reply:
        below = request.query.get("max_id")
        listed = [s for s in reversed(self.statuses) if below is None or int(s["id"]) < int(below)]
        return Reply(200, listed[: int(request.query.get("limit", "20"))])

    def _media(self, request: Request) -> Reply:
        if request.method == "POST":
            fields = re.findall(rb'name="description"\r\n\r\n(.*?)\r\n--', request.body, re.DOTALL)
            entry: dict[str, Any] = {
                "id": self._new_id(),
                "type": "image",
                "url": None if self.media_polls else "https://files.mastodon.example/1.png",
                "description": fields[0].decode() if fields else None,
                "polls": self.media_polls,
            }
            self.media[entry["id"]] = entry
            return Reply(202 if self.media_polls else 200, entry)
        found = self.media.get(request.path.rsplit("/", 1)[-1])
        if found is None:
            return Reply(404, {"error": "Record not found"})
        if found["polls"]:
            found["polls"] -= 1
            return Reply(206, found)
        found["url"] = "https://files.mastodon.example/1.png"
        return Reply(200, found)

    def _status(self, request: Request) -> Reply:
        if request.method == "POST":
            key = request.headers.get("idempotency-key", "")
            if key in self.keys and self.honours_keys:
                return Reply(200, self.keys[key])
            if request.json().get("in_reply_to_id") in self.missing:
                return Reply(404, {"error": "Record not found"})
            made = self._make(request.json(), self._new_id())
            if made is None:
                return Reply(422, {"error": "Validation failed: Text can't be blank"})
            self.statuses.append(made)
            self.keys[key] = made
            return Reply(200, made)
        found = [s for s in [*self.statuses, FOREIGN] if s["id"] == request.path.rsplit("/", 1)[-1]]
        if not found:
            return Reply(404, {"error": "Record not found"})
        if request.method == "DELETE":
            self.statuses.remove(found[0])
        elif request.method == "PUT":
            body = request.json()
            for item in body.get("media_attributes", []):
                self.media[item["id"]]["description"] = item["description"]
            found[0].update(self._make(body, found[0]["id"]) or {}, created_at=found[0]["created_at"])
        return Reply(200, found[0])

    def _make(self, body: dict[str, Any], number: str) -> dict[str, Any] | None:
        text = body.get("status", "")
        if not text and not body.get("media_ids"):
            return None
        # As Mastodon renders: a mention loses its host, a link is shown in three pieces.
        shown = re.sub(r"@(\w+)@[\w.]+", r"@\1", html.escape(text, quote=False))
        shown = re.sub(r"(https?://)(\S+)", r'<a href="\1\2"><span class="invisible">\1</span>\2</a>', shown)
        return {
            "id": number,
            "created_at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "url": f"https://mastodon.example/@trwnh/{number}",
            "uri": f"https://mastodon.example/users/trwnh/statuses/{number}",
            "account": {"id": "14715"},
            "content": f"<p>{shown.replace(chr(10), '<br />')}</p>",
            "visibility": body.get("visibility", "public"),
            "spoiler_text": body.get("spoiler_text", ""),
            "language": body.get("language"),
            "in_reply_to_id": body.get("in_reply_to_id"),
            "media_attachments": [dict(self.media[item]) for item in body.get("media_ids", [])],
            "reblog": None,
            "application": {"name": self.application, "website": None},
        }

    def _new_id(self) -> str:
        self.next_id += 65_536
        return str(self.next_id)
