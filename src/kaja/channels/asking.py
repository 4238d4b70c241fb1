"""What every way of connecting does: find the connector, look at the form, ask the network for a person."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from kaja.kernel.problems import NotFound, Problem, Refused, gettext_noop
from kaja.networks.kit.connector import Connector, ConnectRefused
from kaja.networks.kit.http import TransportError
from kaja.networks.registry import CONNECTORS
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace
from kaja.workspaces.outside import ask_outside

T = TypeVar("T")


def ask(actor: Actor, workspace: Workspace, fetch: Callable[[], Awaitable[T]]) -> T:
    """Run one exchange; what went wrong in it is a refusal with the network's own reason, and what to do."""
    try:
        return ask_outside(actor, workspace.id, fetch)
    except (ConnectRefused, TransportError) as error:
        fix = gettext_noop("Nothing was connected. Check the address; if it is right, try again in a few minutes.")
        raise Refused(replace(error.problem, fix=error.problem.fix or fix)) from error


def get_form_connector(network: str) -> Connector:
    """The connector of a network that is connected by a form. Raises Refused for one that needs a browser."""
    connector = get_connector(network)
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


def get_connector(network: str) -> Connector:
    """The connector of a network. Raises NotFound."""
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
