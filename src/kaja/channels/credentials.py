"""A channel's credentials in its row: every write of them, and the renewal of tokens that change with each use.

Many pieces of work hold the same credentials at once, here and on other machines. Two rules keep them from harming each
other. Each write raises the row's version, and a renewal is stored only over the version that it began with: a person's
new consent, or letting the channel go, always wins over what began before it. And one renewal at a time: whoever needs
one takes a turn in the row for a minute and a half, without a transaction or connection held while the network is
asked; the others wait and take what it brought.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from kaja.channels.models import Channel
from kaja.channels.vault import open_credentials, seal_credentials
from kaja.kernel.beside import beside
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Problem, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import NotSent

Credentials = dict[str, str]

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


def write_credentials(channel_id: UUID, credentials: Mapping[str, str] | None, *, over: int | None = None) -> bool:
    """The one place that writes them. Inside the workspace's scope; None forgets them.

    Without `over` it is a person's decision and always holds; whoever renews meanwhile has lost its turn. With it, it
    is stored only when the row still has that version; False when something newer stands there.
    """
    rows = Channel.objects.filter(id=channel_id)
    if over is not None:
        rows = rows.filter(credentials_version=over)
    sealed = b"" if credentials is None else seal_credentials(channel_id, credentials)
    changed = rows.update(
        credentials=sealed, credentials_version=F("credentials_version") + 1, renewing_by=None, renewing_until=None
    )
    return changed == 1


def are_current(channel_id: UUID, used: Mapping[str, str]) -> bool:
    """Whether the row still holds what a piece of work used: else its refusal says nothing about what stands there
    now. Raises VaultError. Inside the workspace's scope."""
    stored = Channel.objects.filter(id=channel_id).values_list("credentials", flat=True).first()
    return stored is not None and open_credentials(channel_id, bytes(stored)) == dict(used)


@dataclass(frozen=True)
class _Turn:
    """How the row stands. `version` is set for whoever got the turn."""

    stored: Credentials
    version: int | None


@dataclass(frozen=True)
class Keeper:
    """Renews one channel's credentials for a session; see `networks.kit.http.Session.renew`."""

    workspace_id: UUID
    channel_id: UUID

    async def renew(
        self, used: Mapping[str, str], fetch: Callable[[], Awaitable[Mapping[str, str]]]
    ) -> Mapping[str, str]:
        """What to use instead of `used`: what somebody else has stored since, or what `fetch` brings.

        Whatever `fetch` raises ends the turn and is raised. Raises NotSent when the channel was let go meanwhile, or
        when another renewal does not end.
        """
        holder, pause, waited = new_id(), FIRST_PAUSE, 0.0
        while True:
            turn = await beside(lambda: self._take_turn(used, holder))
            if turn.version is not None:
                return await self._fetch(used, fetch, holder, turn.version)
            if turn.stored != dict(used):
                if not turn.stored:
                    raise NotSent(_GONE)
                return turn.stored
            if waited > TURN:
                raise NotSent(_BUSY)
            await asyncio.sleep(pause)
            waited, pause = waited + pause, min(pause * 2, LONGEST_PAUSE)

    async def _fetch(
        self, used: Mapping[str, str], fetch: Callable[[], Awaitable[Mapping[str, str]]], holder: UUID, version: int
    ) -> Mapping[str, str]:
        try:
            async with asyncio.timeout(FETCH_WITHIN):
                fresh = {**used, **await fetch()}
        except BaseException as error:
            await asyncio.shield(beside(lambda: self._end_turn(holder)))
            if isinstance(error, TimeoutError):
                raise NotSent(_BUSY) from error
            raise
        stored = await asyncio.shield(beside(lambda: self._store(fresh, version)))
        if not stored:
            raise NotSent(_GONE)
        return stored

    def _take_turn(self, used: Mapping[str, str], holder: UUID) -> _Turn:
        with workspace_scope(self.workspace_id):
            row = Channel.objects.get(id=self.channel_id)
            stored = open_credentials(row.id, bytes(row.credentials))
            if stored != dict(used):
                return _Turn(stored, None)
            moment = now()
            free = Q(renewing_until=None) | Q(renewing_until__lt=moment)
            mine = Channel.objects.filter(free, id=row.id, credentials_version=row.credentials_version).update(
                renewing_by=holder, renewing_until=moment + timedelta(seconds=TURN)
            )
            return _Turn(stored, row.credentials_version if mine else None)

    def _end_turn(self, holder: UUID) -> None:
        with workspace_scope(self.workspace_id):
            Channel.objects.filter(id=self.channel_id, renewing_by=holder).update(renewing_by=None, renewing_until=None)

    def _store(self, fresh: Credentials, version: int) -> Credentials:
        """Keep them, unless a person has connected anew meanwhile: then what that brought."""
        with workspace_scope(self.workspace_id):
            if write_credentials(self.channel_id, fresh, over=version):
                return fresh
            row = Channel.objects.get(id=self.channel_id)
            return open_credentials(row.id, bytes(row.credentials))
