"""What the journal writes: one line of values for each change, and what is told of it."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from kaja.delivery.engine.decide import Ahead, Verdict
from kaja.delivery.engine.row import Claimed
from kaja.delivery.events import BY_NAME, DeliveryEvent, DeliveryUncertain
from kaja.delivery.models import State
from kaja.delivery.problems import OWNED, SEEKING, render_problem, say_for
from kaja.kernel.events import is_heard
from kaja.kernel.ids import new_id
from kaja.networks.kit.quotas import Quota

log = logging.getLogger(__name__)

_NUL = re.compile(r"(\\\\)|\\u0000")
"""In JSON: an escaped NUL. Behind an escaped backslash the same signs are somebody's words, so those are kept whole."""
MANY = 20
"""More changes than this of one workspace in one batch are told as one."""


@dataclass(slots=True)
class Record:
    """What is known of a finished call: goes into its attempt whether or not the row is still ours."""

    attempt: UUID | None
    outcome: str = ""
    message: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    evidence: list[Any] = field(default_factory=list)
    quotas: Mapping[str, Quota] = field(default_factory=dict)


@dataclass(slots=True)
class Item:
    kind: str
    values: dict[str, Any]
    row: Claimed
    done: "asyncio.Future[bool]"

    def settle(self, kept: bool) -> None:
        if not self.done.done():
            self.done.set_result(kept)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


def dump(rows: list[dict[str, Any]]) -> str:
    # PostgreSQL's jsonb holds no NUL character; a network may well send one.
    try:
        text = to_json(rows, fallback=str).decode()
    except ValueError:  # half a pair of UTF-16, which the database refuses in its own words
        text = json.dumps(rows, default=str)
    return _NUL.sub(r"\1", text) if r"\u0000" in text else text


def render_finish(row: Claimed, verdict: Verdict, record: Record) -> dict[str, Any]:
    """The row after a verdict, and the end of its attempt."""
    sent = verdict.state == State.SENT and verdict.ref is not None
    ref = verdict.ref if sent else None
    return {
        "id": row.id,
        "attempt": record.attempt,
        "fence": row.fence,
        "before": row.state.value,
        "state": verdict.state.value,
        "stage": verdict.stage,
        "checkpoint": verdict.checkpoint,
        "next_at": verdict.next_at,
        "keeps": verdict.goes_on or verdict.repeat,
        "tries": min(verdict.tries, 30_000),
        "uncertain_since": verdict.uncertain_since,
        "needs_person": verdict.needs_person,
        "problem": render_problem(say_for(row.kind, verdict.problem)) if verdict.problem else None,
        "candidates": list(verdict.candidates),
        "remote_id": ref.id[:500] if ref else None,
        "remote_url": ref.url[:1000] if ref else None,
        "data": dict(ref.data) if ref else None,
        "sent_at": verdict.sent_at,
        "announce": verdict.announce if is_heard(BY_NAME.get(verdict.announce, DeliveryEvent)) else "",
        "outcome": record.outcome,
        "message": record.message[:300],
        "params": dict(record.params),
        "evidence": record.evidence,
        "at": datetime.now(UTC),
        "publication": new_id(),
    }


def render_ahead(row: Claimed, ahead: Ahead, record: Record) -> dict[str, Any]:
    """A row of which something was staged before its time, and the end of that attempt."""
    return {
        "id": row.id,
        "attempt": record.attempt,
        "fence": row.fence,
        "stage": ahead.stage,
        "checkpoint": ahead.checkpoint,
        "ahead_at": ahead.at,
        "keeps": ahead.goes_on,
        "outcome": record.outcome,
        "message": record.message[:300],
        "params": dict(record.params),
        "evidence": record.evidence,
        "at": datetime.now(UTC),
    }


def disown(item: Item) -> bool:
    """What was taken for this delivery's belongs to another: found by words, it is looked for again; named by the
    network itself, a person decides. False when it was not about that."""
    values = item.values
    if item.kind != "finish" or values["state"] != State.SENT.value:
        return False
    log.warning("delivery %s: what stands there belongs to another", item.row.id)
    told = values["outcome"] == "sent" or item.row.witness is not None
    values |= {
        "state": State.UNCERTAIN.value,
        "stage": item.row.stage,
        "checkpoint": item.row.checkpoint,
        "next_at": None if told else datetime.now(UTC) + timedelta(seconds=1),
        "uncertain_since": item.row.uncertain_since or datetime.now(UTC),
        "needs_person": told,
        "problem": render_problem(say_for(item.row.kind, OWNED if told else SEEKING)),
        "remote_id": None,
        "remote_url": None,
        "sent_at": None,
        "announce": "uncertain" if told and is_heard(DeliveryUncertain) else "",
        # Not as "sent" or "found", or the next look would believe it.
        "outcome": "taken",
    }
    return True


def live_payloads(items: list[Item]) -> list[str]:
    """One message per changed subject, or one for the whole workspace when there are many, or one that is not known."""
    subjects: dict[UUID, set[UUID | None]] = {}
    for item in items:
        if not item.values["keeps"]:
            subjects.setdefault(item.row.workspace_id, set()).add(item.row.subject_id)
    return [
        json.dumps({"workspace": str(workspace), "topic": "delivery", "id": str(subject) if subject else None})
        for workspace, ids in subjects.items()
        for subject in (ids if len(ids) <= MANY and None not in ids else [None])
    ]
