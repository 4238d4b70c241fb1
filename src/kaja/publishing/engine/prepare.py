"""From claimed rows to work: the checks at claim time and the content, resolved for a whole batch at once."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from kaja.channels.models import QuotaState
from kaja.channels.sessions import parse_facts
from kaja.content.document import Document, Overrides, resolve
from kaja.content.queries import media_items
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.media.item import MediaItem
from kaja.media.models import Asset
from kaja.media.open import open_asset, render_key
from kaja.networks.kit.alike import could_be_same
from kaja.networks.kit.connector import Facts, draws_on
from kaja.networks.kit.content import Draft, Media
from kaja.networks.kit.problems import Problem
from kaja.networks.registry import CONNECTORS
from kaja.publishing import problems
from kaja.publishing.engine import decide
from kaja.publishing.engine.decide import Verdict
from kaja.publishing.engine.pace import Pace
from kaja.publishing.engine.row import Claimed, Work
from kaja.publishing.engine.threads import in_thread
from kaja.publishing.frozen import Frozen, freeze_draft, list_media
from kaja.publishing.models import State
from kaja.workspaces.errors import Refused

log = logging.getLogger(__name__)
Opened = Mapping[MediaItem, Media]
Place = tuple[UUID, UUID]
"""Workspace and delivery."""


@dataclass(slots=True)
class Prepared:
    """Ready to run, or (with a verdict) settled without a call, or (stale) made before the post's last change."""

    work: Work | None
    row: Claimed
    verdict: Verdict | None = None
    stale: bool = False
    opened: Mapping[str, Media] | None = None
    followers: dict[str, Frozen] | None = None


class FactsCache:
    """Channel facts, parsed once per version."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[dict[str, object], Facts]] = {}

    def get(self, row: Claimed) -> Facts:
        known = self._known.get(row.channel_id)
        if known is not None and known[0] == row.facts:
            return known[1]
        facts = parse_facts(row.facts, row.account_id, row.handle, row.channel_name)
        if len(self._known) > 20_000:
            self._known.clear()
        self._known[row.channel_id] = (row.facts, facts)
        return facts


async def prepare(rows: Iterable[Claimed], facts: FactsCache, now: datetime, pace: Pace) -> list[Prepared]:
    """Everything that can be said about a batch before any call; one query for the files of all of it."""
    rows = list(rows)
    if spent := [row for row in rows if _may_go_on(row, now)]:
        await in_thread(_narrow_quotas, spent)
    prepared = [_judged(row, facts, now) for row in rows]
    wanted = {
        (each.row.workspace_id, each.row.id): items for each in prepared if each.work and (items := _items_of(each.row))
    }
    files = await in_thread(_open_files, wanted) if wanted else {}
    for each in prepared:
        if each.work is not None:
            _fill(each, files.get((each.row.workspace_id, each.row.id), {}), now)
        if each.work is not None and _has_twin_in_doubt(each.row):
            each.work, each.verdict = None, decide.behind_twin(each.row, now, pace)
    return prepared


def _has_twin_in_doubt(row: Claimed) -> bool:
    """Whether something of the channel that may or may not stand there reads like this."""
    if row.state != State.SENDING or not row.doubted or row.content is None:
        return False
    return any(could_be_same(row.content["text"], text) for text in row.doubted)


def _may_go_on(row: Claimed, now: datetime) -> bool:
    """Whether a budget is used up that this row perhaps does not need."""
    connector = CONNECTORS.get(row.network)
    spent = row.quota_until is not None and row.quota_until > now
    return spent and connector is not None and bool(connector.info.quota_uses)


def _narrow_quotas(rows: list[Claimed]) -> None:
    """Let each row wait only for the budgets that it draws on: one for files does not hold back a text."""
    for row in rows:
        info, media = CONNECTORS[row.network].info, bool(_items_of(row))
        with workspace_scope(row.workspace_id):
            quotas = QuotaState.objects.filter(channel_id=row.channel_id)
            until = [each.used_up_until for each in quotas if draws_on(info, each.bucket, media=media)]
        row.quota_until = max((moment for moment in until if moment is not None), default=None)


def _judged(row: Claimed, facts: FactsCache, now: datetime) -> Prepared:
    """One row that nobody can make sense of must not keep the others from going out."""
    try:
        return _judge(row, facts, now)
    except Exception as error:  # noqa: BLE001
        log.error("delivery %s cannot be prepared: %s", row.id, type(error).__name__)
        problem = problems.with_params(problems.CONTENT_BROKE, error=type(error).__name__)
        return Prepared(None, row, decide.refused(row, problem))


def _judge(row: Claimed, facts: FactsCache, now: datetime) -> Prepared:
    if row.state == State.SENDING:
        verdict = decide.before_sending(row, now)
        if verdict is not None:
            return Prepared(None, row, verdict)
        if row.content is None and row.post_revision != row.revision:
            return Prepared(None, row, decide.hand_back(row, now), stale=True)
    connector = CONNECTORS.get(row.network)
    if connector is None:
        problem = problems.with_params(problems.NO_CONNECTOR, network=row.network)
        return Prepared(None, row, decide.refused(row, problem))
    return Prepared(Work(row, connector, facts.get(row)), row)


def _items_of(row: Claimed) -> list[MediaItem]:
    """Uses of assets in what this row sends; read from the JSON first, because most posts have none."""
    try:
        if row.content is not None:
            return list_media(row.content)
        document, overrides = row.document, row.overrides
        if not any(_may_have_files(source) for source in (document, overrides)):
            return []
        return media_items(Document.model_validate(document), Overrides.model_validate(overrides))
    except (ValueError, AttributeError, TypeError, KeyError):
        return []  # what is wrong with it is said when it is put together


def _may_have_files(source: Mapping[str, object]) -> bool:
    parts = source.get("parts") or ()
    card = source.get("link_card")
    return bool(card) or any(part.get("media") for part in parts)  # type: ignore[attr-defined]


def _open_files(wanted: dict[Place, list[MediaItem]]) -> dict[Place, Opened | Problem]:
    """The files of many deliveries. The one query sees every workspace, so each file is asked for by its own."""
    with system_scope(SystemPurpose.CLAIM):
        ids = {item.asset for items in wanted.values() for item in items}
        assets = {(asset.workspace_id, asset.id): asset for asset in Asset.objects.filter(id__in=ids)}
    opened: dict[Place, Opened | Problem] = {}
    for place, items in wanted.items():
        try:
            opened[place] = {item: open_asset(assets[place[0], item.asset], item) for item in items}
        except Refused as refused:
            opened[place] = refused.problems[0]
        except (KeyError, OSError, ValueError) as error:
            opened[place] = problems.with_params(problems.CONTENT_BROKE, error=type(error).__name__)
    return opened


def _fill(each: Prepared, files: Opened | Problem, now: datetime) -> None:
    row, work = each.row, each.work
    assert work is not None
    if isinstance(files, Problem):
        each.work, each.verdict = None, decide.refused(row, files)
        return
    each.opened = {render_key(item): media for item, media in files.items()}
    if row.content is not None:
        return
    try:
        draft = draft_of(row, files)
        found = (
            [p for p in work.connector.check(draft, work.facts) if p.severity == "error"] if row.position == 0 else []
        )
        if found:
            each.work, each.verdict = None, decide.refused(row, found[0])
            return
        frozen = freeze_draft(draft, now.astimezone(UTC).replace(microsecond=now.microsecond // 1000 * 1000))
        row.content = frozen[row.position]
    except Exception as error:  # noqa: BLE001 - a document that cannot be read, or a connector's check that breaks
        log.error("content of delivery %s: %s", row.id, type(error).__name__)
        problem = problems.with_params(problems.CONTENT_BROKE, error=type(error).__name__)
        each.work, each.verdict = None, decide.refused(row, problem)
        return
    if row.position == 0 and len(frozen) > 1:
        each.followers = {str(position): content for position, content in enumerate(frozen) if position}


def draft_of(row: Claimed, files: Opened) -> Draft:
    """The draft of the row's variant."""

    def open_media(item: MediaItem) -> Media:
        media = files[item]
        return media if not item.alt or media.alt == item.alt else replace(media, alt=item.alt)

    return resolve(
        Document.model_validate(row.document), Overrides.model_validate(row.overrides), row.options, open_media
    )
