"""Comments as WordPress 6.8 lists them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kaja.networks.kit.facts import Facts
from tests.conformance.audience import Copy
from tests.conformance.server import Reply, Request


class WordPressAudience(Copy):
    stream = "comments"
    facts = Facts(
        "blog.test#1", "blog.test", "Blog", limits={"user_id": 1}, permissions=("publish_posts", "moderate_comments")
    )
    credentials = {"username": "alice", "password": "abcd EFGH ijkl MNOP qrst UVWX"}

    async def comment(self, text: str, below: str = "") -> str:
        name = str(10 + len(self.things))
        self.things[name] = {
            "id": int(name), "post": 1, "parent": int(below or 0), "author": 0, "author_name": "Mari",
            "author_url": "", "date_gmt": self.tick().isoformat().removesuffix("+00:00"), "status": "approved",
            "type": "comment", "content": {"rendered": f"<p>{text}</p>"}, "meta": [],
            "link": f"https://blog.test/one/#comment-{name}",
        }  # fmt: skip
        return name

    async def edit(self, name: str, text: str) -> None:
        self.things[name]["content"] = {"rendered": f"<p>{text}</p>"}

    def show(self, comment: dict[str, Any]) -> dict[str, Any]:
        return {**comment, "post": None, "parent": None} if str(comment["id"]) in self.spoilt else comment

    def answer(self, request: Request) -> Reply:
        tail, query = request.path.rsplit("/", 1)[-1], request.query
        if tail != "comments":
            found = self.things.get(tail)
            gone = {"code": "rest_comment_invalid_id", "message": "Invalid comment ID.", "data": {"status": 404}}
            return Reply(200, self.show(found)) if found else Reply(404, gone)
        wanted = query.get("include", "").split(",") if "include" in query else list(self.things)
        listed = [each for each in self.newest_first() if str(each["id"]) in wanted]
        listed = [each for each in listed if query.get("post") in (None, str(each["post"]))]
        start = int(query.get("offset", "0"))
        page = [self.show(each) for each in listed[start : start + int(query["per_page"])]]
        return Reply(200, page, {"X-WP-Total": str(len(listed))})


@asynccontextmanager
async def open_audience() -> AsyncIterator[WordPressAudience]:
    yield WordPressAudience()
