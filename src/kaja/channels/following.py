"""A server that has moved: its channel goes on at the new address, when a person has said so."""

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from kaja.channels.checking import sealed_shut
from kaja.channels.credentials import are_current
from kaja.channels.events import ChannelConnected
from kaja.channels.models import Channel, Grant, Health
from kaja.channels.queries import get_channel
from kaja.channels.sessions import make_session, open_session, render_facts
from kaja.kernel.clock import now
from kaja.kernel.constraints import refuse_duplicate
from kaja.kernel.events import publish
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.egress import origin_of
from kaja.networks.kit.facts import Facts
from kaja.networks.kit.http import TransportError
from kaja.networks.kit.outcome import MOVED
from kaja.networks.registry import CONNECTORS, is_practice
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.outside import ask_outside
from kaja.workspaces.policy import Permission, require

_STAYS = gettext_noop(
    "So the channel stays where it was. If its server has really moved to %(address)s, connect the account again there."
)


def find_new_address(channel: Channel) -> str:
    """The address that the channel's server sends Kaja to, as a base like the channel's own; empty when it does not.

    Never from https to http: the sign-in would travel in the open. Never for a practice channel: it is where this
    installation's practice network is.
    """
    problem = channel.health_problem or {}
    params = problem.get("params") or {}
    if channel.disconnected_at is not None or problem.get("code") != MOVED or not channel.base_url:
        return ""
    if is_practice(channel.network):
        return ""
    base, asked, to = channel.base_url.rstrip("/"), str(params.get("asked") or ""), str(params.get("to") or "")
    tail = asked.removeprefix(base) if asked.startswith(base) else ""
    found = to.removesuffix(tail) if tail and to.endswith(tail) else origin_of(to)
    found = found.rstrip("/").removesuffix(":443" if found.startswith("https:") else ":80")
    if not found or found == base or "?" in base or (base.startswith("https:") and not found.startswith("https:")):
        return ""
    return found[:300]


def follow_channel(actor: Actor, workspace_id: UUID, channel_id: UUID, to: str = "") -> Channel:
    """Go on at the address that the server names, once the same account answers there. One step for a person.

    `to` is what the person saw; when the server names another address by now, nothing is done. Called outside a scope,
    because a network may take half a minute. Raises Refused; nothing was changed then.
    """
    require(actor, Permission.CHANNELS)
    with workspace_scope(workspace_id):
        channel = get_channel(channel_id)
        target = find_new_address(channel)
        if not target or (to and to != target):
            raise Conflict(_not_moved())
        try:
            used = open_session(channel).credentials
        except VaultError as error:
            raise Refused(sealed_shut()) from error
    connector = CONNECTORS[channel.network]

    async def fetch() -> Facts:
        return await connector.accounts.inspect(make_session(channel.network, target, used))

    try:
        facts = ask_outside(actor, workspace_id, fetch)
    except (ConnectRefused, TransportError) as error:
        raise Refused(replace(error.problem, fix=_STAYS, params={**error.problem.params, "address": target})) from error
    if facts.account_id != channel.account_id:
        raise Refused(_another_account(target))
    with workspace_scope(workspace_id), transaction.atomic():
        row = lock(Channel.objects.filter(id=channel_id)).get()
        if find_new_address(row) != target or not are_current(row.id, used):
            raise Conflict(_not_moved())
        before = row.base_url
        row.base_url, row.facts = target, render_facts(facts)
        row.expires_at = facts.expires_at or row.expires_at
        row.url, row.avatar_url = facts.url[:500], facts.avatar_url[:500]
        row.health, row.health_problem, row.health_failures, row.checked_at = Health.OK, None, 0, now()
        with refuse_duplicate("channel_once", _there_already(target)):
            row.save()
        Grant.objects.filter(channels=row, base_url=before).update(base_url=target)
        audit.record(actor, "channel.follow", row, {"base_url": before}, {"base_url": target, "name": row.name})
        publish(ChannelConnected(row.id))
        notify_live(workspace_id, "channel", row.id)
    return row


def _not_moved() -> Problem:
    return Problem(
        "channel_not_moved",
        gettext_noop("The channel's server names no new address, or another one by now; nothing was changed."),
        fix=gettext_noop("Check the channel, and look at what it says."),
    )


def _another_account(target: str) -> Problem:
    return Problem(
        "follow_another_account",
        gettext_noop("Another account answers at %(address)s."),
        fix=_STAYS,
        params={"address": target},
    )


def _there_already(target: str) -> Problem:
    return Problem(
        "channel_there",
        gettext_noop("The account at %(address)s is a channel of this workspace already."),
        fix=gettext_noop("Move the scheduled posts there, then disconnect this one."),
        params={"address": target},
    )
