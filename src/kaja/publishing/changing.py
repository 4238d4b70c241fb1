"""Edits and deletions on a network, as a job carries them out: what was asked for stands in `RemoteChange`."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from kaja.channels.models import Channel, Health
from kaja.channels.sessions import facts_of, open_session, record_health, record_quota
from kaja.delivery.files import items_of
from kaja.delivery.frozen import parse_frozen, thaw
from kaja.delivery.models import Attempt, Delivery, Publication
from kaja.delivery.problems import CALL_BROKE, CREDENTIALS_LOCKED, DISCONNECTED, fill_params, render_problem
from kaja.kernel.clock import now
from kaja.kernel.jobs import ComeAgain
from kaja.kernel.locks import lock
from kaja.kernel.loops import is_lost_database
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.media.open import open_assets, render_key
from kaja.networks.kit.connector import Connector
from kaja.networks.kit.content import Outgoing
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, run_blocking
from kaja.networks.kit.quotas import Quota
from kaja.networks.kit.results import (
    Changed,
    ChangeResult,
    ChannelTrouble,
    Later,
    NeedsReconnect,
    Rejected,
    RemoteRef,
)
from kaja.networks.registry import CONNECTORS
from kaja.publishing.models import CHANGES, RemoteChange

PATIENCE = timedelta(minutes=15)
"""The job's pauses grow to 17 minutes; a try after this time is the last one."""
CALL_LASTS = timedelta(minutes=10)
"""A call that began longer ago was cut off with its worker."""


FORGOTTEN = Problem(
    "change_forgotten",
    gettext_noop("A backup was restored since this was asked for, so it was not carried out."),
    fix=gettext_noop("Look at the post on the network; ask for the change again if it is still needed."),
)


class TryLater(ComeAgain):
    """The network did not carry the change out yet; the job comes again, when the network said how late, then."""


@dataclass
class _Call:
    """What one call needs, read before it: nothing of it asks the database while the network answers."""

    change: RemoteChange
    attempt: Attempt
    channel: Channel
    connector: Connector
    session: Session
    facts: Facts
    ref: RemoteRef
    outgoing: Outgoing | None

    async def make(self) -> ChangeResult:
        if self.outgoing is None:
            assert self.connector.remover is not None, "asked before"
            return await self.connector.remover.delete(self.ref, self.facts, self.session)
        assert self.connector.editor is not None, "asked before"
        return await self.connector.editor.edit(self.ref, self.outgoing, self.facts, self.session)


def carry_out_change(workspace_id: UUID, change_id: UUID, *, last_try: bool = False) -> None:
    """Make the call: the journal before, the call outside any transaction, the result after.

    Called outside a scope. Raises TryLater when the network asks to wait; on the last try that becomes a failure, and
    so does an error of Kaja's own, which is raised all the same.
    """
    try:
        _carry_out(workspace_id, change_id, last_try=last_try)
    except TryLater:
        raise
    except Exception as error:
        if last_try and not is_lost_database(error):
            _give_up(workspace_id, change_id, error)
        raise


def _give_up(workspace_id: UUID, change_id: UUID, error: Exception) -> None:
    problem = render_problem(fill_params(CALL_BROKE, error=type(error).__name__))
    with workspace_scope(workspace_id):
        change = lock(RemoteChange.objects.filter(id=change_id, state="wanted")).first()
        if change is not None:
            change.state, change.problem, change.finished_at = "failed", problem, now()
            change.save()
            notify_live(workspace_id, "delivery", change.publication.delivery.subject_id)


def _carry_out(workspace_id: UUID, change_id: UUID, *, last_try: bool) -> None:
    with workspace_scope(workspace_id):
        call = _begin(change_id, patient=not last_try)
    if call is None:
        return
    try:
        result = run_blocking(call.make)
    except BaseException as error:
        with workspace_scope(workspace_id):
            _close(call, "unknown", fill_params(CALL_BROKE, error=type(error).__name__))
        raise
    with workspace_scope(workspace_id):
        later = _finish(call, result, last_try)
    if later:
        raise TryLater(result.after if isinstance(result, Later) else 0.0)


def _seconds_closed(channel: Channel) -> float:
    """How long the network takes no changes from this channel, as any call before was told."""
    info = CONNECTORS[channel.network].info
    buckets = [each for each in channel.quotas.all() if "change" in info.quota_uses.get(each.bucket, ("change",))]
    until = max((each.used_up_until for each in buckets if each.used_up_until), default=None)
    return (until - now()).total_seconds() if until is not None else 0.0


def _begin(change_id: UUID, *, patient: bool) -> _Call | None:
    """Everything for the call, and its line in the journal; None when nothing is to be done any more.

    `patient`: wait, where the network takes no more from this channel for now.
    """
    # Two changes of one post at the same time could arrive in the other order.
    list(lock(Publication.objects.filter(changes=change_id)))
    change = (
        lock(RemoteChange.objects.filter(id=change_id))
        .select_related(
            "publication__delivery__channel",
            "publication__delivery__after__publication",
        )
        .get()
    )
    if change.state != "wanted":
        return None
    publication = change.publication
    delivery = publication.delivery
    running = Attempt.objects.filter(delivery=delivery, stage__in=CHANGES, finished_at=None)
    if running.filter(started_at__gt=now() - CALL_LASTS).exists():
        raise TryLater
    channel = delivery.channel
    if patient and (closed := _seconds_closed(channel)) > 0:
        raise TryLater(closed)
    try:
        if channel.disconnected_at is not None:
            raise Refused(DISCONNECTED)
        outgoing = _open_content(change, delivery)
        session, facts = open_session(channel), facts_of(channel)
    except (Refused, VaultError) as error:
        problem = error.problems[0] if isinstance(error, Refused) else CREDENTIALS_LOCKED
        change.state, change.problem, change.finished_at = "failed", render_problem(problem), now()
        change.save()
        notify_live(change.workspace_id, "delivery", delivery.subject_id)
        return None
    ref = RemoteRef(publication.remote_id, publication.remote_url, publication.data)
    attempt = Attempt.objects.create(delivery=delivery, fence=delivery.fence, stage=change.kind, started_at=now())
    return _Call(change, attempt, channel, CONNECTORS[channel.network], session, facts, ref, outgoing)


def _open_content(change: RemoteChange, delivery: Delivery) -> Outgoing | None:
    """What an edit brings; None for a deletion. Raises Refused when a file of it is gone."""
    if change.content is None:
        return None
    before = getattr(delivery.after, "publication", None) if delivery.after else None
    reply_to = RemoteRef(before.remote_id, before.remote_url, before.data) if before else None
    content = parse_frozen(change.content)
    opened = {render_key(item): media for item, media in open_assets(items_of(content)).items()}
    return thaw(content, delivery.id, opened, reply_to, reply_to)


def _close(call: _Call, outcome: str, reason: Problem | None = None) -> None:
    """The journal's line on how the call ended, and what the network said about budgets."""
    attempt, session = call.attempt, call.session
    attempt.finished_at, attempt.outcome, attempt.evidence = now(), outcome, list(session.exchanges)
    if reason is not None:
        stored = render_problem(reason)
        attempt.message, attempt.params = stored["message"], stored["params"]
    attempt.save()
    record_quota(call.channel, session.quotas.values())


def _note_budget(call: _Call, result: Later) -> None:
    """What one call was told holds for all of the channel."""
    if result.bucket is not None:
        at = now() + timedelta(seconds=result.after)
        record_quota(call.channel, [Quota(result.bucket, remaining=0, resets_at=at, blocked_until=at)])


def _finish(call: _Call, result: ChangeResult, last_try: bool) -> bool:
    """Write what came of it; whether it is to be tried again."""
    list(lock(Channel.objects.filter(id=call.channel.id)))  # what the call left behind of credentials and health
    publication = lock(Publication.objects.filter(id=call.change.publication_id)).get()
    change = lock(RemoteChange.objects.filter(id=call.change.id)).get()
    state = "failed"
    problem: Problem | None = None
    match result:
        case Changed(ref):
            _close(call, "done")
            _write_changed(publication, call.change, ref)
            state = "done"
        case Rejected(problem):
            _close(call, "rejected", problem)
        case NeedsReconnect(problem):
            _close(call, "reconnect", problem)
            record_health(call.channel, Health.RECONNECT, problem, used=call.session.credentials)
        case ChannelTrouble(problem):
            _close(call, "trouble", problem)
            record_health(call.channel, Health.UNREACHABLE, problem, certain=True)
            state = "failed" if last_try else "wanted"
        case _:
            problem = result.reason
            _close(call, "later" if isinstance(result, Later) else "unknown", problem)
            if isinstance(result, Later):
                _note_budget(call, result)
            state = "failed" if last_try else "wanted"
    notify_live(change.workspace_id, "delivery", call.change.publication.delivery.subject_id)
    if change.state != "wanted":
        return False  # a newer wish has replaced it meanwhile, and is carried out by itself
    change.state, change.problem = state, render_problem(problem) if problem else None
    change.finished_at = None if state == "wanted" else now()
    change.save()
    return state == "wanted"


def _write_changed(publication: Publication, change: RemoteChange, ref: RemoteRef | None) -> None:
    if change.kind == "delete":
        publication.deleted_at = now()
    else:
        assert change.content is not None
        publication.edited_at, publication.sent = now(), change.content
        if ref is not None:
            publication.remote_id, publication.remote_url = ref.id[:500], ref.url[:1000]
            publication.data = dict(ref.data)
    publication.save()


def is_old(change_id: UUID) -> bool:
    """Whether the change has been tried for so long that the next refusal is told to the person."""
    return RemoteChange.objects.filter(id=change_id, created_at__lt=now() - PATIENCE).exists()


def forget_changes() -> None:
    """After a restore. Repeating them does no harm on the network, but somebody may have changed it since in another
    way."""
    changes = RemoteChange.objects.filter(state="wanted")
    changes.update(state="failed", problem=render_problem(FORGOTTEN), finished_at=now())
