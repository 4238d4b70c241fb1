"""A post of somebody else, or an answer of the account: from a notification, a post's view or a record."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from kaja.networks.bluesky.limits import APP, CDN
from kaja.networks.bluesky.records import make_ref
from kaja.networks.kit.answers import parse_time, read_mapping
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.reading import Author, Incoming, Reaction, ReactionKind, RemoteMedia
from kaja.networks.kit.threads import Node, find_place

View = Mapping[str, Any]
REACTIONS: Mapping[str, ReactionKind] = {"like": "like", "repost": "repost", "quote": "quote", "follow": "follow"}
"""Reasons of notifications that are one without a word; of a quote also words are read."""


def make_node(uri: str, facts: Facts) -> Node:
    return Node(uri, uri.startswith(f"at://{facts.account_id}/"), make_ref(uri, "").url)


def build_incoming(view: View, way: Sequence[str], facts: Facts) -> Incoming | None:
    """`way`: the posts from the first of the thread to this one. None for a post of the account that answers nobody."""
    place = find_place([make_node(uri, facts) for uri in way])
    if place is None:
        return None
    record: View = view["record"] if "record" in view else view["value"]
    uri, cid = str(view["uri"]), str(view["cid"])
    root = read_mapping(record.get("reply")).get("root") or {"uri": uri, "cid": cid}
    did = uri.removeprefix("at://").partition("/")[0]
    return Incoming(
        id=uri,
        author=_build_author(did, read_mapping(view.get("author")), facts),
        at=_find_moment(view, record),
        text=str(record.get("text") or ""),
        url=make_ref(uri, cid).url,
        language=str(next(iter(record.get("langs") or ()), "")),
        media=tuple(_list_media(did, read_mapping(record.get("embed")))),
        data={"cid": cid, "root": {"id": str(root["uri"]), "data": {"cid": str(root["cid"])}}},
        **vars(place),
    )


def build_reaction(view: View, facts: Facts) -> Reaction | None:
    """Of a notification. None for what is none, and for what is about no post of the account."""
    kind = REACTIONS.get(str(view.get("reason")))
    if kind is None:
        return None
    record: View = view["record"]
    uri, post = str(view["uri"]), "" if kind == "follow" else str(view["reasonSubject"])
    if post and not make_node(post, facts).ours:
        return None
    quote = uri if kind == "quote" else ""
    return Reaction(
        id=uri,
        kind=kind,
        author=_build_author(uri.removeprefix("at://").partition("/")[0], read_mapping(view.get("author")), facts),
        at=_find_moment(view, record),
        post=post,
        quote=quote,
        url=make_ref(uri, "").url if quote else "",
    )


def _find_moment(view: View, record: View) -> datetime:
    """As the AppView sorts, to its milliseconds: a clock that is ahead counts for nothing."""
    times = (parse_time(view.get("indexedAt")), parse_time(record.get("createdAt")))
    at = min(moment for moment in times if moment)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _build_author(did: str, author: View, facts: Facts) -> Author:
    url = f"{APP}/profile/{did}"
    if did == facts.account_id:  # always the same, whatever it was read from
        return Author(did, facts.handle, facts.name, True, url, facts.avatar_url)
    handle, name, avatar = (str(author.get(key) or "") for key in ("handle", "displayName", "avatar"))
    return Author(did, handle, name, False, url, avatar)


def _list_media(did: str, embed: View) -> list[RemoteMedia]:
    """At the network's own picture servers: a notification names only the files."""
    embed = read_mapping(embed.get("media")) or embed
    found = []
    for image in embed.get("images") or ():
        file = f"plain/{did}/{_read_link(image['image'])}@jpeg"
        large, small = (f"{CDN}/img/{size}/{file}" for size in ("feed_fullsize", "feed_thumbnail"))
        found.append(RemoteMedia("image", large, small, str(image.get("alt") or "")))
    if video := embed.get("video"):
        base = f"https://video.bsky.app/watch/{quote(did)}/{_read_link(video)}"
        alt = str(embed.get("alt") or "")
        found.append(RemoteMedia("video", f"{base}/playlist.m3u8", f"{base}/thumbnail.jpg", alt))
    return found


def _read_link(blob: View) -> str:
    return str(read_mapping(blob.get("ref")).get("$link") or "")
