"""Where a message stands in a thread of posts that answer each other, so that whatever is read names it the same."""

from collections.abc import Sequence
from dataclasses import dataclass

from kaja.networks.kit.reading import Kind


@dataclass(frozen=True)
class Node:
    """A post of a thread: its id, and whether the account wrote it."""

    id: str
    ours: bool
    url: str = ""
    private: bool = False
    """Only those who are named in it may read it."""


@dataclass(frozen=True)
class Place:
    """What of `Incoming` follows from the thread."""

    kind: Kind
    thread: str
    parent: str = ""
    publication: str = ""
    post_url: str = ""


def find_place(chain: Sequence[Node]) -> Place | None:
    """The place of the last of these, which answer each other from the post that began on.

    A branch begins below our post with what somebody else wrote. Our own posts before it go on with the post (the parts
    of a thread, a first comment); they are messages to nobody, and have no place.
    """
    message, above = chain[-1], chain[:-1]
    parent = above[-1] if above else None
    if message.private:
        first = len(above)
        while first and above[first - 1].private:
            first -= 1
        return Place("direct", chain[first].id, parent.id if parent and parent.private else "")
    if not chain[0].ours:
        answers = message.ours or (parent is not None and parent.ours)
        return Place("reply" if answers else "mention", chain[0].id, parent.id if parent else "", "", chain[0].url)
    branch = next((place for place, node in enumerate(chain) if not node.ours), None)
    if branch is None or parent is None:
        return None
    inside = branch < len(chain) - 1
    return Place("reply" if inside else "comment", chain[branch].id, parent.id if inside else "", chain[branch - 1].id)
