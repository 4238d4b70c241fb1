"""What a finished connection leaves in the workspace, and letting a channel go."""

from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.channels.credentials import write_credentials
from kaja.channels.events import ChannelConnected, ChannelDisconnected
from kaja.channels.models import Channel, Health, PendingConnection
from kaja.channels.queries import get_channel
from kaja.channels.sessions import render_facts
from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import current_workspace_id
from kaja.networks.kit.connector import Connected
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.policy import Permission, require


def store_connection(actor: Actor, network: str, connected: Connected, *, expected: Channel | None = None) -> Channel:
    """Keep a finished connection: a new channel, or the row that the account had before, with all its history.

    `expected` is the channel that is being reconnected; another account is refused. `was_known` on what is given back
    says whether the row was there. Inside the workspace's scope.
    """
    require(actor, Permission.CHANNELS)
    facts = connected.facts
    workspace_id = current_workspace_id()
    assert workspace_id is not None
    account = {"network": network, "base_url": connected.base_url, "account_id": facts.account_id}
    with transaction.atomic():
        if expected is None:
            # Two people may connect one account at the same moment: the second finds the row of the first.
            fresh = Channel(workspace_id=workspace_id, **account)
            Channel.objects.bulk_create([fresh], ignore_conflicts=True)
            channel = lock(Channel.objects.filter(**account)).get()
            known = channel.id != fresh.id
        else:
            found = lock(Channel.objects.filter(**account)).first()
            if found is None or found.id != expected.id:
                raise Refused(_other_account(expected, facts.handle or facts.name))
            channel, known = found, True
        before = _values(channel) if known else {}
        channel.name, channel.handle = (facts.name or facts.handle)[:200], facts.handle[:200]
        channel.url, channel.avatar_url = facts.url[:500], facts.avatar_url[:500]
        channel.facts, channel.expires_at = render_facts(facts), facts.expires_at
        channel.health, channel.health_problem, channel.health_failures = Health.OK, None, 0
        channel.checked_at, channel.disconnected_at = now(), None
        channel.save(
            update_fields=[
                *("name", "handle", "url", "avatar_url", "facts", "expires_at"),
                *("health", "health_problem", "health_failures", "checked_at", "disconnected_at"),
            ]
        )
        write_credentials(channel.id, connected.credentials)
        channel.refresh_from_db(fields=["credentials", "credentials_version"])
        channel.was_known = known
        action = "channel.reconnect" if known else "channel.connect"
        audit.record(actor, action, channel, before, _values(channel))
        publish(ChannelConnected(channel.id))
        notify_live(channel.workspace_id, "channel", channel.id)
    return channel


def disconnect_channel(actor: Actor, channel_id: UUID) -> Channel:
    """Forget the credentials. The row, its history and its planned posts stay: visible, movable, not sent."""
    require(actor, Permission.CHANNELS)
    with transaction.atomic():
        channel = get_channel(channel_id)
        if channel.disconnected_at is None:
            before = _values(channel)
            channel.disconnected_at = now()
            channel.save(update_fields=["disconnected_at"])
            write_credentials(channel.id, None)
            PendingConnection.objects.filter(channel=channel).delete()
            audit.record(actor, "channel.disconnect", channel, before, _values(channel))
            publish(ChannelDisconnected(channel.id))
            notify_live(channel.workspace_id, "channel", channel.id)
    return channel


def _values(channel: Channel) -> dict[str, Any]:
    return {
        "network": channel.network,
        "name": channel.name,
        "handle": channel.handle,
        "base_url": channel.base_url,
        "connected": channel.disconnected_at is None,
    }


def _other_account(expected: Channel, given: str) -> Problem:
    return Problem(
        code="other_account",
        message=gettext_noop("This is %(given)s, but the channel is %(expected)s. Nothing was changed."),
        fix=gettext_noop("Sign in as %(expected)s, or connect %(given)s as a channel of its own."),
        params={"given": given, "expected": expected.handle or expected.name},
    )
