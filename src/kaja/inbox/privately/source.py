"""Private replies and their public answers as sources of deliveries (`kaja.delivery.sources.Source`).

Whether one may still go is asked each time before it is sent, also when it was frozen at an earlier try
(`asks_always`): days may lie between two tries of a channel that was out of order.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Q

from kaja.delivery import problems
from kaja.delivery.engine.row import Work
from kaja.delivery.frozen import Frozen, FrozenRef
from kaja.delivery.models import Delivery
from kaja.delivery.sources import Answer, Made, NotSo, Subject, Words
from kaja.inbox.privately.models import PrivateSending, SendingState
from kaja.inbox.privately.planning import plan_again
from kaja.inbox.privately.questions import fetch_asked, find_stops
from kaja.inbox.privately.rooms import Rooms
from kaja.inbox.privately.stopping import mark_stopped
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, fill_params
from kaja.kernel.tenancy import workspace_scope


class PrivateSource:
    """The source is a `PrivateSending`: of the private reply by its id, of the public answer by its `public_key`."""

    asks_always = True

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        by_workspace: dict[UUID, list[Work]] = defaultdict(list)
        for work in works:
            by_workspace[work.row.workspace_id].append(work)
        answers: dict[UUID, Answer] = {}
        for workspace_id, its in by_workspace.items():
            with workspace_scope(workspace_id):
                answers |= _prepare(its)
        return answers

    def follow(self, source_id: UUID) -> None:
        """The public answer has no hours of its own: it follows the private one at once."""
        plan_again(source_id)

    def describe(self, source_ids: Collection[UUID]) -> Mapping[UUID, Subject]:
        found = {}
        for row in _find(source_ids):
            found[row.id] = Subject(row.conversation_id, " ".join(row.text.split()), 0)
            if row.public_key is not None:
                found[row.public_key] = Subject(row.conversation_id, " ".join(row.public_text.split()), 0)
        return found

    def list_words(self, rows: Sequence[Delivery]) -> Mapping[UUID, Words]:
        known = {}
        for row in _find([each.source_id for each in rows]):
            known[row.id] = Words(str((row.answer.get("private") or {}).get("text") or row.text))
            if row.public_key is not None:
                known[row.public_key] = Words(str((row.answer.get("public") or {}).get("text") or row.public_text))
        return {each.id: known[each.source_id] for each in rows if each.source_id in known}


def _find(source_ids: Collection[UUID]) -> list[PrivateSending]:
    ids = list(source_ids)
    return list(PrivateSending.objects.filter(Q(id__in=ids) | Q(public_key__in=ids)))


def _prepare(works: Sequence[Work]) -> dict[UUID, Answer]:
    ids = [work.row.source_id for work in works]
    rows = fetch_asked(PrivateSending.objects.filter(Q(id__in=ids) | Q(public_key__in=ids)))
    by_source: dict[UUID, PrivateSending] = {}
    for row in rows:
        by_source[row.id] = row
        if row.public_key is not None:
            by_source[row.public_key] = row
    asked = [(work, by_source[work.row.source_id]) for work in works if work.row.source_id in by_source]
    asked = [(work, row) for work, row in asked if not work.row.may_stand]
    private = [row for work, row in asked if work.row.source_id == row.id]
    stops = find_stops(private)
    public_stops = find_stops([row for work, row in asked if work.row.source_id != row.id], public=True)
    late = Rooms([row.reply for row in private if row.reply], now()).list_late(private) if private else set()
    answers: dict[UUID, Answer] = {}
    for work in works:
        source_id, known = work.row.source_id, by_source.get(work.row.source_id)
        if known is None:
            answers[work.row.id] = NotSo.WITHDRAWN
            continue
        is_public = source_id != known.id
        problem = (public_stops if is_public else stops).get(known.id)
        if work.row.may_stand:
            answers[work.row.id] = _make(work, known, is_public)
        elif known.state == SendingState.STOPPED or (is_public and not known.open):
            answers[work.row.id] = NotSo.WITHDRAWN
        elif problem is not None:
            _note_stopped(known.id, is_public, problem)
            answers[work.row.id] = NotSo.WITHDRAWN
        elif not is_public and known.id in late:
            answers[work.row.id] = NotSo.STALE
        else:
            answers[work.row.id] = _make(work, known, is_public)
    return answers


def _note_stopped(sending_id: UUID, is_public: bool, problem: Problem) -> None:
    row = lock(PrivateSending.objects.filter(id=sending_id)).first()
    if row is not None and (row.state == SendingState.SENT) == is_public:
        mark_stopped(row, problem)
        row.save(update_fields=["state", "problem", "public_problem", "open"])


def _make(work: Work, row: PrivateSending, is_public: bool) -> Answer:
    try:
        answer = row.answer["public" if is_public else "private"]
        frozen = Frozen(
            kind=work.row.kind.value,
            text=answer["text"],
            options=answer["options"],
            created_at=work.at,
            reply_to=FrozenRef.model_validate(answer["to"]),
            root=FrozenRef.model_validate(answer["root"]) if answer["root"] else None,
        )
    except (KeyError, ValueError, TypeError) as error:
        return fill_params(problems.CONTENT_BROKE, error=type(error).__name__)
    return Made(frozen)
