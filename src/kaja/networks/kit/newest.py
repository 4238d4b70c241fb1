"""Looking through an account's own posts, newest first: what was posted lately, and the one whose answer was lost."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.results import AbsentAsOf, CannotTell, Found, Reconciliation, RemoteRef

T = TypeVar("T")


async def read_back(
    fetch: Callable[[str], Awaitable[tuple[Sequence[T], str]]],
    at: Callable[[T], datetime | None],
    since: datetime,
    *,
    pages: int = 50,
) -> tuple[list[T], bool]:
    """What was made since a time, and whether the list reaches back to it.

    `fetch` gets the cursor of a page (empty for the first) and gives its items and the next cursor, empty at the end.
    An item whose time `at` cannot tell counts as new.
    """
    found: list[T] = []
    cursor = ""
    for _ in range(pages):
        items, cursor = await fetch(cursor)
        for item in items:
            moment = at(item)
            if moment is not None and moment < since:
                return found, True
            found.append(item)
        if not cursor or not items:
            return found, True
    return found, False


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
