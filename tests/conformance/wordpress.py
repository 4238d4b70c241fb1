"""A site's articles as WordPress keeps them; tests/realnet holds the same connector against a real site."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kaja.networks.kit.content import Draft, Part
from kaja.networks.kit.facts import Facts
from kaja.networks.wordpress import CONNECTOR
from tests.conformance.description import Description, Invalid, World
from tests.conformance.server import Reply, Request

FACTS = Facts(
    "1",
    "alice",
    "Alice",
    url="https://blog.test",
    limits={"user_id": 1},
    permissions=("publish_posts", "upload_files", "edit_posts", "delete_posts", "manage_categories"),
)
OPTIONS = {"title": "A title"}


@asynccontextmanager
async def open_world() -> AsyncIterator[World]:
    posts: dict[str, dict[str, Any]] = {
        "7": {"id": 7, "author": 2, "status": "publish", "slug": "not-ours", "link": "https://blog.test/not-ours/"}
    }

    comments: list[dict[str, Any]] = []

    async def handle(request: Request) -> Reply:
        if not request.headers.get("authorization", "").startswith("Basic "):
            return Reply(401, {"code": "rest_not_logged_in", "message": "You are not logged in.", "data": {}})
        tail = request.path.rsplit("/", 1)[-1]
        if tail == "comments":
            if request.method == "GET":
                return Reply(200, [comment for comment in comments if str(comment["post"]) == request.query["post"]])
            body = request.json()
            made = {
                "id": 70 + len(comments),
                "post": body["post"],
                "link": f"https://blog.test/#comment-{70 + len(comments)}",
                "content": {"rendered": body["content"]["raw"]},
            }
            comments.insert(0, made)
            return Reply(201, made)
        if request.method == "GET" and tail == "posts":
            slug, status = request.query.get("slug"), request.query.get("status")
            return Reply(200, [post for post in posts.values() if (post["slug"], post["status"]) == (slug, status)])
        if request.method == "POST" and tail == "posts":
            tail = str(40 + len(posts))
            own = {"author": 1, "link": f"https://blog.test/?p={tail}"}
            posts[tail] = {"id": int(tail), "title": {}, "content": {}, **own}
        if tail not in posts:
            gone = {"code": "rest_post_invalid_id", "message": "Invalid post ID.", "data": {"status": 404}}
            return Reply(404, gone)
        if request.method == "DELETE":
            return Reply(200, {"deleted": True, "previous": posts.pop(tail)})
        if request.method == "POST":
            posts[tail] |= {name: value for name, value in request.json().items() if name in ("status", "slug")}
        return Reply(200, posts[tail])

    yield World(
        handle,
        FACTS,
        {"username": "alice", "password": "abcd EFGH ijkl MNOP qrst UVWX"},
        "https://blog.test/2026/11/not-ours/",
    )


def publishes(request: Request) -> bool:
    return request.method == "POST" and b'"status":"publish"' in request.body.replace(b" ", b"")


DESCRIPTION = Description(
    connector=CONNECTOR,
    open_world=open_world,
    facts=FACTS,
    publishes=publishes,
    refusal=Reply(
        400,
        {"code": "rest_invalid_param", "message": "Invalid parameter(s): slug", "data": {"params": {"slug": "No."}}},
    ),
    options=OPTIONS,
    invalid=(
        Invalid(Draft((Part(""),), options=OPTIONS), "parts.0.text", "empty"),
        Invalid(Draft((Part("a"),)), "options.title", "option_missing"),
        Invalid(Draft((Part("a"), Part("b")), options=OPTIONS), "parts.1.text", "no_threads"),
    ),
)
