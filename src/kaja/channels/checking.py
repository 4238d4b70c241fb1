"""Asking a network whether a channel still works, and keeping what it said: health, limits, permissions, quotas."""

from dataclasses import dataclass
from uuid import UUID

from kaja.channels.credentials import get_end
from kaja.channels.events import ChannelBroken
from kaja.channels.models import Channel, Health
from kaja.channels.queries import get_channel
from kaja.channels.sessions import record_health, record_quota, render_facts
from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.problems import Problem, gettext_noop
from kaja.networks.kit.connector import Connector, ConnectRefused
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import Session, TransportError
from kaja.networks.kit.outcome import TROUBLE
from kaja.workspaces.notices import create_notice
from kaja.workspaces.policy import Permission


@dataclass(frozen=True)
class Finding:
    """How a look at an account ended. `certain`: believed at once, not only after repetition."""

    health: Health
    problem: Problem | None = None
    facts: Facts | None = None
    certain: bool = False


async def inspect_account(connector: Connector, session: Session) -> Finding:
    """Ask the network. Raises nothing that a network may cause."""
    try:
        return Finding(Health.OK, facts=await connector.accounts.inspect(session))
    except ConnectRefused as refused:
        return Finding(Health.RECONNECT, refused.problem)
    except TransportError as error:
        return Finding(Health.UNREACHABLE, error.problem, certain=error.problem.code in TROUBLE)


def keep_finding(channel_id: UUID, finding: Finding, session: Session, before: str) -> Channel:
    """Keep it, and say so when the channel needs a person since then. `before`: its health when the look began.

    Inside the workspace's scope.
    """
    channel = get_channel(channel_id)
    if channel.disconnected_at is not None:
        return channel
    facts = finding.facts
    if facts is not None and facts.account_id == channel.account_id:
        channel.facts = render_facts(facts)
        channel.expires_at = facts.expires_at or (get_end(channel.grant) if channel.grant else None)
        channel.name, channel.handle = (facts.name or facts.handle)[:200], facts.handle[:200]
        channel.save(update_fields=["facts", "expires_at", "name", "handle"])
    record_quota(channel, session.quotas.values())
    if finding.health == Health.OK:
        Channel.objects.filter(id=channel.id).update(checked_at=now())
    used = session.credentials if finding.health == Health.RECONNECT else None
    record_health(channel, finding.health, finding.problem, certain=finding.certain, used=used)
    tell_broken(channel, before)
    channel.refresh_from_db()
    return channel


def keep_sealed_shut(channel: Channel, before: str) -> Channel:
    """The same where the channel's credentials do not open, so that nobody can ask."""
    record_health(channel, Health.RECONNECT, sealed_shut())
    tell_broken(channel, before)
    channel.refresh_from_db()
    return channel


def tell_broken(channel: Channel, before: str) -> None:
    """Say so when a channel needs a person since then. `before`: its health at that time."""
    if channel.health == Health.RECONNECT and before != Health.RECONNECT:
        publish(ChannelBroken(channel.id))
        create_notice(
            "channel.broken",
            gettext_noop("The channel %(channel)s has to be connected again: nothing can be sent to it until then."),
            {"channel": str(channel)},
            path=f"channels/{channel.id}/",
            permission=Permission.CHANNELS,
        )


def sealed_shut() -> Problem:
    return Problem(
        code="credentials_sealed",
        message=gettext_noop("The stored credentials cannot be opened with this installation's keys."),
        fix=gettext_noop("Connect the channel again; ask the operator whether the key file was replaced."),
    )
