"""What a finished connection leaves in the workspace, and letting a channel go."""

from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.channels.events import ChannelConnected, ChannelDisconnected
from kaja.channels.models import Channel, Health, PendingConnection
from kaja.channels.queries import get_channel
from kaja.channels.sessions import render_facts, save_credentials
from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.signals import notify_live
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.problems import Problem, gettext_noop
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.errors import Refused
from kaja.workspaces.policy import Permission, require


def store_connection(actor: Actor, network: str, connected: Connected, *, expected: Channel | None = None) -> Channel:
    """Keep a finished connection: a new channel, or the row that the account had before, with all its history.

    `expected` is the channel that is being reconnected; another account is refused. Inside the workspace's scope.
    """
    require(actor, Permission.CHANNELS)
    facts = connected.facts
    with transaction.atomic():
        channel = (
            Channel.objects.select_for_update()
            .filter(network=network, base_url=connected.base_url, account_id=facts.account_id)
            .first()
        )
        if expected is not None and (channel is None or channel.id != expected.id):
            raise Refused(_other_account(expected, facts.handle or facts.name))
        before = _values(channel) if channel else {}
        if channel is None:
            channel = Channel(network=network, base_url=connected.base_url, account_id=facts.account_id)
        channel.name, channel.handle = (facts.name or facts.handle)[:200], facts.handle[:200]
        channel.url, channel.avatar_url = facts.url[:500], facts.avatar_url[:500]
        channel.facts, channel.expires_at = render_facts(facts), facts.expires_at
        channel.health, channel.health_problem, channel.health_failures = Health.OK, None, 0
        channel.checked_at, channel.disconnected_at = now(), None
        channel.save()
        save_credentials(channel, connected.credentials)
        action = "channel.reconnect" if before else "channel.connect"
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
            channel.disconnected_at, channel.credentials = now(), b""
            channel.save(update_fields=["disconnected_at", "credentials"])
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
