"""What a piece of work with a network needs of a channel, and what it leaves behind: credentials, health, quotas."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F

from kaja.channels.credentials import Keeper, are_current
from kaja.channels.models import Channel, Health, QuotaState
from kaja.channels.vault import open_credentials
from kaja.kernel.clock import now
from kaja.kernel.problems import Problem
from kaja.kernel.signals import notify_live
from kaja.networks.kit.connector import Facts
from kaja.networks.kit.http import Session
from kaja.networks.kit.quotas import Quota
from kaja.networks.registry import CONNECTORS, is_practice

FAILURES_UNTIL_RECONNECT = 2
"""One refused credential may be the network's own hiccup; the second in a row is believed."""
FAILURES_UNTIL_UNREACHABLE = 3


def open_session(channel: Channel) -> Session:
    """Access to the channel's network. Raises VaultError when the credentials do not open."""
    credentials = open_credentials(channel.id, bytes(channel.credentials))
    return make_session(channel.network, channel.base_url, credentials, Keeper(channel.workspace_id, channel.id))


def make_session(network: str, base_url: str, credentials: Mapping[str, str], keeper: Keeper | None = None) -> Session:
    """A session with the operator's rules; the practice network stands beside Kaja, so it is always allowed."""
    allowed = list(settings.PRIVATE_HOSTS_ALLOWED)
    if is_practice(network):
        # Wherever it was when the channel was connected: it moves with the installation, and nothing else is meant.
        base_url = settings.PRACTICE_URL
        allowed.append(urlsplit(base_url).hostname or "")
    return Session(
        base_url=base_url,
        credentials=dict(credentials),
        allow_private=allowed,
        timeout=settings.NETWORK_TIMEOUT,
        keeper=keeper,
        open_credentials=connector.info.open_credentials if (connector := CONNECTORS.get(network)) else (),
    )


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


def record_quota(channel: Channel, quotas: Iterable[Quota]) -> None:
    """Keep what the network said about budgets, for every machine that works with the channel."""
    closed = dict(QuotaState.objects.filter(channel=channel).values_list("bucket", "blocked_until"))
    for quota in quotas:
        # An answer without a block does not lift a block that another machine was told of.
        blocked = [moment for moment in (quota.blocked_until, closed.get(quota.bucket)) if moment]
        QuotaState.objects.update_or_create(
            channel=channel,
            bucket=quota.bucket,
            defaults={
                "limit": quota.limit,
                "remaining": quota.remaining,
                "resets_at": quota.resets_at,
                "blocked_until": max(blocked, default=None),
            },
        )


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
