"""Looking again: networks tell of what is new, and hardly ever of what was edited or deleted since.

What was read below a post of ours, or in a thread elsewhere, is looked at again as long as people come back to it, less
and less often. Each place has a poll of its own; something new there begins its schedule again.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from kaja.channels.models import Channel
from kaja.kernel.beside import run_beside
from kaja.kernel.clock import now
from kaja.kernel.tenancy import entered_workspace_id, workspace_scope
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.guards import Failed
from kaja.networks.kit.reading import Again, Incoming, Rereader, ThreadPage, find_rereader
from kaja.networks.registry import CONNECTORS
from kaja.reading.keeping import list_known, mark_gone, place_of, take_in
from kaja.reading.models import Poll
from kaja.reading.topics import Answer, Asked, Claimed, make_failed

WHAT = "thread"
STEPS = tuple(
    timedelta(**each)
    for each in (
        {"minutes": 5}, {"minutes": 15}, {"hours": 1}, {"hours": 3}, {"hours": 12}, {"days": 1}, {"days": 3},
        {"days": 7}, {"days": 14}, {"days": 30}, {"days": 60}, {"days": 90},
    )
)  # fmt: skip
"""Ages of the newest thing at a place at which it is looked at again."""
MOST = 20_000
"""Of what is known at one place that is compared in one look."""


_Places = dict[tuple[UUID, str], tuple[datetime, bool]]
"""By channel and place: since when, and whether it is a post of ours."""


def find_next(since: datetime, moment: datetime) -> datetime | None:
    """When to look again at a place where something was new at `since`; None: not any more. Pure."""
    return next((since + step for step in STEPS if since + step > moment), None)


def subject_of(channel_id: UUID, place: str) -> UUID:
    """The subject of the poll that looks at a place: the same for whoever comes upon it."""
    return uuid5(channel_id, place)


def plan_looks(channel_id: UUID, items: Iterable[Incoming]) -> None:
    """Something was read: where it stands is looked at again. Inside the scope."""
    places: _Places = {}
    for item in items:
        if place := place_of(item):
            since, own = places.get((channel_id, place), (item.at, False))
            places[channel_id, place] = max(since, item.at), own or bool(item.publication)
    _plan(places, None)


def plan_posts(channel_id: UUID, posts: Iterable[str], since: datetime, *, at_once: bool = False) -> None:
    """Posts of the account are looked at from now on: one was sent, or has something new below it. Inside the scope."""
    _plan({(channel_id, post): (since, True) for post in posts if post}, now() if at_once else None)


def plan_sent(sent: Iterable[tuple[UUID, str, datetime]]) -> None:
    """Posts that went out, by channel, name on the network and time, are looked at from then on. Inside the scope."""
    _plan({(channel_id, post): (since, True) for channel_id, post, since in sent if post}, None)


def _plan(places: _Places, at: datetime | None) -> None:
    moment = now()
    planned: dict[UUID, tuple[UUID, str, datetime, bool, datetime]] = {}
    for (channel_id, place), (since, own) in places.items():
        since = min(since, moment).astimezone(UTC)  # a network's clock may be ahead
        if (next_at := at or find_next(since, moment)) is not None:
            planned[subject_of(channel_id, place)] = channel_id, place, since, own, next_at
    if not planned:
        return
    networks = Channel.objects.filter(id__in={each[0] for each in planned.values()}).values_list("id", "network")
    reread = {channel_id for channel_id, network in networks if find_rereader(CONNECTORS.get(network)) is not None}
    planned = {subject: each for subject, each in planned.items() if each[0] in reread}
    if not planned:
        return
    channels = {each[0] for each in planned.values()}
    known = Poll.objects.filter(channel_id__in=channels, what=WHAT, subject_id__in=planned)
    standing = {poll.subject_id: poll for poll in known}
    changed = []
    for subject, (_, _, since, _, next_at) in planned.items():
        if (poll := standing.get(subject)) is None:
            continue
        if poll.next_at is None or next_at < poll.next_at:
            poll.next_at = max(next_at, poll.not_before) if poll.not_before else next_at
        if since.isoformat() > poll.cursor.get("since", ""):
            poll.cursor = {**poll.cursor, "since": since.isoformat()}
        changed.append(poll)
    Poll.objects.bulk_update(changed, ["next_at", "cursor"])
    fresh = [
        Poll(
            workspace_id=entered_workspace_id(),
            channel_id=channel_id,
            what=WHAT,
            subject_id=subject,
            next_at=next_at,
            cursor={"place": place, "post": own, "since": since.isoformat()},
        )
        for subject, (channel_id, place, since, own, next_at) in planned.items()
        if subject not in standing
    ]
    Poll.objects.bulk_create(fresh, ignore_conflicts=True)


class ThreadTopic:
    """What is known at one place, compared with what the network says now.

    The cursor is `place`, `post` (whether it is a post of ours, below which the network is asked for all), `since`, and
    between two pieces of one look also where the list goes on (`at`), what it has shown (`seen`) and what is still to
    be asked for one by one (`ask`).
    """

    what = WHAT
    on_broken = False
    share: float | None = 0.35
    spread: float | None = None

    def is_for(self, connector: Connector) -> bool:
        return find_rereader(connector) is not None

    async def ask(self, asked: Asked) -> Answer:
        rereader = find_rereader(asked.connector)
        if rereader is None:
            return Answer(None)
        look = dict(asked.row.cursor)
        try:
            if "ask" in look or not look.get("post"):
                return await self._ask_each(rereader, look, asked)
            return await self._list(rereader, look, asked)
        except Failed as failed:
            return make_failed(failed.result)

    async def _list(self, rereader: Rereader, look: dict[str, Any], asked: Asked) -> Answer:
        page = await rereader.read_thread(look["place"], look.get("at") or {}, asked.facts, asked.session)
        if not isinstance(page, ThreadPage):
            raise Failed(page)
        row = asked.row
        look["seen"] = [*look.get("seen", ()), *(item.id for item in page.items)]
        look["covers"] = [*look.get("covers", ()), *page.covers]
        look["partial"] = look.get("partial", False) or not page.complete or len(look["seen"]) > MOST
        if page.cursor is not None and len(look["seen"]) <= MOST:
            return Answer(0.0, {**look, "at": page.cursor}, partial(_keep, row, page.items), unread=page.unread)
        known = await run_beside(partial(_list_known, row, [look["place"], *look["covers"]]))
        seen = set(look["seen"])
        missing = [each for each in known if each not in seen]
        if not missing or not rereader.at_once:
            # Who cannot be asked for single things is believed when the list was whole.
            gone = frozenset(missing if not look["partial"] and not page.unread else ())
            return self._end(look, asked, page.items, gone, page.unread)
        on = _strip(look) | {"ask": missing}
        return Answer(0.0, on, partial(_keep, row, page.items), unread=page.unread)

    async def _ask_each(self, rereader: Rereader, look: dict[str, Any], asked: Asked) -> Answer:
        left: list[str] | None = look.get("ask")
        if left is None:
            left = await run_beside(partial(_list_known, asked.row, [look["place"]]))
        these, then = left[: rereader.at_once], left[rereader.at_once :]
        again = await rereader.read_again(tuple(these), asked.facts, asked.session) if these else Again()
        if not isinstance(again, Again):
            raise Failed(again)
        if these and then:
            keep = partial(_keep, asked.row, again.items, again.gone)
            return Answer(0.0, {**look, "ask": then}, keep, unread=again.unread)
        return self._end(look, asked, again.items, again.gone, again.unread)

    def _end(
        self, look: dict[str, Any], asked: Asked, items: Sequence[Incoming], gone: frozenset[str], unread: int
    ) -> Answer:
        since = max([datetime.fromisoformat(look["since"]), *(min(item.at, asked.moment) for item in items)])
        next_at = find_next(since, asked.moment)
        seconds = (next_at - asked.moment).total_seconds() if next_at else None
        cursor = _strip(look) | {"since": since.isoformat()}
        return Answer(seconds, cursor, partial(_keep, asked.row, items, gone), unread=unread)


def _strip(look: dict[str, Any]) -> dict[str, Any]:
    """Without what belongs to one look only."""
    return {name: look[name] for name in ("place", "post", "since")}


def _keep(row: Claimed, items: Sequence[Incoming], gone: frozenset[str] = frozenset()) -> None:
    take_in(row.channel_id, WHAT, items)
    mark_gone(row.channel_id, WHAT, gone)


def _list_known(row: Claimed, places: list[str]) -> list[str]:
    with workspace_scope(row.workspace_id):
        return list_known(row.channel_id, places, MOST)
