"""The parts of connecting that talk to a network. They enter the workspace's scope only before and after.

Called outside a scope, because a network may take half a minute and no transaction should wait for it.
"""

import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from kaja.channels import practice
from kaja.channels.checking import Finding, inspect_account, keep_finding, keep_sealed_shut
from kaja.channels.models import Channel, PendingConnection
from kaja.channels.queries import get_channel
from kaja.channels.sessions import (
    make_session,
    open_session,
)
from kaja.channels.storing import store_connection
from kaja.channels.vault import get_vault
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import Connected, Connector, ConnectRefused
from kaja.networks.kit.http import TransportError, run_blocking
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.outside import ask_outside
from kaja.workspaces.policy import Permission, require
from kaja.workspaces.queries import hash_token

T = TypeVar("T")

PENDING_LASTS = timedelta(minutes=20)


def connect_channel(
    actor: Actor, workspace: Workspace, network: str, form: Mapping[str, str], *, expected: Channel | None = None
) -> Channel:
    """Connect by a form (address, app password ...). `expected` is the channel that is being reconnected.

    Raises Refused with what the network or the form check said; nothing is stored then.
    """
    require(actor, Permission.CHANNELS)
    connector = get_form_connector(network)
    require_fields(connector, form)
    access: dict[str, str] = {}
    form = {**{field.name: field.default for field in connector.info.form if field.default}, **_filled(form)}
    if connector.info.practice:
        form, access = practice.fill_form(network, form), practice.make_access(workspace)

    async def fetch() -> Connected:
        return await connector.accounts.connect(dict(form), access, make_session(network, "", {}))

    connected = _ask(actor, workspace, fetch)
    with workspace_scope(workspace.id):
        return store_connection(actor, network, connected, expected=expected)


def start_authorization(
    actor: Actor,
    workspace: Workspace,
    network: str,
    form: Mapping[str, str],
    redirect_uri: str,
    *,
    expected: Channel | None = None,
) -> str:
    """Begin an OAuth round trip; returns the network's address to send the person to."""
    require(actor, Permission.CHANNELS)
    connector = _get_connector(network)
    require_fields(connector, form)
    state = secrets.token_urlsafe(32)

    async def fetch() -> tuple[str, dict[str, str]]:
        session = make_session(network, "", {})
        authorization = await connector.accounts.authorize(dict(form), redirect_uri, state, session)
        return authorization.url, dict(authorization.pending)

    url, pending = _ask(actor, workspace, fetch)
    assert actor.user_id is not None, "only a person can consent"
    with workspace_scope(workspace.id):
        PendingConnection.objects.filter(expires_at__lt=now()).delete()
        row = PendingConnection(
            state_hash=hash_token(state),
            network=network,
            user_id=actor.user_id,
            channel=expected,
            expires_at=now() + PENDING_LASTS,
        )
        row.sealed = get_vault().seal(json.dumps(pending).encode(), bound_to=f"pending:{row.id}")
        row.save()
    return url


def finish_authorization(actor: Actor, workspace: Workspace, network: str, answer: Mapping[str, str]) -> Channel:
    """End an OAuth round trip with what the network sent along. The state opens once, for the person who began."""
    require(actor, Permission.CHANNELS)
    connector = _get_connector(network)
    if actor.user_id is None:
        raise Refused(_state_unknown())
    with workspace_scope(workspace.id):
        row = (
            lock(
                PendingConnection.objects.filter(
                    state_hash=hash_token(answer.get("state", "")),
                    network=network,
                    user_id=actor.user_id,
                    expires_at__gt=now(),
                )
            )
            .select_related("channel")
            .first()
        )
        if row is None:
            raise Refused(_state_unknown())
        expected = row.channel
        pending = json.loads(get_vault().open(bytes(row.sealed), bound_to=f"pending:{row.id}"))
        row.delete()
    if answer.get("error"):
        raise Refused(_not_allowed(connector))

    async def fetch() -> Connected:
        return await connector.accounts.connect(dict(answer), pending, make_session(network, "", {}))

    connected = _ask(actor, workspace, fetch)
    with workspace_scope(workspace.id):
        return store_connection(actor, network, connected, expected=expected)


def check_channel(workspace_id: UUID, channel_id: UUID, actor: Actor | None = None) -> Channel:
    """Ask the network whether the channel still works, and keep what it said: health, limits, permissions, quotas.

    `actor`: the person who wants to know now, and who is refused while they wait for several networks.
    """
    with workspace_scope(workspace_id):
        channel = get_channel(channel_id)
        if channel.disconnected_at is not None:
            return channel
        before = channel.health
        try:
            session = open_session(channel)
        except VaultError:
            return keep_sealed_shut(channel, before)
    connector = _get_connector(channel.network)

    async def fetch() -> Finding:
        return await inspect_account(connector, session)

    finding = ask_outside(actor, workspace_id, fetch) if actor else run_blocking(fetch)
    with workspace_scope(workspace_id):
        return keep_finding(channel_id, finding, session, before)


def _ask(actor: Actor, workspace: Workspace, fetch: Callable[[], Awaitable[T]]) -> T:
    """Run one exchange; what went wrong in it is a refusal with the network's own reason, and what to do."""
    try:
        return ask_outside(actor, workspace.id, fetch)
    except (ConnectRefused, TransportError) as error:
        fix = gettext_noop("Nothing was connected. Check the address; if it is right, try again in a few minutes.")
        raise Refused(replace(error.problem, fix=error.problem.fix or fix)) from error


def get_form_connector(network: str) -> Connector:
    """The connector of a network that is connected by a form. Raises Refused for one that needs a browser."""
    connector = _get_connector(network)
    if connector.info.connect != "form":
        raise Refused(
            Problem(
                code="needs_browser",
                message=gettext_noop("%(network)s is connected by giving consent in a browser."),
                fix=gettext_noop("Open the channels page of the workspace and connect it there."),
                params={"network": connector.info.name},
            )
        )
    return connector


def _filled(form: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if str(value).strip()}


def require_fields(connector: Connector, form: Mapping[str, str]) -> None:
    """Raise Refused for every field of the connect form that is empty, and for every one that the form does not have:
    a misspelt name would be dropped without a word."""
    known = [field.name for field in connector.info.form]
    unknown = [
        Problem(
            code="field_unknown",
            field=name[:60],
            message=gettext_noop("“%(name)s” is no field of the form of %(network)s."),
            fix=gettext_noop("Its fields are: %(fields)s."),
            params={"name": name[:60], "network": connector.info.name, "fields": ", ".join(known)},
        )
        for name in form
        if name not in known
    ]
    missing = [
        Problem(
            code="field_missing",
            field=field.name,
            message=gettext_noop("“%(label)s” is empty."),
            fix=gettext_noop("Fill it in."),
            params={"label": field.label},
        )
        for field in connector.info.form
        if field.required and not field.default and not str(form.get(field.name, "")).strip()
    ]
    if unknown or missing:
        raise Refused(*unknown, *missing)


def _get_connector(network: str) -> Connector:
    connector = CONNECTORS.get(network)
    if connector is None:
        raise NotFound(
            Problem(
                code="network_unknown",
                message=gettext_noop("Kaja does not know the network “%(network)s”."),
                fix=gettext_noop("Choose one of the listed networks."),
                params={"network": network},
            )
        )
    return connector


def _state_unknown() -> Problem:
    return Problem(
        code="oauth_state",
        message=gettext_noop("This consent was not asked for from here, was used already, or took over 20 minutes."),
        fix=gettext_noop("Start connecting again from the channels page, in the same browser."),
    )


def _not_allowed(connector: Connector) -> Problem:
    return Problem(
        code="consent_refused",
        message=gettext_noop("%(network)s says that the consent was not given, so nothing was connected."),
        fix=gettext_noop("Connect again and allow what Kaja asks for."),
        params={"network": connector.info.name},
    )
