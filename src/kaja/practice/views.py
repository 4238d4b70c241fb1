"""What the pages of the practice network look like. Texts are message ids of Kaja's catalogues."""

from collections.abc import Iterable

from kaja.practice.formats import FEED
from kaja.practice.html import Child, Html, Translate, linked, tag
from kaja.practice.rules import IMAGE_TYPES, post_path
from kaja.practice.state import Account, Post, iso
from kaja.practice.store import Store


def kind_label(_: Translate, kind: str) -> str:
    return {
        "keyed": _("Remembers keys: a repeated call makes no second post"),
        "plain": _("Plain: a repeated call makes a second post"),
        "staged": _("Two stages: a post is prepared, then published"),
    }[kind]


def show_time(moment: float, seconds: bool = False) -> Html:
    text = iso(moment)
    return tag("time", f"{text[:10]} {text[11 : 19 if seconds else 16]} UTC", datetime=text)


def render_page(_: Translate, language: str, title: str, content: Child, current: str = "") -> Html:
    """The frame that says everywhere that this is practice."""
    links = (
        ("/", _("Timeline")),
        ("/accounts", _("Accounts")),
        ("/audience", _("Audience")),
        ("/apps", _("Apps")),
        ("/faults", _("Faults")),
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="robots", content="noindex"),
        tag("title", f"{title} · " + _("Practice network")),
        tag("link", rel="stylesheet", href="/page.css"),
        tag("link", rel="icon", href="data:,"),
    )
    body = tag(
        "body",
        tag("a", _("Skip to content"), href="#content", class_="skip"),
        tag(
            "p",
            tag("strong", _("PRACTICE")),
            tag("span", _("Nothing here is public. Only people who can reach this computer see it.")),
            class_="banner",
        ),
        tag(
            "header",
            tag("a", _("Practice network"), href="/", class_="brand"),
            tag(
                "nav",
                [tag("a", label, href=href, aria_current="page" if href == current else None) for href, label in links],
                aria_label=_("Pages"),
            ),
        ),
        tag("main", content, id="content"),
    )
    return Html(f'<!doctype html><html lang="{language}">{head}{body}</html>')


def render_media(store: Store, post: Post, with_alt: bool) -> Html | None:
    if not post.media:
        return None
    shown: list[Html] = []
    for name in post.media:
        medium = store.media[name]
        source = f"/media/{medium.id}"
        if medium.mime in IMAGE_TYPES:
            item = tag("a", tag("img", src=source, alt=medium.alt, loading="lazy"), href=source)
        else:
            item = tag("video", src=source, controls=True, preload="metadata", aria_label=medium.alt or None)
        caption = tag("figcaption", medium.alt) if with_alt and medium.alt else None
        shown.append(tag("figure", item, caption))
    return tag("div", shown, class_=f"media n{len(shown)}")


def render_post(_: Translate, store: Store, post: Post, now: float, focus: bool = False, thread: bool = False) -> Html:
    """One post as a card; in focus with its alternative texts."""
    path = post_path(post.account, post.id)
    text = tag("p", linked(post.text), class_="text", lang=post.language or None) if post.text else None
    inner: list[Child] = [text, render_media(store, post, focus)]
    if post.warning:
        inner = [tag("details", tag("summary", post.warning), inner, open=focus or None)]
    notes: list[Child] = []
    if post.listed > now:
        notes.append(tag("span", _("not in lists yet"), class_="note"))
    if post.format != FEED:
        told = ", ".join(f"{name}: {value}" for name, value in post.fields.items())
        notes.append(tag("span", f"{post.format} ({told})" if told else post.format, class_="note"))
    if post.edited:
        notes.append(tag("span", _("edited"), class_="note"))
    parent = store.posts.get(post.reply_to)
    return tag(
        "article",
        tag(
            "div",
            tag("a", post.account, href=post_path(post.account, "").rstrip("/"), class_="who"),
            tag("a", show_time(post.created), href=path, class_="when"),
            notes,
            class_="byline",
        ),
        tag(
            "p",
            _("Continues"),
            " ",
            tag("a", parent.account, href=post_path(parent.account, parent.id)),
            class_="small",
        )
        if parent and not focus and not thread
        else None,
        tag("h2", tag("a", post.title, href=path)) if post.title else None,
        inner,
        tag(
            "div",
            tag(
                "form",
                tag("button", _("Like"), tag("span", len(post.likes), class_="count"), type="submit"),
                method="post",
                action=f"{path}/like",
            ),
            tag(
                "form",
                tag("button", _("Share"), tag("span", len(post.shares), class_="count"), type="submit"),
                method="post",
                action=f"{path}/share",
            ),
            tag(
                "a",
                _("Comments"),
                tag("span", sum(not each.deleted for each in post.comments), class_="count"),
                href=f"{path}#comments",
                class_="button",
            ),
            class_="actions",
        ),
        id=f"p{post.id}",
        class_="post focus" if focus else "post",
    )


def render_list(_: Translate, store: Store, posts: Iterable[Post], now: float, older: str, empty: str) -> list[Child]:
    shown: list[Child] = [render_post(_, store, post, now) for post in posts]
    if not shown:
        return [tag("p", empty, class_="empty")]
    return [*shown, tag("p", tag("a", _("Older posts"), href=older, class_="button")) if older else None]


def render_account(_: Translate, account: Account) -> Html:
    count = sum(not post.deleted for post in account.posts)
    return tag(
        "section",
        tag("h1", account.name),
        tag("p", kind_label(_, account.kind), class_="small"),
        tag("p", _("Posts"), ": ", count, " · ", _("Since"), " ", show_time(account.created), class_="small"),
        tag(
            "form",
            tag("button", _("Follow this account"), tag("span", len(account.followers), class_="count"), type="submit"),
            method="post",
            action=f"{post_path(account.name, '')}follow",
            class_="actions",
        ),
        class_="profile",
    )


def render_thread(_: Translate, store: Store, post: Post, now: float) -> list[Child]:
    """A post with what it answers above and what answers it below."""
    above: list[Post] = []
    parent = store.posts.get(post.reply_to)
    while parent is not None and len(above) < 50:
        if not parent.deleted:
            above.insert(0, parent)
        parent = store.posts.get(parent.reply_to)
    below: list[Post] = []
    waiting = [reply for reply in reversed(post.replies) if not reply.deleted]
    while waiting and len(below) < 100:
        reply = waiting.pop()
        below.append(reply)
        waiting.extend(r for r in reversed(reply.replies) if not r.deleted)
    return [
        tag("h1", _("Post by %(account)s") % {"account": post.account}, class_="hidden"),
        tag("div", [render_post(_, store, item, now, thread=True) for item in above], class_="thread")
        if above
        else None,
        render_post(_, store, post, now, focus=True),
        tag("div", [render_post(_, store, item, now, thread=True) for item in below], class_="thread")
        if below
        else None,
    ]
