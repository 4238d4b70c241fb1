"""`kaja webhook`: which programs are told what happens, and how telling them went."""

from typing import TYPE_CHECKING, Any

import click

from kaja.cli.bodies import fill_body
from kaja.cli.context import entered, json_option, person_option, print_json, workspace_option

if TYPE_CHECKING:
    from uuid import UUID

webhook_argument = click.argument("webhook_id", type=click.UUID)


@click.group()
def webhook() -> None:
    """Webhooks: addresses that are told what happens."""


def _print(shown: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(shown)
        return
    stands = f"off ({shown['off_why']})" if shown["off_at"] else "failing" if shown["failing_since"] else "on"
    click.echo(f"{shown['id']}  {stands:<8}  {shown['name']}  {shown['address']}  {','.join(shown['events'])}")
    if secret := shown.get("secret"):
        click.echo(f"Secret, shown this once: {secret}")


@webhook.command("list")
@workspace_option
@person_option
@json_option
def show_all(slug: str, email: str, as_json: bool) -> None:
    """All of them, by name."""
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.webhooks import render_webhooks

        shown = render_webhooks(actor, limit=200).model_dump(mode="json")["items"]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        _print(each, as_json=False)


@webhook.command("create")
@workspace_option
@person_option
@click.option("--name", required=True, help="The program that is told.")
@click.option("--address", required=True, help="An https:// address of it.")
@click.option("--event", "-e", "events", multiple=True, required=True, help="message.received, …; repeat for several.")
@click.option("--key", type=click.UUID, default=None, help="A UUIDv7: with the same one it is made once.")
@json_option
def create(
    slug: str, email: str, name: str, address: str, events: tuple[str, ...], key: "UUID | None", as_json: bool
) -> None:
    """Make one and print its secret. It is shown this once."""
    with entered(slug, email) as (_, actor):
        from kaja.api.webhooks import NewWebhookIn, render_made_webhook
        from kaja.outgoing.actions import create_endpoint

        body = fill_body(NewWebhookIn, id=key, name=name, address=address, events=list(events))
        row, secret = create_endpoint(actor, body.name, body.address, body.events, body.id)
        shown = render_made_webhook(row, secret).model_dump(mode="json")
    _print(shown, as_json)


@webhook.command("change")
@workspace_option
@person_option
@webhook_argument
@click.option("--name", default=None)
@click.option("--address", default=None)
@click.option("--event", "-e", "events", multiple=True, help="All that it is told of from now on.")
@json_option
def change(
    slug: str,
    email: str,
    webhook_id: "UUID",
    name: str | None,
    address: str | None,
    events: tuple[str, ...],
    as_json: bool,
) -> None:
    """What it is told from now on, and where; what is not given stays."""
    with entered(slug, email) as (_, actor):
        from kaja.api.webhooks import WebhookIn, render_webhook
        from kaja.outgoing.actions import update_endpoint
        from kaja.outgoing.queries import get_endpoint

        row = get_endpoint(webhook_id)
        body = fill_body(
            WebhookIn,
            name=row.name if name is None else name,
            address=row.address if address is None else address,
            events=list(events or row.kinds),
        )
        row = update_endpoint(actor, webhook_id, body.name, body.address, body.events)
        shown = render_webhook(row).model_dump(mode="json")
    _print(shown, as_json)


@webhook.command("secret")
@workspace_option
@person_option
@webhook_argument
def renew(slug: str, email: str, webhook_id: "UUID") -> None:
    """A new secret, printed this once. For a day it is signed with the one before, too."""
    with entered(slug, email) as (_, actor):
        from kaja.outgoing.actions import renew_secret

        secret = renew_secret(actor, webhook_id)
    click.echo(secret)


@webhook.command("on")
@workspace_option
@person_option
@webhook_argument
@json_option
def switch_on(slug: str, email: str, webhook_id: "UUID", as_json: bool) -> None:
    """Tell it again; what waits goes out."""
    _switch(slug, email, webhook_id, True, as_json)


@webhook.command("off")
@workspace_option
@person_option
@webhook_argument
@json_option
def switch_off(slug: str, email: str, webhook_id: "UUID", as_json: bool) -> None:
    """Tell it nothing; what happens meanwhile is not kept for it."""
    _switch(slug, email, webhook_id, False, as_json)


def _switch(slug: str, email: str, webhook_id: "UUID", on: bool, as_json: bool) -> None:
    with entered(slug, email) as (_, actor):
        from kaja.api.webhooks import render_webhook
        from kaja.outgoing.actions import switch_endpoint

        shown = render_webhook(switch_endpoint(actor, webhook_id, on)).model_dump(mode="json")
    _print(shown, as_json)


@webhook.command("delete")
@workspace_option
@person_option
@webhook_argument
def delete(slug: str, email: str, webhook_id: "UUID") -> None:
    """Tell it no more, and forget its log."""
    with entered(slug, email) as (_, actor):
        from kaja.outgoing.actions import delete_endpoint

        delete_endpoint(actor, webhook_id)
    click.echo("Deleted.")


@webhook.command("test")
@workspace_option
@person_option
@webhook_argument
def send_test(slug: str, email: str, webhook_id: "UUID") -> None:
    """Send an event that says nothing; `log` has what became of it."""
    with entered(slug, email) as (_, actor):
        from kaja.outgoing.actions import send_test as send

        send(actor, webhook_id)
    click.echo("On its way.")


@webhook.command("log")
@workspace_option
@person_option
@webhook_argument
@click.option("--state", type=click.Choice(["waiting", "sent", "failed"]), default=None)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@json_option
def show_log(slug: str, email: str, webhook_id: "UUID", state: str | None, limit: int, as_json: bool) -> None:
    """What it was told in the last 30 days, the newest first."""
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.webhooks import render_log

        shown = render_log(actor, webhook_id, state or "", limit=limit).model_dump(mode="json")["items"]
    if as_json:
        print_json(shown)
        return
    for each in shown:
        _print_sending(each)


def _print_sending(shown: dict[str, Any]) -> None:
    last = shown["tries"][0] if shown["tries"] else {}
    end = last.get("status") or (last.get("problem") or {}).get("message", "")
    tries = f"{len(shown['tries'])} tries"
    click.echo(f"{shown['id']}  {shown['at'][:16]}  {shown['type']:<20}  {shown['state']:<7}  {tries}  {end}")


@webhook.command("resend")
@workspace_option
@person_option
@click.argument("sending_id", type=click.UUID)
@json_option
def resend(slug: str, email: str, sending_id: "UUID", as_json: bool) -> None:
    """Send a line of the log once more, with the same `webhook-id`."""
    with entered(slug, email) as (_, actor):
        from kaja.api.routers.webhooks import render_sending
        from kaja.outgoing.actions import send_again

        shown = render_sending(send_again(actor, sending_id).id).model_dump(mode="json")
    print_json(shown) if as_json else _print_sending(shown)
