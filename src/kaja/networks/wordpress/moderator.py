"""Comments of visitors: approved, held back, called spam, moved to the trash and taken out of it.

https://developer.wordpress.org/rest-api/reference/comments/, read 2026-11-30. A site answers 500 to a status that a
comment has already (WP_REST_Comments_Controller::update_item, 6.8), so it is asked before.
"""

from collections.abc import Mapping

from kaja.networks.kit.facts import Facts
from kaja.networks.kit.guards import Failed, changing
from kaja.networks.kit.http import Session
from kaja.networks.kit.moderation import Act, Own
from kaja.networks.kit.reading import Kind
from kaja.networks.kit.results import Changed, ChangeResult, RemoteRef
from kaja.networks.wordpress.api import REST
from kaja.networks.wordpress.comments import ROUTE

_ON_OTHERS: frozenset[Act] = frozenset({"approve", "hide", "unhide", "spam", "delete"})
_STATUSES: Mapping[str, str] = {
    "approve": "approved", "unhide": "approved", "hide": "hold", "spam": "spam", "delete": "trash",
}  # fmt: skip

acts: Mapping[Kind | Own, frozenset[Act]] = {
    "comment": _ON_OTHERS,
    "reply": _ON_OTHERS,
    "review": _ON_OTHERS,
    "own": frozenset({"delete"}),
}


def can_act(act: Act, facts: Facts) -> bool:
    """An author moderates below articles of their own only; the site says no to the others."""
    return bool({"moderate_comments", "edit_posts"} & set(facts.permissions))


@changing
async def act(act: Act, target: RemoteRef, author_id: str, facts: Facts, session: Session) -> ChangeResult:
    wanted, route = _STATUSES[act], f"{ROUTE}/{target.id}"
    try:
        if await _fetch_status(route, session) == wanted:
            return Changed(None)
        await REST.call(session, "POST", route, json={"status": wanted}, irreversible=True)
    except Failed as failed:
        if failed.gone:
            if act == "delete":
                return Changed(None)
            raise
        # Somebody may have done the same in this moment.
        if failed.lost or await _fetch_status(route, session) != wanted:
            raise
    return Changed(None)


async def _fetch_status(route: str, session: Session) -> str:
    return str((await REST.fetch(session, route, "status", context="edit"))["status"])
