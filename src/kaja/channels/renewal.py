"""Consents that are renewed before they end, and those that end: people are told a week before, and when it is over.

Renewing asks the network once, whoever else needs the same at that moment (`credentials.py`). A worker that is killed
on the way leaves its turn to the next, who asks with what is stored.
"""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from kaja.channels.checking import sealed_shut, tell_broken
from kaja.channels.credentials import Keeper
from kaja.channels.models import Channel, Grant, Health
from kaja.channels.sessions import make_session, record_health
from kaja.channels.vault import bound_to, open_values
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, gettext_noop
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.consent import Consent
from kaja.networks.kit.http import Session, TransportError, run_blocking
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission

WARN = timedelta(days=7)
PAUSE, LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=6)
"""After a renewal that did not work, doubled each time."""
TROUBLED = 3
"""So many failures in a row are shown at the channels, once the tokens are over."""
ENDED = "consent_ended"
ENDING = "channel.ending"


def list_due() -> list[tuple[UUID, UUID]]:
    """Workspace and id of the consents whose time to be renewed has come."""
    with system_scope(SystemPurpose.RENEW):
        # A workspace that is held may be a copy: what it renewed, the original would have no more.
        rows = Grant.objects.filter(renew_at__lte=now(), workspace__held_at=None).order_by("renew_at")
        return list(rows.values_list("workspace_id", "id")[:1000])


def list_ending() -> list[tuple[UUID, UUID]]:
    """The same of those that only a person can give anew, and whose end is near or past without anybody knowing."""
    with system_scope(SystemPurpose.RENEW):
        near = Grant.objects.filter(renew_at=None, expires_at__lte=now() + WARN, channels__disconnected_at=None)
        untold = Q(warned_of=None) | ~Q(warned_of=F("expires_at"))
        over = Q(expires_at__lte=now()) & (Q(renew_problem=None) | ~Q(renew_problem__code=ENDED))
        return list(near.filter(untold | over).distinct().values_list("workspace_id", "id"))


def renew_grant(workspace_id: UUID, grant_id: UUID) -> bool:
    """Renew one consent, if its time has come; whether it is good now. Called outside a scope."""
    with workspace_scope(workspace_id):
        grant = Grant.objects.filter(id=grant_id).first()
        if grant is None or grant.renew_at is None or grant.renew_at > now():
            return True
        connector = CONNECTORS.get(grant.network)
        consent = connector.consent if connector else None
        if consent is None:
            return False
        try:
            used = open_values(bytes(grant.credentials), bound_to(grant.id))
        except VaultError:
            _keep_refusal(grant, sealed_shut())
            return False
    session = make_session(grant.network, grant.base_url, used, Keeper(workspace_id, grant_id=grant_id))
    try:
        run_blocking(lambda: _fetch(consent, session))
    except ConnectRefused as refused:
        with workspace_scope(workspace_id):
            _keep_refusal(grant, refused.problem)
        return False
    except TransportError as error:
        with workspace_scope(workspace_id):
            _keep_trouble(grant, error.problem)
        return False
    return True


async def _fetch(consent: Consent, session: Session) -> None:
    await session.renew(lambda: consent.renew(session))


def _lock_channels(grant: Grant) -> None:
    """Before the consent's own row changes: channels are locked first, here as everywhere."""
    list(lock(Channel.objects.filter(grant=grant)).only("id"))


def _keep_refusal(grant: Grant, problem: Problem) -> None:
    """Only a person can go on: unless one did meanwhile."""
    _lock_channels(grant)
    rows = Grant.objects.filter(id=grant.id, version=grant.version)
    if rows.update(renew_at=None, renew_problem=asdict(problem), renew_failures=F("renew_failures") + 1):
        _mark(grant, Health.RECONNECT, problem)


def _keep_trouble(grant: Grant, problem: Problem) -> None:
    """It is tried again, less and less often."""
    _lock_channels(grant)
    pause = min(PAUSE * 2 ** min(grant.renew_failures, 10), LONGEST_PAUSE)
    failures = grant.renew_failures + 1
    rows = Grant.objects.filter(id=grant.id, version=grant.version)
    kept = rows.update(renew_at=now() + pause, renew_problem=asdict(problem), renew_failures=failures)
    if kept and failures >= TROUBLED and grant.expires_at and grant.expires_at <= now():
        _mark(grant, Health.UNREACHABLE, problem)


def _mark(grant: Grant, health: Health, problem: Problem) -> None:
    for channel in Channel.objects.filter(grant=grant, disconnected_at=None).order_by("id"):
        before = channel.health
        record_health(channel, health, problem, certain=True)
        tell_broken(channel, before)


def tell_ending(workspace_id: UUID, grant_id: UUID) -> None:
    """Tell who looks after channels that a consent ends within a week; or that it has ended, and hold what would be
    sent. Called outside a scope."""
    with workspace_scope(workspace_id):
        grant = Grant.objects.filter(id=grant_id, renew_at=None, expires_at__lte=now() + WARN).first()
        if grant is None or grant.expires_at is None:
            return
        _lock_channels(grant)
        if grant.expires_at <= now():
            over = _ended()
            Grant.objects.filter(id=grant.id).update(warned_of=grant.expires_at, renew_problem=asdict(over))
            _mark(grant, Health.RECONNECT, over)
            return
        Grant.objects.filter(id=grant.id).update(warned_of=grant.expires_at)
        channels = list(Channel.objects.filter(grant=grant, disconnected_at=None).order_by("created_at", "id"))
        if channels:
            create_notice(
                ENDING,
                gettext_noop(
                    "Within a week the consent for %(channels)s ends. Connect again before; afterwards nothing is sent."
                ),
                {"channels": ", ".join(map(str, channels))},
                path=f"channels/{channels[0].id}/",
                permission=Permission.CHANNELS,
            )


def _ended() -> Problem:
    return Problem(
        ENDED,
        gettext_noop("The consent has ended, as the network said it would; nothing is sent until there is a new one."),
        fix=gettext_noop("Connect the channel again; what waits for it is sent then."),
    )
