"""The public pages: timeline, accounts, posts, and what visitors do there."""

import asyncio
import itertools
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from kaja.practice import faultpage
from kaja.practice.conversations import Conversations
from kaja.practice.html import Child, Translate, get_translation, tag
from kaja.practice.http import HTML, Refusal, Request, Response, Routes, gettext_noop
from kaja.practice.network import Network
from kaja.practice.rules import post_path
from kaja.practice.state import FOLLOW, LIKE, SHARE, Account, Post
from kaja.practice.views import kind_label, render_account, render_list, render_page, render_thread
from kaja.practice.voices import render_branches, render_saying, render_speaker, render_tabs

PAGE = 30
POLICY = (
    b"default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; form-action 'self'; "
    b"base-uri 'none'; frame-ancestors 'none'"
)
STYLE = Path(__file__).with_name("page.css").read_bytes()
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Pages:
    """Handlers of the pages."""

    def __init__(self, network: Network, conversations: Conversations) -> None:
        self.network = network
        self.talk = conversations
        self.store = network.store

    def add_to(self, routes: Routes) -> None:
        routes.add("GET", "/", self.timeline)
        routes.add("GET", "/accounts", self.accounts)
        routes.add("GET", "/page.css", self.style)
        routes.add("GET", "/faults", self.faults)
        routes.add("POST", "/faults", self.set_faults)
        routes.add("POST", "/faults/revoke", self.revoke)
        routes.add("GET", "/media/*", self.media)
        routes.add("GET", "/*", self.profile)
        routes.add("GET", "/*/*", self.post)
        routes.add("POST", "/*/*/like", self.like)
        routes.add("POST", "/*/*/share", self.share)
        routes.add("POST", "/*/follow", self.follow)
        routes.add("POST", "/*/*/comments", self.comment)

    def show(self, request: Request, title: str, content: Child, current: str = "", status: int = 200) -> Response:
        language, _ = get_translation(request.header(b"accept-language"))
        page = render_page(_, language, title, content, current)
        headers = [
            (b"content-security-policy", POLICY),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"cache-control", b"no-store"),
        ]
        return Response(status, page.encode("utf-8", "replace"), HTML, headers)

    def refused(self, request: Request, refusal: Refusal) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        title = _("Not found") if refusal.status == 404 else _("That did not work")
        content = [
            tag("h1", title),
            tag("p", _(refusal.message)),
            tag("p", tag("a", _("Back to the timeline"), href="/", class_="button")),
        ]
        return self.show(request, title, content, status=refusal.status)

    def get_account(self, part: str) -> Account:
        account = self.store.accounts.get(part[1:]) if part.startswith("@") else None
        if account is None:
            raise Refusal(404, "not_found", gettext_noop("There is nothing at this address."))
        return account

    def get_post(self, request: Request) -> Post:
        post = self.network.get_post(request.parts[1])
        if post.account != self.get_account(request.parts[0]).name:
            raise Refusal(404, "not_found", gettext_noop("There is nothing at this address."))
        return post

    async def timeline(self, request: Request) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        posts, older = _slice(reversed(self.store.posts.values()), request)
        empty = _("Posts that Kaja publishes to a practice account appear here.")
        content = [
            tag("h1", _("Timeline")),
            render_list(_, self.store, posts, time.time(), f"/?before={older}" if older else "", empty),
        ]
        return self.show(request, _("Timeline"), content, "/")

    async def accounts(self, request: Request) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        rows = [
            tag(
                "li",
                tag("a", account.name, href=post_path(account.name, "").rstrip("/"), class_="who"),
                tag("span", kind_label(_, account.kind), class_="small"),
            )
            for account in sorted(self.store.accounts.values(), key=lambda a: a.name.casefold())[:500]
        ]
        empty = tag("p", _("Accounts appear here when a practice channel is connected in Kaja."), class_="empty")
        return self.show(
            request,
            _("Accounts"),
            [tag("h1", _("Accounts")), tag("ul", rows, class_="rows") if rows else empty],
            "/accounts",
        )

    async def profile(self, request: Request) -> Response:
        account = self.get_account(request.parts[0])
        _ = get_translation(request.header(b"accept-language"))[1]
        posts, older = _slice(reversed(account.posts), request)
        link = f"{post_path(account.name, '').rstrip('/')}?before={older}" if older else ""
        empty = _("This account has not posted yet.")
        content = [
            render_account(_, account),
            render_tabs(_, account, ""),
            render_list(_, self.store, posts, time.time(), link, empty),
        ]
        return self.show(request, account.name, content)

    async def post(self, request: Request) -> Response:
        post = self.get_post(request)
        _ = get_translation(request.header(b"accept-language"))[1]
        title = post.title or post.text[:60] or _("Post")
        return self.show(request, title, self._render(_, post, {}, ""))

    def _render(self, _: Translate, post: Post, given: Mapping[str, str], problem: str) -> list[Child]:
        """A post in its thread, its comments, and the form for one more."""
        shown = render_branches(_, post.comments)
        nobody = _("Nobody has said anything yet. Be the audience: write the first comment.")
        speaker = render_speaker(_, given, post.comments)
        action = f"{post_path(post.account, post.id)}/comments"
        return [
            *render_thread(_, self.store, post, time.time()),
            tag(
                "section",
                tag("h2", _("Comments")),
                tag("ul", shown, class_="entries") if shown else tag("p", nobody, class_="small"),
                render_saying(_, action, _("Comment as a visitor"), given, problem, speaker),
                id="comments",
            ),
        ]

    async def like(self, request: Request) -> Response:
        """A visitor (known by a cookie) likes a post, or takes it back."""
        return self._sign(request, LIKE, self.get_post(request))

    async def share(self, request: Request) -> Response:
        """The same with sharing it further."""
        return self._sign(request, SHARE, self.get_post(request))

    async def follow(self, request: Request) -> Response:
        """The same with following an account."""
        return self._sign(request, FOLLOW, None)

    def _sign(self, request: Request, kind: str, post: Post | None) -> Response:
        account = self.store.accounts[post.account] if post else self.get_account(request.parts[0])
        visitor = request.cookies.get("visitor", "")[:40] or secrets.token_urlsafe(12)
        name = f"Visitor {visitor[:6]}"
        known = account.signs.get((kind, post.id if post else "", name))
        self.talk.signs.put(account, kind, post, name, on=known is None or not known.there)
        path = post_path(account.name, post.id if post else "")
        response = _redirect(path if post else path.rstrip("/"))
        cookie = f"visitor={visitor}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000"
        response.headers.append((b"set-cookie", re.sub(r"[^\x20-\x7e]", "", cookie).encode()))
        return response

    async def comment(self, request: Request) -> Response:
        post, form = self.get_post(request), request.form
        text = form.get("text", "").replace("\r\n", "\n")
        try:
            voice = self.talk.parse_voice(form.get("name"), form.get("person"))
            if parent := form.get("parent"):
                answered = self.talk.get_entry(self.store.accounts[post.account], parent)
                made = self.talk.reply(answered, voice, text)
            else:
                made = self.talk.comment(post, voice, text)
        except Refusal as refusal:
            _ = get_translation(request.header(b"accept-language"))[1]
            return self.show(
                request, _("Comment"), self._render(_, post, form, _(refusal.message)), status=refusal.status
            )
        return _redirect(f"{post_path(post.account, post.id)}#c{made.id}")

    async def faults(self, request: Request) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        name = request.query.get("account", "*")
        if name != "*":
            self.get_account(f"@{name}")
        content = faultpage.render_faults(_, self.network, name, saved="saved" in request.query)
        return self.show(request, _("Faults"), content, "/faults")

    async def set_faults(self, request: Request) -> Response:
        _ = get_translation(request.header(b"accept-language"))[1]
        name = request.form.get("account", "*")
        if name != "*":
            self.get_account(f"@{name}")
        try:
            rules = faultpage.parse_form(request.form)
        except faultpage.BadForm as bad:
            content = faultpage.render_faults(_, self.network, name, form=request.form, problem=bad)
            return self.show(request, _("Faults"), content, "/faults", 422)
        self.store.record("faults", account=name, rules=rules)
        return _redirect(faultpage.fault_path(name) + "&saved=1")

    async def revoke(self, request: Request) -> Response:
        account = self.get_account(f"@{request.form.get('account', '')}")
        self.store.record("revoke", account=account.name)
        return _redirect(faultpage.fault_path(account.name) + "&saved=1")

    async def style(self, _: Request) -> Response:
        return Response(200, STYLE, b"text/css; charset=utf-8", [(b"cache-control", b"max-age=60")])

    async def media(self, request: Request) -> Response:
        """The bytes as they were uploaded; one range at a time, so that a video can be moved through."""
        medium = self.store.media.get(request.parts[0])
        if medium is None:
            raise Refusal(404, "not_found", gettext_noop("There is no such file."))
        try:
            content = await asyncio.to_thread(self.store.media_path(medium.id).read_bytes)
        except OSError:
            raise Refusal(404, "not_found", gettext_noop("This file is gone.")) from None
        headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"accept-ranges", b"bytes"),
            (b"cache-control", b"max-age=86400"),
            (b"content-security-policy", b"default-src 'none'; sandbox"),
        ]
        asked = _RANGE.fullmatch(request.header(b"range"))
        if asked is None:
            return Response(200, content, medium.mime.encode(), headers)
        first, last = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
        if first > last:
            headers.append((b"content-range", f"bytes */{len(content)}".encode()))
            return Response(416, b"", medium.mime.encode(), headers)
        headers.append((b"content-range", f"bytes {first}-{last}/{len(content)}".encode()))
        return Response(206, content[first : last + 1], medium.mime.encode(), headers)


def _slice(posts: Iterable[Post], request: Request) -> tuple[list[Post], str]:
    """One page of posts that are newest first, and the id to go on from."""
    given = request.query.get("before", "")
    before = int(given) if given.isascii() and given.isdigit() and len(given) < 19 else 2**62
    standing = (post for post in posts if int(post.id) < before and not post.deleted)
    found = list(itertools.islice(standing, PAGE + 1))
    return found[:PAGE], found[PAGE - 1].id if len(found) > PAGE else ""


def _redirect(path: str) -> Response:
    return Response(303, b"", HTML, [(b"location", path.encode("ascii"))])
