"""The API for programs, under /api/v1. Every error body is {"error": {code, message, field}}."""

import asyncio
import time
from typing import Any

from kaja.practice.faults import LONGEST_LISTING, STORE_WITHIN, Plan
from kaja.practice.fetching import fetch
from kaja.practice.guard import Guard
from kaja.practice.http import Refusal, Request, Response, Routes, answer
from kaja.practice.network import Network
from kaja.practice.rules import (
    LIMITS,
    MAX_ALT,
    MAX_NAME,
    check_kind,
    check_medium,
    check_name,
    check_post,
    check_text,
    post_path,
)
from kaja.practice.state import LIKE, Account, Container, Medium, Post, iso
from kaja.practice.store import digest
from kaja.practice.streams import Streams, make_voice, read_page


def error_answer(refusal: Refusal) -> Response:
    response = answer(
        {"error": {"code": refusal.code, "message": refusal.message, "field": refusal.field}}, refusal.status
    )
    if refusal.retry_after is not None:
        # Whole seconds, rounded up: coming back at the told time must be late enough.
        response.headers.append((b"retry-after", str(-int(-refusal.retry_after // 1)).encode()))
    return response


class Api:
    """Handlers of the API."""

    def __init__(self, network: Network, guard: Guard, streams: Streams) -> None:
        self.network = network
        self.guard = guard
        self.streams = streams
        self.talk = streams.talk
        self.store = network.store

    def add_to(self, routes: Routes) -> None:
        v1 = "/api/v1"
        routes.add("POST", f"{v1}/accounts", self.create_account)
        routes.add("GET", f"{v1}/account", self.get_account)
        routes.add("DELETE", f"{v1}/token", self.revoke_token)
        routes.add("GET", f"{v1}/account/posts", self.list_posts)
        routes.add("POST", f"{v1}/media", self.upload)
        routes.add("POST", f"{v1}/media/fetch", self.fetch)
        routes.add("POST", f"{v1}/posts", self.publish)
        routes.add("GET", f"{v1}/posts/*", self.get_post)
        routes.add("PUT", f"{v1}/posts/*", self.edit_post)
        routes.add("DELETE", f"{v1}/posts/*", self.delete_post)
        routes.add("POST", f"{v1}/containers", self.create_container)
        routes.add("GET", f"{v1}/containers/*", self.get_container)
        routes.add("POST", f"{v1}/containers/*/publish", self.publish_container)
        routes.add("GET", f"{v1}/posts/*/comments", self.streams.list_comments)
        routes.add("POST", f"{v1}/posts/*/comments", self.create_comment)
        routes.add("POST", f"{v1}/posts/*/likes", self.like)

    # Shapes.

    def show_account(self, request: Request, account: Account) -> dict[str, Any]:
        base = self.network.base(request)
        return {
            "id": account.id,
            "name": account.name,
            "kind": account.kind,
            "url": base + post_path(account.name, "").rstrip("/"),
            "created_at": iso(account.created),
            "limits": LIMITS,
            "lists_complete_after": STORE_WITHIN + LONGEST_LISTING,
            "practice": True,
        }

    def show_medium(self, request: Request, medium: Medium) -> dict[str, Any]:
        return {
            "id": medium.id,
            "type": medium.mime,
            "size": medium.size,
            "alt": medium.alt,
            "url": f"{self.network.base(request)}/media/{medium.id}",
        }

    def show_post(self, request: Request, post: Post) -> dict[str, Any]:
        return {
            "id": post.id,
            "account": post.account,
            "url": self.network.base(request) + post_path(post.account, post.id),
            "text": post.text,
            "title": post.title,
            "content_warning": post.warning,
            "language": post.language,
            "format": post.format,
            "fields": post.fields,
            "media": [self.show_medium(request, self.store.media[m]) for m in post.media],
            "reply_to": post.reply_to or None,
            "created_at": iso(post.created),
            "edited_at": iso(post.edited) if post.edited else None,
            "likes": len(post.likes),
            "comments": sum(not entry.deleted for entry in post.comments),
        }

    # Accounts.

    async def create_account(self, request: Request) -> Response:
        """Kaja makes an account, or gets a new token for one that is there, for the workspace that it belongs to."""
        self.guard.require_key(request)
        body = request.json()
        account, token, made = self.network.authorize(
            check_name(body.get("name", "")),
            check_kind(body.get("kind")),
            check_text(body.get("workspace") or "", "workspace", MAX_NAME),
        )
        return answer({"account": self.show_account(request, account), "token": token}, 201 if made else 200)

    async def get_account(self, request: Request) -> Response:
        account = self.network.get_account(request)
        return await self.network.call(
            request, account, "account", request.path, lambda _: answer(self.show_account(request, account))
        )

    async def revoke_token(self, request: Request) -> Response:
        account = self.network.get_account(request)
        token = request.header(b"authorization").partition(" ")[2].strip()
        self.store.record("revoke", account=account.name, digest=digest(token))
        return Response(204)

    # Publishing.

    async def upload(self, request: Request) -> Response:
        """The body is the file; `alt` stands in the query."""
        account = self.network.get_account(request)
        alt = check_text(request.query.get("alt", ""), "alt", MAX_ALT)
        mime = check_medium(request.body, request.header(b"content-type").partition(";")[0].strip())
        return await self._keep(request, account, request.body, mime, alt)

    async def fetch(self, request: Request) -> Response:
        """`{url, alt}`: the file is fetched from there, in ranges."""
        account = self.network.get_account(request)
        body = request.json()
        alt = check_text(body.get("alt") or "", "alt", MAX_ALT)
        content, told, _ = await asyncio.to_thread(fetch, str(body.get("url") or ""))
        return await self._keep(request, account, content, check_medium(content, told), alt)

    async def _keep(self, request: Request, account: Account, content: bytes, mime: str, alt: str) -> Response:
        medium_id = self.store.next_id()
        path = self.store.media_path(medium_id)

        def accept(_: Plan) -> Response:
            medium = self.store.record(
                "medium",
                id=medium_id,
                account=account.name,
                mime=mime,
                size=len(content),
                alt=alt,
                created=time.time(),
            )
            return answer(self.show_medium(request, medium), 201)

        try:
            await asyncio.to_thread(path.write_bytes, content)
        except OSError:
            raise Refusal(507, "storage_full", "The practice network has no room for this file.") from None
        return await self.network.call(request, account, "upload", f"{len(content)}/{alt}", accept)

    async def publish(self, request: Request) -> Response:
        account = self.network.get_account(request)
        body = request.json()
        key, reference = _key("post", request), request.header(b"x-client-reference")

        def accept(plan: Plan) -> Response:
            if account.kind == "staged":
                raise Refusal(400, "two_stages", "This account publishes in two stages: make a container first.")
            if first := self.network.repeated(account, key):
                replay = answer(self.show_post(request, self.store.posts[first]), 200)
                replay.headers.append((b"idempotency-replayed", b"true"))
                return replay
            return answer(self.show_post(request, self.network.create_post(account, body, plan, reference, key)), 201)

        return await self.network.call(request, account, "publish", str(body.get("text", "")), accept)

    async def create_container(self, request: Request) -> Response:
        account = self.network.get_account(request)
        body = request.json()

        def accept(plan: Plan) -> Response:
            if account.kind != "staged":
                raise Refusal(400, "one_stage", "This account publishes directly, without containers.")
            return answer(self.show_container(request, self.network.create_container(account, body, plan)), 201)

        return await self.network.call(request, account, "container", str(body.get("text", "")), accept)

    def show_container(self, request: Request, container: Container) -> dict[str, Any]:
        """`published` is told as late as lists are; until then a published container still says `ready`."""
        now = time.time()
        posts = [self.store.posts[post_id] for post_id in container.posts]
        shown = next((post for post in posts if post.listed <= now), None)
        if shown is not None:
            status = "published"
        elif any(post.finished > now for post in posts):
            status = "publishing"
        elif now < container.ready:
            status = "processing"
        else:
            status = "failed" if container.failure else "ready"
        waits = max([container.ready - now, *(post.finished - now for post in posts)])
        return {
            "id": container.id,
            "status": status,
            "check_after": round(max(waits, 0.0), 3),
            "post": self.show_post(request, shown) if shown else None,
            "reason": container.failure if status == "failed" else "",
            "created_at": iso(container.created),
            "as_of": iso(now),
        }

    def _container(self, account: Account, container_id: str) -> Container:
        container = self.store.containers.get(container_id)
        if container is None or container.account != account.name:
            raise Refusal(404, "not_found", "There is no such container.")
        return container

    async def get_container(self, request: Request) -> Response:
        account = self.network.get_account(request)
        container = self._container(account, request.parts[0])
        return await self.network.call(
            request, account, "read", request.path, lambda _: answer(self.show_container(request, container))
        )

    async def publish_container(self, request: Request) -> Response:
        """Publishing a container twice makes two posts: nothing here remembers for the caller."""
        account = self.network.get_account(request)
        container = self._container(account, request.parts[0])
        reference = request.header(b"x-client-reference")

        def accept(plan: Plan) -> Response:
            if time.time() < container.ready:
                raise Refusal(409, "not_ready", "The container is still being processed.")
            if container.failure:
                raise Refusal(422, "processing_failed", container.failure, "media")
            post = self.network.create_post(account, container.body, plan, reference, container=container.id)
            if post.finished:
                return answer(self.show_container(request, container), 202)
            return answer(self.show_post(request, post), 201)

        return await self.network.call(request, account, "publish", str(container.body.get("text", "")), accept)

    # Reading and changing.

    async def list_posts(self, request: Request) -> Response:
        """Own posts, newest first, late ones missing; `before` (an id) and `limit` page; `as_of` is the server's."""
        account = self.network.get_account(request)
        before, limit = read_page(request, "before", 2**62)

        def accept(_: Plan) -> Response:
            now = time.time()
            found: list[Post] = []
            for post in reversed(account.posts):
                if int(post.id) < before and post.listed <= now and not post.deleted:
                    found.append(post)
                    if len(found) > limit:
                        break
            more = len(found) > limit
            posts = [self.show_post(request, post) for post in found[:limit]]
            return answer({"posts": posts, "next_before": posts[-1]["id"] if more else None, "as_of": iso(now)})

        return await self.network.call(request, account, "read", request.path, accept)

    async def get_post(self, request: Request) -> Response:
        account = self.network.get_account(request)
        post_id = request.parts[0]
        return await self.network.call(
            request,
            account,
            "read",
            request.path,
            lambda _: answer(self.show_post(request, self.network.get_post(post_id))),
        )

    async def edit_post(self, request: Request) -> Response:
        """Replaces the fields that are given."""
        account = self.network.get_account(request)
        body = request.json()
        post_id = request.parts[0]

        def accept(_: Plan) -> Response:
            post = self.network.get_own_post(account, post_id)
            whole = {
                "text": post.text,
                "media": list(post.media),
                "title": post.title,
                "content_warning": post.warning,
                "language": post.language,
                "format": post.format,
                "fields": post.fields,
                **body,
                "reply_to": "",
            }
            changes = check_post(whole, account, self.store)
            del changes["reply_to"]
            return answer(self.show_post(request, self.store.record("edit", id=post.id, at=time.time(), **changes)))

        return await self.network.call(request, account, "edit", request.path, accept)

    async def delete_post(self, request: Request) -> Response:
        account = self.network.get_account(request)
        post_id = request.parts[0]

        def accept(_: Plan) -> Response:
            self.store.record("delete", id=self.network.get_own_post(account, post_id).id, at=time.time())
            return Response(204)

        return await self.network.call(request, account, "delete", request.path, accept)

    # The audience.

    async def create_comment(self, request: Request) -> Response:
        """By the account of the token; without a token by a visitor who gives any name, or by an invented `person`."""
        body = request.json()
        text, post_id = body.get("text", ""), request.parts[0]
        if not request.header(b"authorization"):
            voice = self.talk.parse_voice(body.get("name"), body.get("person"))
            comment = self.talk.comment(self.network.get_post(post_id), voice, text)
            return answer(self.talk.show(request, comment), 201)
        account = self.network.get_account(request)
        voice = make_voice("comment", request, account)

        def accept(plan: Plan) -> Response:
            if first := self.network.repeated(account, voice.key):
                return answer(self.talk.show(request, self.store.entries[first]), 200)
            return answer(
                self.talk.show(request, self.talk.comment(self.network.get_post(post_id), voice, text, plan)), 201
            )

        return await self.network.call(request, account, "comment", str(text), accept)

    async def like(self, request: Request) -> Response:
        """A visitor's like; `{"name": ..., "liked": false}` takes it back. `person`: an invented one."""
        body = request.json()
        voice = self.talk.parse_voice(body.get("name"), body.get("person"))
        post = self.network.get_post(request.parts[0])
        owner = self.store.accounts[post.account]
        self.talk.signs.put(owner, LIKE, post, voice.name, voice.person, on=body.get("liked", True) is not False)
        return answer({"likes": len(post.likes)})


def _key(kind: str, request: Request) -> str:
    """The idempotency key; one of a post means nothing for a comment."""
    key = request.header(b"idempotency-key")
    return f"{kind}/{key}" if key else ""
