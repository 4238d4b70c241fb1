"""What a piece of work with a network needs of a channel, and what it leaves behind: credentials, health, quotas."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import F

from kaja.channels.credentials import Keeper, are_current, read_credentials
from kaja.channels.models import Channel, Health
from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Problem
from kaja.kernel.signals import notify_live
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.quotas import Quota
from kaja.networks.registry import CONNECTORS, is_practice

FAILURES_UNTIL_RECONNECT = 2
"""One refused credential may be the network's own hiccup; the second in a row is believed."""
FAILURES_UNTIL_UNREACHABLE = 3
MOST_CALLS = 2**31 - 1


def open_session(channel: Channel) -> Session:
    """Access to the channel's network. Raises VaultError when the credentials do not open. Inside the workspace's
    scope."""
    credentials = read_credentials(channel.id)
    return make_session(channel.network, channel.base_url, credentials, Keeper(channel.workspace_id, channel.id))


def make_session(network: str, base_url: str, credentials: Mapping[str, str], keeper: Keeper | None = None) -> Session:
    """A session with the operator's rules; the practice network stands beside Kaja, so it is always allowed."""
    if is_practice(network):
        # Wherever it was when the channel was connected: it moves with the installation, and nothing else is meant.
        base_url = settings.PRACTICE_URL
    return Session(
        base_url=base_url,
        credentials=dict(credentials),
        allow_private=list_private_hosts(network),
        timeout=settings.NETWORK_TIMEOUT,
        keeper=keeper,
        open_credentials=connector.info.open_credentials if (connector := CONNECTORS.get(network)) else (),
    )


def list_private_hosts(network: str) -> list[str]:
    """Hosts that may be asked although they are no public ones: the operator's, and our own practice network's where
    it is meant."""
    allowed = list(settings.PRIVATE_HOSTS_ALLOWED)
    return [*allowed, urlsplit(settings.PRACTICE_URL).hostname or ""] if is_practice(network) else allowed


def facts_of(channel: Channel) -> Facts:
    """What the network last said about the account."""
    return parse_facts(channel.facts, channel.account_id, channel.handle, channel.name)


def parse_facts(stored: Mapping[str, Any], account_id: str, handle: str, name: str) -> Facts:
    """Facts as they stand in a channel's row; what an older version did not store stays at its default."""
    return Facts(
        account_id=stored.get("account_id") or account_id,
        handle=stored.get("handle") or handle,
        name=stored.get("name") or name,
        url=stored.get("url", ""),
        avatar_url=stored.get("avatar_url", ""),
        limits=stored.get("limits", {}),
        permissions=tuple(stored.get("permissions", ())),
        version=stored.get("version", ""),
        terms={key: tuple(values) for key, values in stored.get("terms", {}).items()},
    )


def render_facts(facts: Facts) -> dict[str, Any]:
    """Facts as they are stored; the expiry stands in its own column."""
    stored = asdict(facts)
    del stored["expires_at"]
    return stored


KEEP_QUOTAS = """
INSERT INTO channels_quotastate (id, workspace_id, channel_id, bucket, "limit", remaining, resets_at, blocked_until,
    updated_at)
SELECT id, workspace_id, channel_id, bucket, "limit", remaining, resets_at, blocked_until, now()
FROM jsonb_to_recordset(%s::jsonb) AS r(id uuid, workspace_id uuid, channel_id uuid, bucket text, "limit" int,
    remaining int, resets_at timestamptz, blocked_until timestamptz)
ON CONFLICT (channel_id, bucket) DO UPDATE SET "limit" = EXCLUDED."limit", remaining = EXCLUDED.remaining,
    resets_at = EXCLUDED.resets_at, updated_at = now(),
    -- An answer without a block does not lift a block that another machine was told of.
    blocked_until = greatest(EXCLUDED.blocked_until, channels_quotastate.blocked_until)
"""
"""Of many channels at once; the rows by channel and bucket, so that two who write the same wait and do not meet."""


def render_quota(workspace_id: UUID, channel_id: UUID, quota: Quota) -> dict[str, Any]:
    """A row for `KEEP_QUOTAS`."""
    return {
        "id": str(new_id()),
        "workspace_id": str(workspace_id),
        "channel_id": str(channel_id),
        "bucket": quota.bucket[:60],
        "limit": _countable(quota.limit),
        "remaining": _countable(quota.remaining),
        "resets_at": quota.resets_at.isoformat() if quota.resets_at else None,
        "blocked_until": quota.blocked_until.isoformat() if quota.blocked_until else None,
    }


def _countable(calls: int | None) -> int | None:
    """As far as the column counts; beyond that it is as good as no limit."""
    return None if calls is None else max(-MOST_CALLS, min(calls, MOST_CALLS))


def record_quota(channel: Channel, quotas: Iterable[Quota]) -> None:
    """Keep what the network said about budgets, for every machine that works with the channel."""
    by_bucket = {quota.bucket[:60]: quota for quota in quotas}
    if by_bucket:
        rows = [render_quota(channel.workspace_id, channel.id, by_bucket[bucket]) for bucket in sorted(by_bucket)]
        with connection.cursor() as cursor:
            cursor.execute(KEEP_QUOTAS, [json.dumps(rows)])


def record_health(
    channel: Channel,
    health: Health,
    problem: Problem | None = None,
    *,
    certain: bool = False,
    used: Mapping[str, str] | None = None,
) -> Health:
    """Note how the last call went. Trouble counts up and is believed only after repetition; returns what holds now.

    `certain` trouble is believed at once. `used` are the credentials of a call that was refused: when the row holds
    others by now, the refusal says nothing of them.
    """
    if health == Health.OK:
        changed = Channel.objects.filter(id=channel.id).exclude(health=Health.OK, health_failures=0)
        changed.update(health=Health.OK, health_failures=0, health_problem=None, checked_at=now())
        holds = Health.OK
    elif used is not None and not are_current(channel.id, used):
        channel.refresh_from_db(fields=["health"])
        return Health(channel.health)
    else:
        Channel.objects.filter(id=channel.id).update(
            health_failures=F("health_failures") + 1,
            health_problem=asdict(problem) if problem else None,
            checked_at=now(),
        )
        channel.refresh_from_db(fields=["health", "health_failures"])
        needed = FAILURES_UNTIL_RECONNECT if health == Health.RECONNECT else FAILURES_UNTIL_UNREACHABLE
        holds = health if certain or channel.health_failures >= needed else Health(channel.health)
        Channel.objects.filter(id=channel.id).update(health=holds)
    if holds != channel.health:
        channel.health = holds
        notify_live(channel.workspace_id, "channel", channel.id)
    return holds
