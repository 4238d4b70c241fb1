"""What connectors read: each stream of a network is a topic of its own, and so is what was there before.

A stream is read forwards, and says until when it is complete. What was there before it was begun is read beside it,
newest first and with a smaller share of the budget, and says how far back that is. Between the two nothing is missing:
history begins where the stream's first page ended. When a network no longer knows where a stream stood, it begins
again, and history is read back to where the stream was complete.
"""

from datetime import datetime
from functools import partial
from typing import Any

from kaja.kernel.clock import now
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.reading import Page, Past, find_history, find_reader
from kaja.reading.keeping import take_in, tell_reactions
from kaja.reading.looks import plan_looks, plan_posts
from kaja.reading.models import Poll
from kaja.reading.topics import Answer, Asked, Claimed, make_failed

__all__ = ["PastTopic", "StreamTopic", "past_of", "take_in", "topic_of"]

PREFIX, PAST_PREFIX = "stream.", "past."
PAST_PAUSE = 0.5
"""Seconds between two pieces of history, where the network wishes no longer ones."""


def topic_of(stream: str) -> str:
    """The name of a stream's topic."""
    return PREFIX + stream


def past_of(stream: str) -> str:
    """The name of the topic of what was there before a stream began."""
    return PAST_PREFIX + stream


class StreamTopic:
    """One stream of every network that has it."""

    on_broken = False
    share: float | None = 0.5
    spread: float | None = 60.0

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.what = topic_of(stream)

    def is_for(self, connector: Connector) -> bool:
        reader = find_reader(connector)
        return reader is not None and self.stream in reader.streams

    async def ask(self, asked: Asked) -> Answer:
        reader = find_reader(asked.connector)
        if reader is None:
            return Answer(None)
        page = await reader.read(self.stream, dict(asked.row.cursor), asked.facts, asked.session)
        if not isinstance(page, Page):
            return make_failed(page)
        keep = partial(self._keep, asked.row, page, asked.connector)
        return Answer(max(page.again_after, 0.0), dict(page.cursor), keep, unread=page.unread)

    def _keep(self, row: Claimed, page: Page, connector: Connector) -> None:
        take_in(row.channel_id, self.stream, page.items)
        tell_reactions(row.channel_id, page.reactions)
        plan_looks(row.channel_id, page.items)
        plan_posts(row.channel_id, page.posts, now(), at_once=True)
        poll = Poll.objects.get(id=row.id)
        if page.reaches_back is not None:
            self._begin(poll, page, find_history(connector) is not None)
        if page.complete_until is not None:
            poll.complete_until = max(filter(None, (poll.complete_until, page.complete_until)))
        poll.save(update_fields=["complete_until", "reaches_back", "backlog"])

    def _begin(self, poll: Poll, page: Page, has_history: bool) -> None:
        """Reading begins, or begins again. What is known without gaps is then what follows from here."""
        until, reached, was_open = poll.complete_until, poll.reaches_back, poll.backlog
        assert page.reaches_back is not None
        if until is not None and page.reaches_back <= until:
            return  # the page goes as far back as was read before
        poll.reaches_back, poll.complete_until = page.reaches_back, None
        poll.backlog = has_history and page.before is not None
        past = {"what": past_of(self.stream), "channel_id": poll.channel_id, "subject_id": None}
        Poll.objects.filter(**past).delete()
        if not poll.backlog:
            return
        cursor: dict[str, Any] = {"at": page.before}
        if until is not None and reached is not None and not was_open:
            # While history was still being read, nobody knows where it would meet the rest: then all is read again.
            cursor |= {"until": until.isoformat(), "reached": reached.isoformat()}
        Poll.objects.create(**past, next_at=now(), cursor=cursor)


class PastTopic:
    """What was there before a stream began: made where a page says so, and gone when all was read."""

    on_broken = False
    share: float | None = 0.25
    spread: float | None = None

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.what = past_of(stream)

    def is_for(self, connector: Connector) -> bool:
        return find_history(connector) is not None

    async def ask(self, asked: Asked) -> Answer:
        history, cursor = find_history(asked.connector), dict(asked.row.cursor)
        if history is None:
            return Answer(None)
        past = await history.read_before(self.stream, dict(cursor.get("at") or {}), asked.facts, asked.session)
        if not isinstance(past, Past):
            return make_failed(past)
        until = datetime.fromisoformat(cursor["until"]) if cursor.get("until") else None
        met = until is not None and past.reaches_back is not None and past.reaches_back <= until
        if met or past.cursor is None:
            reached = datetime.fromisoformat(cursor["reached"]) if met else past.reaches_back
            return Answer(None, None, partial(self._keep, asked.row, past, reached, True), unread=past.unread)
        keep = partial(self._keep, asked.row, past, past.reaches_back, False)
        return Answer(PAST_PAUSE, {**cursor, "at": past.cursor}, keep, unread=past.unread)

    def _keep(self, row: Claimed, past: Past, reached: datetime | None, ends: bool) -> None:
        take_in(row.channel_id, self.stream, past.items)
        tell_reactions(row.channel_id, past.reactions)
        plan_looks(row.channel_id, past.items)
        stream = Poll.objects.filter(channel_id=row.channel_id, what=topic_of(self.stream), subject_id=None)
        if reached is not None:
            stream.update(reaches_back=reached)
        if ends:
            stream.update(backlog=False)
