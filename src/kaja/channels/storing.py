"""What a finished connection leaves in the workspace, and letting a channel go."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db import transaction

from kaja.channels.credentials import get_end, write_grant
from kaja.channels.events import ChannelConnected, ChannelDisconnected
from kaja.channels.models import Channel, Grant, Health, PendingConnection
from kaja.channels.queries import get_channel
from kaja.channels.sessions import record_health, render_facts
from kaja.channels.vault import seal_own
from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.locks import lock
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import entered_workspace_id
from kaja.networks.kit.connector import Connected
from kaja.networks.kit.consent import Granted, Offer
from kaja.networks.kit.grants import Tokens
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.notices import settle_notices
from kaja.workspaces.policy import Permission, require


def store_connection(actor: Actor, network: str, connected: Connected, *, expected: Channel | None = None) -> Channel:
    """Keep a finished connection by a form: a new channel, or the row that the account had before; see
    `store_consent`."""
    granted = Granted(Tokens(connected.credentials), (Offer(connected.facts, base_url=connected.base_url),))
    [channel] = store_consent(actor, network, granted, {connected.facts.account_id}, expected=expected)
    return channel


@transaction.atomic
def store_consent(
    actor: Actor,
    network: str,
    granted: Granted,
    chosen: Collection[str],
    *,
    expected: Channel | None = None,
    app: str = "",
) -> list[Channel]:
    """Keep a consent and connect what was `chosen` of its offers (account ids): new channels, or the rows that the
    accounts had before, with all their history.

    A consent of the same person takes the place of the one before, and every channel that stands on it goes on with the
    new one. `expected` is the channel that is being reconnected; another account is refused. `was_known` on what is
    given back says whether the row was there. Inside the workspace's scope.
    """
    require(actor, Permission.CHANNELS)
    offers = {(offer.base_url, offer.facts.account_id): offer for offer in granted.offers if offer.problem is None}
    wanted = {key for key in offers if key[1] in chosen}
    if expected is not None:
        if (expected.base_url, expected.account_id) not in offers:
            raise Refused(_other_account(expected, granted.offers))
        wanted.add((expected.base_url, expected.account_id))
    if not wanted:
        raise Refused(nothing_chosen())
    standing = _list_standing(network, app, granted, offers) if granted.tokens.subject else {}
    wanted |= {key for key in standing if key in offers}
    channels, fresh = _take_rows(network, wanted)
    grant = _take_grant(network, app, granted, channels)
    for channel in channels:
        _connect(actor, channel, offers[channel.base_url, channel.account_id], grant, granted, channel.id in fresh)
    write_grant(grant.id, granted.tokens)
    settle_notices("channel.ending", [f"channels/{channel.id}/" for channel in channels])
    for key, channel in standing.items():
        if key not in offers:
            record_health(channel, Health.RECONNECT, _left_out(), certain=True)
    return channels


def _list_standing(network: str, app: str, granted: Granted, offers: Any) -> dict[tuple[str, str], Channel]:
    """The connected channels that stand on the consent which the same person gave before."""
    bases = {base for base, _ in offers}
    rows = Channel.objects.filter(
        grant__network=network,
        grant__app=app,
        grant__subject=granted.tokens.subject,
        grant__base_url__in=bases,
        disconnected_at=None,
    )
    return {(row.base_url, row.account_id): row for row in rows}


def _take_rows(network: str, wanted: Collection[tuple[str, str]]) -> tuple[list[Channel], set[UUID]]:
    """The accounts' rows, locked, and which of them are new. Two people may connect one account at the same moment: the
    second finds the row of the first."""
    workspace_id = entered_workspace_id()
    made = [
        Channel(workspace_id=workspace_id, network=network, base_url=base_url, account_id=account_id)
        for base_url, account_id in sorted(wanted)
    ]
    Channel.objects.bulk_create(made, ignore_conflicts=True)
    accounts = [account_id for _, account_id in wanted]
    found = lock(Channel.objects.filter(network=network, account_id__in=accounts))
    channels = [row for row in found if (row.base_url, row.account_id) in wanted]
    return channels, {row.id for row in made} & {row.id for row in channels}


def _take_grant(network: str, app: str, granted: Granted, channels: list[Channel]) -> Grant:
    """The row of the consent: that of the same person, or, where the account itself consents, the one that has its
    channel's id."""
    subject = granted.tokens.subject
    base_url = channels[0].base_url
    if not subject:
        assert len(channels) == 1, "a consent without a subject opens one account"
        grant, _ = Grant.objects.get_or_create(id=channels[0].id, defaults={"network": network, "app": app})
        Grant.objects.filter(id=grant.id).update(base_url=base_url, app=app)
        return grant
    account = {"network": network, "base_url": base_url, "app": app, "subject": subject}
    Grant.objects.bulk_create([Grant(workspace_id=entered_workspace_id(), **account)], ignore_conflicts=True)
    return lock(Grant.objects.filter(**account)).get()


def _connect(actor: Actor, channel: Channel, offer: Offer, grant: Grant, granted: Granted, new: bool) -> None:
    if shared := offer.credentials.keys() & granted.tokens.credentials.keys():
        raise ValueError(f"credentials of {channel.network} have one name twice: {', '.join(sorted(shared))}")
    facts, left = offer.facts, channel.grant_id
    before = {} if new else _values(channel)
    channel.name, channel.handle = (facts.name or facts.handle)[:200], facts.handle[:200]
    channel.url, channel.avatar_url = facts.url[:500], facts.avatar_url[:500]
    channel.facts, channel.expires_at = render_facts(facts), facts.expires_at or get_end(granted.tokens)
    channel.health, channel.health_problem, channel.health_failures = Health.OK, None, 0
    channel.checked_at, channel.disconnected_at = now(), None
    channel.grant, channel.own_credentials = grant, seal_own(channel.id, offer.credentials)
    channel.save()
    channel.was_known = not new
    if left not in (None, grant.id):
        end_if_unused(left)
    audit.record(actor, "channel.connect" if new else "channel.reconnect", channel, before, _values(channel))
    publish(ChannelConnected(channel.id))
    notify_live(channel.workspace_id, "channel", channel.id)


def end_if_unused(grant_id: UUID | None) -> None:
    """Forget the credentials of a consent that no channel stands on any more."""
    if grant_id is not None and not Channel.objects.filter(grant_id=grant_id, disconnected_at=None).exists():
        write_grant(grant_id, None)


def disconnect_channel(actor: Actor, channel_id: UUID) -> Channel:
    """Forget the credentials. The row, its history and its planned posts stay: visible, movable, not sent. Other
    channels of the same consent go on; with the last one the consent ends here."""
    require(actor, Permission.CHANNELS)
    with transaction.atomic():
        get_channel(channel_id)
        channel = lock(Channel.objects.filter(id=channel_id)).get()
        if channel.disconnected_at is None:
            before, left = _values(channel), channel.grant_id
            channel.disconnected_at, channel.grant, channel.own_credentials = now(), None, b""
            channel.save(update_fields=["disconnected_at", "grant", "own_credentials"])
            end_if_unused(left)
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


def _other_account(expected: Channel, offers: Collection[Offer]) -> Problem:
    given = ", ".join((offer.facts.handle or offer.facts.name) for offer in list(offers)[:5])
    return Problem(
        code="other_account",
        message=gettext_noop("This is %(given)s, but the channel is %(expected)s. Nothing was changed."),
        fix=gettext_noop("Sign in as %(expected)s, or connect %(given)s as a channel of its own."),
        params={"given": given, "expected": expected.handle or expected.name},
    )


def nothing_chosen() -> Problem:
    """Of what the consent offers."""
    return Problem(
        code="nothing_chosen",
        message=gettext_noop("Nothing was chosen, so nothing was connected."),
        fix=gettext_noop("Tick at least one of the accounts that can be connected."),
    )


def _left_out() -> Problem:
    return Problem(
        code="left_out",
        message=gettext_noop("The newest consent no longer includes this account, so nothing can be sent to it."),
        fix=gettext_noop("Connect again and allow this account, too; or disconnect the channel."),
    )
