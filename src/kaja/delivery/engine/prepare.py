"""From claimed rows to work: the checks at claim time and the content, asked for a whole batch at once."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from kaja.channels.models import QuotaState
from kaja.channels.sessions import parse_facts
from kaja.delivery import problems
from kaja.delivery.engine import decide
from kaja.delivery.engine.decide import Verdict
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.row import Claimed, Work
from kaja.delivery.engine.threads import in_thread
from kaja.delivery.files import items_of, open_files, render_key
from kaja.delivery.frozen import Frozen, parse_frozen
from kaja.delivery.models import Kind, State
from kaja.delivery.sources import SOURCES, Answer, Made, NotSo, is_asked_again
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.acting import find_publisher
from kaja.networks.kit.alike import could_be_same
from kaja.networks.kit.connector import is_drawing_on
from kaja.networks.kit.facts import Facts
from kaja.networks.registry import CONNECTORS

log = logging.getLogger(__name__)
BEARS_DUE = timedelta(minutes=1)
"""Content that was made ahead bears its due time; what goes out later than that bears the moment at which it does."""


@dataclass(slots=True)
class Prepared:
    """Ready to run, or (with a verdict) settled without a call, or (stale) made before the source's last change."""

    work: Work | None
    row: Claimed
    verdict: Verdict | None = None
    stale: bool = False

    def settle(self, verdict: Verdict) -> None:
        self.work, self.verdict = None, verdict


class FactsCache:
    """Channel facts, parsed once per version. Most channels of a network have the same limits, which they share."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[dict[str, object], Facts]] = {}
        self._limits: dict[str, Mapping[str, Any]] = {}

    def get(self, row: Claimed) -> Facts:
        known, access = self._known.get(row.channel_id), row.access
        if known is not None and known[0] == access.facts:
            return known[1]
        facts = parse_facts(access.facts, access.account_id, access.handle, access.name)
        if len(self._limits) > 1000:
            self._limits.clear()
        facts = replace(facts, limits=self._limits.setdefault(repr(facts.limits), facts.limits))
        if len(self._known) > 20_000:
            self._known.clear()
        self._known[row.channel_id] = (access.facts, facts)
        return facts


async def prepare(rows: Iterable[Claimed], facts: FactsCache, now: datetime, pace: Pace) -> list[Prepared]:
    """Everything that can be said about a batch before any call, in a few statements for all of it."""
    prepared = [_judged(row, facts, now) for row in rows]
    # What was made ahead of its time is asked for once more: nothing older than the source is goes out.
    new = [each for each in prepared if each.work and _is_asked(each.row)]
    if new:
        answers = await in_thread(_ask_sources, [each.work for each in new if each.work])
        for each in new:
            _take(each, answers[each.row.id], now)
    frozen = [each for each in prepared if each.work and each.work.frozen is None]
    for each in frozen:
        _read(each)
    if wanted := [each for each in frozen if each.work and each.work.frozen and any(each.work.frozen.list_media())]:
        await in_thread(_open, wanted)
    await _hold_back(prepared, now, pace)
    return prepared


def _is_asked(row: Claimed) -> bool:
    return row.content is None or row.made_ahead or (not row.may_stand and is_asked_again(row.source_kind))


async def _hold_back(prepared: Sequence[Prepared], now: datetime, pace: Pace) -> None:
    """What could be sent, and not now: there is no budget, or something alike may stand there."""
    ready = [each for each in prepared if each.work and each.row.state == State.SENDING]
    if spent := [each.work for each in ready if each.work and decide.without_budget(each.row, now)]:
        await in_thread(_narrow_quotas, spent)
    for each in ready:
        if (verdict := decide.without_budget(each.row, now)) is not None:
            each.settle(verdict)
        elif each.work and _has_twin_in_doubt(each.work):
            each.settle(decide.behind_twin(each.row, now, pace))


def _has_twin_in_doubt(work: Work) -> bool:
    """Whether something of the channel that may or may not stand there reads like this."""
    if not work.row.doubted or work.frozen is None or work.row.kind == Kind.ACT:
        return False
    return any(could_be_same(work.frozen.text, text) for text in work.row.doubted)


def _narrow_quotas(works: Sequence[Work]) -> None:
    """Let each row wait only for the budgets that it draws on: one for files does not hold back a text."""
    for work in works:
        row, info = work.row, work.connector.info
        if not info.quota_uses:
            continue
        media = work.frozen is not None and any(work.frozen.list_media())
        with workspace_scope(row.workspace_id):
            quotas = QuotaState.objects.filter(channel_id=row.channel_id)
            until = [each.used_up_until for each in quotas if is_drawing_on(info, each.bucket, media=media)]
        row.access.quota_until = max((moment for moment in until if moment is not None), default=None)


def _judged(row: Claimed, facts: FactsCache, now: datetime) -> Prepared:
    """One row that nobody can make sense of must not keep the others from going out."""
    try:
        return _judge(row, facts, now)
    except Exception as error:  # noqa: BLE001
        return Prepared(None, row, _broken(row, error))


def _broken(row: Claimed, error: Exception) -> Verdict:
    log.error("delivery %s cannot be prepared: %s", row.id, type(error).__name__)
    return decide.refused(row, problems.fill_params(problems.CONTENT_BROKE, error=type(error).__name__))


def _judge(row: Claimed, facts: FactsCache, now: datetime) -> Prepared:
    connector = CONNECTORS.get(row.access.network)
    if row.state == State.SENDING:
        verdict = decide.before_sending(row, now)
        if verdict is None and connector is not None and not connector.info.quota_uses:
            verdict = decide.without_budget(row, now)
        if verdict is not None:
            return Prepared(None, row, verdict)
    if connector is None or find_publisher(connector, row.kind.value) is None:
        problem = problems.fill_params(problems.NO_CONNECTOR, network=row.access.network)
        return Prepared(None, row, decide.refused(row, problem))
    return Prepared(Work(row, connector, facts.get(row), _moment_of(row, now)), row)


def _moment_of(row: Claimed, now: datetime) -> datetime:
    """What content that is made now bears: before its time that, else the present."""
    at = max(row.due_at, now).astimezone(UTC) if row.state == State.SCHEDULED else now.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _ask_sources(works: Sequence[Work]) -> dict[UUID, Answer]:
    """What each row is to send, from whom it belongs to: one call for each kind of source."""
    kinds: dict[str, list[Work]] = {}
    for work in works:
        kinds.setdefault(work.row.source_kind, []).append(work)
    answers: dict[UUID, Answer] = {}
    for kind, its in kinds.items():
        if kind in SOURCES:
            answers |= SOURCES[kind].prepare(its)
        else:  # a newer version's
            unknown = problems.fill_params(problems.CONTENT_BROKE, error=kind)
            answers |= {work.row.id: unknown for work in its}
    return answers


def _take(each: Prepared, answer: Answer, now: datetime) -> None:
    row, work = each.row, each.work
    assert work is not None
    match answer:
        case Made(content, opened, followers):
            work.opened = opened
            if row.content is not None and (kept := _keep(row, content, now)) is not None:
                work.frozen = kept
            else:
                row.content, work.frozen = content.render(), content
            others = {str(position): frozen.render() for position, frozen in followers.items()}
            work.made = {str(row.position): row.content, **others}
        case Problem():
            each.settle(decide.refused(row, answer))
        case NotSo.STALE:
            each.settle(decide.hand_back(row, now))
            each.stale = True
        case NotSo.WITHDRAWN:
            each.settle(decide.withdrawn(row))


def _keep(row: Claimed, newest: Frozen, now: datetime) -> Frozen | None:
    """What was made ahead, when the source makes the same of it now and the moment that it bears is not long over.
    When it makes something else, what was staged is left behind."""
    assert row.content is not None
    try:
        made = parse_frozen(row.content)
    except ValueError:
        made = None
    if made is None or made.model_copy(update={"created_at": newest.created_at}) != newest:
        row.stage, row.checkpoint = "", {}
        return None
    return made if now < row.due_at + BEARS_DUE else None


def _read(each: Prepared) -> None:
    """What was frozen before."""
    row, work = each.row, each.work
    assert work is not None
    assert row.content is not None
    try:
        work.frozen = parse_frozen(row.content)
    except ValueError as error:
        each.settle(_broken(row, error))


def _open(wanted: Sequence[Prepared]) -> None:
    """The files of what was frozen before, with one query for all of it."""
    places = {
        (each.row.workspace_id, each.row.id): items_of(each.work.frozen)
        for each in wanted
        if each.work and each.work.frozen
    }
    files = open_files(places)
    for each in wanted:
        found = files[each.row.workspace_id, each.row.id]
        if isinstance(found, Problem):
            each.settle(decide.refused(each.row, found))
        elif each.work:
            each.work.opened = {render_key(item): media for item, media in found.items()}
