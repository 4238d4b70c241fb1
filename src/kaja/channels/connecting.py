"""The parts of connecting that talk to a network. They enter the workspace's scope only before and after.

Called outside a scope, because a network may take half a minute and no transaction should wait for it.
"""

from collections.abc import Mapping
from typing import cast
from uuid import UUID

from kaja.channels import practice
from kaja.channels.asking import ask, get_connector, get_form_connector, require_fields
from kaja.channels.checking import Finding, inspect_account, keep_finding, keep_sealed_shut
from kaja.channels.models import Channel
from kaja.channels.queries import get_channel
from kaja.channels.sessions import make_session, open_session
from kaja.channels.storing import store_connection
from kaja.kernel.tenancy import workspace_scope
from kaja.kernel.vault import VaultError
from kaja.networks.kit.connector import ByForm, Connected
from kaja.networks.kit.http import run_blocking
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.outside import ask_outside
from kaja.workspaces.policy import Permission, require


def connect_channel(
    actor: Actor, workspace: Workspace, network: str, form: Mapping[str, str], *, expected: Channel | None = None
) -> Channel:
    """Connect by a form (address, app password ...). `expected` is the channel that is being reconnected.

    Raises Refused with what the network or the form check said; nothing is stored then.
    """
    require(actor, Permission.CHANNELS)
    connector = get_form_connector(network)
    require_fields(connector, form)
    accounts = cast(ByForm, connector.accounts)
    access: dict[str, str] = {}
    form = {**{field.name: field.default for field in connector.info.form if field.default}, **_filled(form)}
    if connector.info.practice:
        form, access = practice.fill_form(network, form), practice.make_access(workspace)

    async def fetch() -> Connected:
        return await accounts.connect(dict(form), access, make_session(network, "", {}))

    connected = ask(actor, workspace, fetch)
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
    connector = get_connector(channel.network)

    async def fetch() -> Finding:
        return await inspect_account(connector, session)

    finding = ask_outside(actor, workspace_id, fetch) if actor else run_blocking(fetch)
    with workspace_scope(workspace_id):
        return keep_finding(channel_id, finding, session, before)


def _filled(form: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if str(value).strip()}
