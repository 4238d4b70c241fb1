"""A consent's credentials in its row: every write of them, and whose turn it is to renew them.

Many pieces of work hold the same credentials at once, here and on other machines. Two rules keep them from harming each
other. Each write raises the row's version, and a renewal is stored only over the version that it began with: a person's
new consent, or letting the channel go, always wins over what began before it. And one renewal at a time: whoever needs
one takes a turn in the row for a minute and a half, without a transaction or connection held while the network is
asked; the others wait and take what it brought.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from kaja.channels.developer_apps import find_app
from kaja.channels.models import Channel, Grant
from kaja.channels.vault import bound_to, open_credentials, open_own, open_values, seal_credentials
from kaja.kernel.beside import run_beside, run_surely_beside
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.grants import App, Tokens
from kaja.networks.kit.http import NotSent

Credentials = dict[str, str]
Fetched = Mapping[str, str] | Tokens

TURN = 90.0
"""Seconds that a turn lasts when its holder is never heard of again."""
FETCH_WITHIN = 75.0
"""Broken off before the turn ends: then nobody else can be asking yet."""
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0

_GONE = Problem(
    "credentials_gone",
    gettext_noop("The channel was disconnected while its sign-in was being renewed; nothing was sent."),
)
_BUSY = Problem(
    "credentials_busy",
    gettext_noop("The channel's sign-in is being renewed and takes longer than usual; nothing was sent."),
)


def write_grant(grant_id: UUID, given: Fetched | None, *, over: int | None = None) -> bool:
    """The one place that writes a consent's credentials. Inside the workspace's scope; None forgets them.

    Without `over` it is a person's decision and always holds; whoever renews meanwhile has lost its turn. With it, it
    is stored only when the row still has that version; False when something newer stands there.
    """
    _hold(grant_id)
    rows = Grant.objects.filter(id=grant_id)
    if over is not None:
        rows = rows.filter(version=over)
    credentials = given.credentials if isinstance(given, Tokens) else given or {}
    values: dict[str, Any] = {
        "credentials": seal_credentials(grant_id, credentials),
        "renewing_by": None,
        "renewing_until": None,
        "renew_failures": 0,
        "renew_problem": None,
    }
    if given is None or isinstance(given, Tokens):
        times = given or Tokens({})
        values |= {"expires_at": times.expires_at, "renew_at": times.renew_at}
    if rows.update(version=F("version") + 1, **values) != 1:
        return False
    if isinstance(given, Tokens):
        Channel.objects.filter(grant_id=grant_id, disconnected_at=None).update(expires_at=get_end(given))
    return True


def write_credentials(channel_id: UUID, given: Fetched) -> Grant:
    """Keep what a channel signs in with that has a consent of its own. Inside the workspace's scope."""
    channel = lock(Channel.objects.filter(id=channel_id)).get()
    grant, _ = Grant.objects.get_or_create(
        id=channel_id, defaults={"network": channel.network, "base_url": channel.base_url}
    )
    Channel.objects.filter(id=channel_id).update(grant=grant)
    write_grant(grant.id, given)
    return grant


def get_end(given: Tokens | Grant) -> datetime | None:
    """When a person has to give a new consent; None while it is renewed without one."""
    return None if given.renew_at else given.expires_at


def read_credentials(channel_id: UUID) -> Credentials:
    """What a channel signs in with now. Raises VaultError. Inside the workspace's scope."""
    columns = ("grant_id", "grant__credentials", "id", "own_credentials")
    row = Channel.objects.filter(id=channel_id).values_list(*columns).first()
    return open_credentials(*row) if row else {}


def are_current(channel_id: UUID, used: Mapping[str, str]) -> bool:
    """Whether a channel still has what a piece of work used: else its refusal says nothing about what stands there
    now. Raises VaultError. Inside the workspace's scope."""
    return read_credentials(channel_id) == dict(used)


def _hold(grant_id: UUID) -> None:
    """While the version before may run, the database keeps the channel of the same id like its consent
    (`migrations/0006_grants.py`), and channels are locked first, here as everywhere."""
    list(lock(Channel.objects.filter(id=grant_id)).values_list("id"))


@dataclass(frozen=True)
class _Stand:
    """How things stand: the consent, what is stored in all, and the names in it that are the channel's own."""

    grant: Grant | None
    stored: Credentials
    own: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Keeper:
    """Renews the consent of one channel for a session (see `networks.kit.http.Session.renew`), or, without a channel,
    one consent."""

    workspace_id: UUID
    channel_id: UUID | None = None
    grant_id: UUID | None = None

    async def find_app(self) -> App | None:
        """The developer app through which the consent came."""

        def find() -> App | None:
            with workspace_scope(self.workspace_id):
                grant = self._look().grant
            return find_app(grant.network, grant.app) if grant else None

        return await run_beside(find)

    async def renew(self, used: Mapping[str, str], fetch: Callable[[], Awaitable[Fetched]]) -> Mapping[str, str]:
        """What to use instead of `used`: what somebody else has stored since, or what `fetch` brings.

        Whatever `fetch` raises ends the turn and is raised. Raises NotSent when the channel was let go meanwhile, or
        when another renewal does not end.
        """
        holder, pause, waited = new_id(), FIRST_PAUSE, 0.0
        while True:
            stand, mine = await run_beside(lambda: self._take_turn(used, holder))
            if mine and stand.grant:
                return await self._fetch(stand, stand.grant, fetch, holder)
            if stand.stored != dict(used) or stand.grant is None:
                if not stand.stored:
                    raise NotSent(_GONE)
                return stand.stored
            if waited > TURN:
                raise NotSent(_BUSY)
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)

    async def _fetch(
        self, stand: _Stand, grant: Grant, fetch: Callable[[], Awaitable[Fetched]], holder: UUID
    ) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(FETCH_WITHIN):
                given = await fetch()
        except BaseException as error:
            await asyncio.shield(run_beside(lambda: self._end_turn(grant.id, holder)))
            if isinstance(error, TimeoutError):
                raise NotSent(_BUSY) from error
            raise
        # What it was asked with may be used up: lost here, only a person could connect again.
        stored = await asyncio.shield(run_surely_beside(lambda: self._store(stand, grant, given)))
        if not stored:
            raise NotSent(_GONE)
        return stored

    def _look(self) -> _Stand:
        if self.channel_id is None:
            grant = Grant.objects.filter(id=self.grant_id).first() if self.grant_id else None
            return _Stand(grant, open_values(bytes(grant.credentials), bound_to(grant.id)) if grant else {})
        row = Channel.objects.select_related("grant").get(id=self.channel_id)
        own = open_own(row.id, bytes(row.own_credentials))
        shared = open_values(bytes(row.grant.credentials), bound_to(row.grant.id)) if row.grant else {}
        return _Stand(row.grant, {**shared, **own}, frozenset(own))

    def _take_turn(self, used: Mapping[str, str], holder: UUID) -> tuple[_Stand, bool]:
        with workspace_scope(self.workspace_id):
            stand = self._look()
            grant = stand.grant
            if grant is None or stand.stored != dict(used):
                return stand, False
            moment = now()
            free = Q(renewing_until=None) | Q(renewing_until__lt=moment)
            _hold(grant.id)
            mine = Grant.objects.filter(free, id=grant.id, version=grant.version).update(
                renewing_by=holder, renewing_until=moment + timedelta(seconds=TURN)
            )
            return stand, mine == 1

    def _end_turn(self, grant_id: UUID, holder: UUID) -> None:
        with workspace_scope(self.workspace_id):
            _hold(grant_id)
            Grant.objects.filter(id=grant_id, renewing_by=holder).update(renewing_by=None, renewing_until=None)

    def _store(self, stand: _Stand, grant: Grant, given: Fetched) -> Credentials:
        """Keep them, unless a person has connected anew meanwhile: then what that brought."""
        brought = given.credentials if isinstance(given, Tokens) else given
        fresh = {name: value for name, value in {**stand.stored, **brought}.items() if name not in stand.own}
        tokens = Tokens(fresh, given.expires_at, given.renew_at) if isinstance(given, Tokens) else fresh
        with workspace_scope(self.workspace_id):
            write_grant(grant.id, tokens, over=grant.version)
            return self._look().stored
