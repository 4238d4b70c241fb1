"""Asking a network whether it knows the operator's app. Called outside a scope."""

from kaja.channels.asking import get_connector
from kaja.channels.consenting import get_app, get_back_address
from kaja.channels.developer_apps import keep_check, require_operator
from kaja.channels.sessions import make_session
from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import ConnectRefused
from kaja.networks.kit.http import TransportError
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.outside import ask_outside


def check_app(actor: Actor, workspace: Workspace, network: str, slot: str) -> Problem | None:
    """What is wrong with the app, as far as the network can be asked; it is kept with the app."""
    require_operator(actor)
    connector = get_connector(network)
    app = get_app(connector, slot)
    checks = connector.apps
    if app is None or checks is None:
        return None

    async def fetch() -> None:
        await checks.check(slot, app, get_back_address(network), make_session(network, "", {}))

    try:
        ask_outside(actor, workspace.id, fetch)
    except (ConnectRefused, TransportError) as error:
        problem: Problem | None = error.problem
    else:
        problem = None
    keep_check(network, slot, app, problem)
    return problem
