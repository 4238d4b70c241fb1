"""`kaja channel`: connect accounts without a browser."""

import json
import sys
from typing import Any

import click

from kaja.cli.context import acting, json_option, person_option, workspace_option
from kaja.cli.failures import BadSetting


@click.group()
def channel() -> None:
    """Connected accounts, pages and blogs."""


def _fields(given: tuple[str, ...]) -> dict[str, str]:
    form = {}
    for pair in given:
        name, separator, value = pair.partition("=")
        if not separator or not name:
            raise BadSetting(f"“{pair}” is not NAME=VALUE.")
        form[name] = value
    return form


@channel.command("connect")
@workspace_option
@person_option
@click.option("--network", required=True, help="One of those that `kaja channel networks` lists.")
@click.option("--field", "fields", multiple=True, help="NAME=VALUE of the connect form; repeat for several.")
@click.option(
    "--secret-stdin", "secret", default="", help="The name of a secret field; its value is read from standard input."
)
@json_option
def connect(slug: str, email: str, network: str, fields: tuple[str, ...], secret: str, as_json: bool) -> None:
    """Connect an account. Give secrets by --secret-stdin: arguments are seen by everybody on the machine.

    A network that asks for consent in a browser (OAuth) is connected on the screen.
    """
    form = _fields(fields)
    if secret:
        form[secret] = sys.stdin.readline().rstrip("\n")
    with acting(slug, email) as (workspace, actor):
        from kaja.channels.actions import connect_channel

        made: Any = connect_channel(actor, workspace, network, form)
    if as_json:
        click.echo(json.dumps({"id": str(made.id), "network": made.network, "name": made.name, "handle": made.handle}))
    else:
        click.echo(f"{made.id}  {made.network}  {made.name}")


@channel.command("list")
@workspace_option
@person_option
@json_option
def show_all(slug: str, email: str, as_json: bool) -> None:
    """The workspace's channels and how they are."""
    with acting(slug, email) as (workspace, _):
        from kaja.channels.queries import list_channels
        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id):
            shown = [
                {
                    "id": str(row.id),
                    "network": row.network,
                    "name": row.name,
                    "handle": row.handle,
                    "health": row.health,
                    "url": row.url,
                }
                for row in list_channels()
            ]
    if as_json:
        click.echo(json.dumps(shown))
        return
    for each in shown:
        click.echo(f"{each['id']}  {each['network']:<10}  {each['health']:<11}  {each['name']}  {each['handle']}")


@channel.command("networks")
def networks() -> None:
    """The networks that Kaja speaks and the fields of their connect forms."""
    from kaja.networks.registry import CONNECTORS

    for key, connector in CONNECTORS.items():
        fields = ", ".join(f"{field.name}{' (secret)' if field.secret else ''}" for field in connector.info.form)
        how = "on the screen" if connector.info.connect == "oauth" else fields
        click.echo(f"{key:<10}  {connector.info.name:<20}  {how}")
