"""A post's variant as a source of deliveries: what the engine asks of it."""

import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from kaja.content.document import Document, Overrides, merge, resolve
from kaja.content.models import PostState, Variant
from kaja.content.queries import list_media_items
from kaja.delivery import problems
from kaja.delivery.engine.row import Claimed, Work
from kaja.delivery.files import Opened, open_files, render_key
from kaja.delivery.models import Delivery
from kaja.delivery.sources import Answer, Made, NotSo, Subject, Words
from kaja.kernel.problems import Problem
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.media.item import MediaItem
from kaja.networks.kit.content import Draft, Media
from kaja.publishing.drafts import freeze_draft
from kaja.publishing.sync import sync_deliveries

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Stored:
    """Post and variant, as the database gives them."""

    id: UUID
    workspace_id: UUID
    overrides: dict[str, Any]
    options: dict[str, Any]
    removed: datetime | None
    document: dict[str, Any]
    state: str
    deleted: datetime | None
    revision: int

    def find_change(self, row: Claimed) -> NotSo | None:
        """What has changed since the row was written; nothing of it matters once it may stand on the network."""
        if row.may_stand:
            return None
        if self.state != PostState.SCHEDULED or self.deleted is not None or self.removed is not None:
            return NotSo.WITHDRAWN
        return NotSo.STALE if self.revision != row.version else None

    def list_items(self) -> list[MediaItem]:
        """Uses of files; read from the JSON first, because most posts have none."""
        try:
            if not any(_may_have_files(source) for source in (self.document, self.overrides)):
                return []
            return list_media_items(Document.model_validate(self.document), Overrides.model_validate(self.overrides))
        except (ValueError, AttributeError, TypeError, KeyError):
            return []  # what is wrong with it is said when it is put together

    def make_draft(self, files: Opened) -> Draft:
        def open_media(item: MediaItem) -> Media:
            media = files[item]
            return media if not item.alt or media.alt == item.alt else replace(media, alt=item.alt)

        document, overrides = Document.model_validate(self.document), Overrides.model_validate(self.overrides)
        return resolve(document, overrides, self.options, open_media)


def _may_have_files(source: Mapping[str, Any]) -> bool:
    parts = source.get("parts") or ()
    return bool(source.get("link_card")) or any(part.get("media") for part in parts)


_COLUMNS = (
    "id", "workspace_id", "overrides", "options", "removed_at", "post__document", "post__state", "post__deleted_at",
    "post__revision",
)  # fmt: skip


class PostSource:
    """See `kaja.delivery.sources.Source`."""

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        with system_scope(SystemPurpose.CLAIM):
            rows = Variant.objects.filter(id__in={work.row.source_id for work in works}).values_list(*_COLUMNS)
            stored = {each.id: each for each in (_Stored(*values) for values in rows)}
        answers: dict[UUID, Answer] = {}
        making: dict[UUID, tuple[Work, _Stored]] = {}
        for work in works:
            row = work.row
            found = stored.get(row.source_id)
            # The one query sees every workspace.
            if found is None or found.workspace_id != row.workspace_id:
                answers[row.id] = NotSo.WITHDRAWN
            elif (change := found.find_change(row)) is not None:
                answers[row.id] = change
            else:
                making[row.id] = work, found
        wanted = {
            (each.workspace_id, row_id): items for row_id, (_, each) in making.items() if (items := each.list_items())
        }
        files = open_files(wanted)
        for row_id, (work, each) in making.items():
            answers[row_id] = _make(work, each, files.get((each.workspace_id, row_id), {}))
        return answers

    def follow(self, source_id: UUID) -> None:
        for post_id in Variant.objects.filter(id=source_id).values_list("post_id", flat=True):
            sync_deliveries(post_id)

    def describe(self, source_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        rows = Variant.objects.filter(id__in=source_ids)
        values = rows.values_list("id", "post_id", "post__summary", "post__revision")
        return {source_id: Subject(post_id, title, revision) for source_id, post_id, title, revision in values}

    def list_words(self, rows: Sequence[Delivery]) -> Mapping[UUID, Words]:
        variants = Variant.objects.select_related("post").in_bulk([row.source_id for row in rows])
        return {
            row.id: words
            for row in rows
            if row.source_id in variants and (words := _words_of(variants[row.source_id], row.position))
        }


def _words_of(variant: Variant, position: int) -> Words | None:
    document = merge(Document.model_validate(variant.post.document), Overrides.model_validate(variant.overrides))
    if position >= len(document.parts):
        return None
    return Words(document.parts[position].text, str((variant.options or {}).get("title") or ""))


def _make(work: Work, stored: _Stored, files: Opened | Problem) -> Answer:
    if isinstance(files, Problem):
        return files
    row = work.row
    try:
        draft = stored.make_draft(files)
        if row.position == 0:
            for problem in work.connector.rules.check(draft, work.facts):
                if problem.severity == "error":
                    return problem
        frozen = freeze_draft(draft, work.at)
        content = frozen[row.position]
    except Exception as error:  # noqa: BLE001 - a document that cannot be read, or a connector's check that breaks
        log.error("content of delivery %s: %s", row.id, type(error).__name__)
        return problems.fill_params(problems.CONTENT_BROKE, error=type(error).__name__)
    followers = dict(enumerate(frozen[1:], 1)) if row.position == 0 else {}
    return Made(content, {render_key(item): media for item, media in files.items()}, followers)
