"""What a device can be told: the notices that there are, in three heaps."""

from kaja.kernel.problems import gettext_noop

POSTS, INBOX, WORKSPACE = "posts", "inbox", "workspace"
KINDS = {
    POSTS: gettext_noop("Posts and answers that were not sent as they should be"),
    INBOX: gettext_noop("The inbox: what is given to you, mentions you, is due, or is an alarm"),
    WORKSPACE: gettext_noop("Channels that need somebody, and everything else"),
}
_BEGINNINGS = {"delivery.": POSTS, "post.": POSTS, "inbox.": INBOX}


def find_heap(kind: str) -> str:
    """The heap in which notices of a kind are."""
    return next((heap for beginning, heap in _BEGINNINGS.items() if kind.startswith(beginning)), WORKSPACE)
