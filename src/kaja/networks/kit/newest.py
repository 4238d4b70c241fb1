"""Looking through an account's own posts, newest first: what was posted lately, and the one whose answer was lost."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit import addresses
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.results import AbsentAsOf, CannotTell, Found, NoSuchPost, Reconciliation, RemoteRef

T = TypeVar("T")


Fetch = Callable[[str], Awaitable[tuple[Sequence[T], str]]]
"""Gets the cursor of a page (empty for the first), gives its items and the next cursor, empty at the end."""


async def read_back(
    fetch: Fetch[T],
    at: Callable[[T], datetime | None],
    since: datetime,
    *,
    pages: int = 50,
    id_of: Callable[[T], str] | None = None,
    known: Collection[str] = (),
    page_size: int = 0,
) -> tuple[list[T], bool]:
    """What was made since a time, and whether the list reaches back to it.

    An item whose time `at` cannot tell counts as new. With `id_of` nothing comes twice, and what is `known` ends the
    way back; a server that ignores cursors then gives the same page again, which is all there is when it is short.
    """
    found: list[T] = []
    seen: set[str] = set()
    cursor = ""
    for _ in range(pages):
        items, cursor = await fetch(cursor)
        unseen = [item for item in items if id_of is None or id_of(item) not in seen]
        if items and not unseen:
            return found, len(items) < page_size / 2
        for item in unseen:
            moment = at(item)
            if (moment is not None and moment < since) or (id_of is not None and id_of(item) in known):
                return found, True
            found.append(item)
        seen.update(id_of(item) for item in unseen if id_of is not None)
        if not cursor or not items:
            return found, True
    return found, False


async def find_back(fetch: Fetch[T], is_wanted: Callable[[T], bool], *, pages: int = 50) -> T | None:
    """The newest item that is wanted, as far back as so many pages go."""
    cursor, before = "", None
    for _ in range(pages):
        items, cursor = await fetch(cursor)
        for item in items:
            if is_wanted(item):
                return item
        if not cursor or not items or cursor == before:
            break
        before = cursor
    return None


def note_newest(checkpoint: Mapping[str, Any], ids: Iterable[str], at: datetime) -> dict[str, Any]:
    """What is noted of the posts that stand there right before the call that counts: whatever is found later and is
    none of these may be ours. Noted once: an earlier call may have been stored when it is prepared once more."""
    return {} if "marked_at" in checkpoint else {"known": list(ids), "marked_at": at.isoformat()}


def read_newest(checkpoint: Mapping[str, Any], outgoing: Outgoing) -> tuple[datetime, Collection[str]]:
    """From when on ours can stand there, and the ids of posts that stood there before."""
    since = datetime.fromisoformat(checkpoint["marked_at"]) if "marked_at" in checkpoint else outgoing.created_at
    return since, checkpoint.get("known", ())


def judge(
    outgoing: Outgoing, matching: Sequence[RemoteRef], *, complete: bool, as_of: datetime, network: str
) -> Reconciliation:
    """Of posts that read like ours, newest first, the oldest that nobody owns: a look for its twin takes the next."""
    free = [ref for ref in matching if not outgoing.is_of_another(ref)]
    if free:
        return Found(free[-1])
    if complete:
        return AbsentAsOf(as_of)
    return CannotTell(
        Problem(
            "too_many_posts",
            gettext_noop("%(network)s lists too many posts to look through."),
            params={"network": network},
        )
    )


async def resolve_own(
    fetch: Awaitable[T | None],
    network: str,
    handle: str,
    *,
    is_ours: Callable[[T], bool],
    ref_of: Callable[[T], RemoteRef],
) -> Found | NoSuchPost:
    """The post that an address names, when it is one of the account's own. Raises Failed."""
    try:
        post = await fetch
    except Failed as failed:
        if not failed.gone:
            raise
        post = None
    if post is None:
        return NoSuchPost(addresses.not_there(network))
    return Found(ref_of(post)) if is_ours(post) else NoSuchPost(addresses.of_another(network, handle))


async def look_at_noted(
    fetch: Awaitable[T], *, is_public: Callable[[T], bool], ref_of: Callable[[T], RemoteRef]
) -> Found | AbsentAsOf:
    """Whether what an earlier stage made and noted (a draft, a container) has become public. Raises Failed."""
    looked_at = datetime.now(UTC)
    try:
        made = await fetch
    except Failed as failed:
        if not failed.gone:
            raise
        return AbsentAsOf(looked_at)
    return Found(ref_of(made)) if is_public(made) else AbsentAsOf(looked_at)
