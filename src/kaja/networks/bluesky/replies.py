"""How what came is answered: a post below it. Direct messages lie with another service, which app passwords do not open
unless they were made for it; Kaja does not offer them.
"""

from collections.abc import Mapping
from typing import Any

from kaja.networks.bluesky.info import WORDS
from kaja.networks.bluesky.limits import NETWORK
from kaja.networks.bluesky.rules import RULES
from kaja.networks.bluesky.xrpc import REST
from kaja.networks.kit.answers import read_mapping
from kaja.networks.kit.connector import Answering
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.outcome import target_gone
from kaja.networks.kit.results import Checkpoint, Rejected, RemoteRef

POSTS = "/xrpc/app.bsky.feed.getPosts"


def find_root(target: RemoteRef) -> RemoteRef | None:
    """The first post of the thread, as the answered post names it."""
    root = read_mapping(target.data.get("root"))
    uri = str(root.get("uri") or root.get("id") or "")
    cid = root.get("cid") or read_mapping(root.get("data")).get("cid")
    return RemoteRef(uri, "", {"cid": str(cid)}) if uri and cid else None


ANSWERING = Answering(
    {"comment": "reply", "reply": "reply", "mention": "reply"}, RULES, root=find_root, takes_language=True
)


async def fetch_view(uri: str, session: Session) -> Mapping[str, Any] | None:
    """A post as the network's view (AppView) shows it to the account; empty where that cannot be asked, None when it is
    not there. Raises Failed for trouble of the moment."""
    try:
        told = read_mapping((await REST.call(session, "GET", POSTS, params={"uris": uri})).json_object())
    except Failed as failed:
        if failed.lost or not isinstance(failed.result, Rejected):
            return {}  # a server of its own kind may have no view at all
        raise
    except TransportError:
        return {}
    posts = told.get("posts")
    if not isinstance(posts, list):
        return {}
    return read_mapping(posts[0]) if posts else None


async def look_at_parent(parent: RemoteRef, session: Session) -> Checkpoint:
    """What a reply needs of the post that it answers, and whether it may answer it at all. Raises Failed."""
    view = await fetch_view(parent.id, session)
    if view is None:
        raise Failed(Rejected(target_gone(NETWORK)))
    if read_mapping(read_mapping(view.get("author")).get("viewer")).get("blockedBy"):
        raise Failed(Rejected(WORDS.problem("blocked_by_author"), fixable=False))
    found: Checkpoint = {}
    if view.get("cid"):
        found["parent_cid"] = str(view["cid"])
    root = read_mapping(read_mapping(read_mapping(view.get("record")).get("reply")).get("root"))
    if root.get("uri") and root.get("cid"):
        found["root"] = {"uri": str(root["uri"]), "cid": str(root["cid"])}
    return found
