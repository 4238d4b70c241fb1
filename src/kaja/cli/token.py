"""`kaja token`: personal tokens for scripts."""

import json

import click

from kaja.cli.context import acting, json_option, person_option, workspace_option


@click.group()
def token() -> None:
    """Personal tokens for the API."""


@token.command("create")
@workspace_option
@person_option
@click.option("--name", required=True, help="The program that will use it.")
@click.option("--scope", "scopes", multiple=True, help="view, write, publish, channels or manage; repeat for several.")
@click.option("--days", type=click.IntRange(1, 3650), help="How many days it works; without end otherwise.")
@json_option
def create(slug: str, email: str, name: str, scopes: tuple[str, ...], days: int | None, as_json: bool) -> None:
    """Make a token and print it. It is shown this once."""
    with acting(slug, email) as (workspace, actor):
        from datetime import timedelta

        from kaja.api.tokens import create_token
        from kaja.kernel import clock
        from kaja.kernel.tenancy import workspace_scope

        expires_at = clock.now() + timedelta(days=days) if days else None
        with workspace_scope(workspace.id):
            row, secret = create_token(actor, name, scopes or ("view", "write", "publish"), expires_at)
    if as_json:
        click.echo(json.dumps({"id": str(row.id), "token": secret, "scopes": row.scopes}))
    else:
        click.echo(secret)


@token.command("list")
@workspace_option
@person_option
@json_option
def show_all(slug: str, email: str, as_json: bool) -> None:
    """Tokens with their first characters, scopes and last use; never the secret."""
    with acting(slug, email) as (workspace, actor):
        from kaja.api.tokens import list_tokens
        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id):
            rows = list_tokens(actor)
            shown = [
                {
                    "id": str(row.id),
                    "name": row.name,
                    "prefix": row.prefix,
                    "person": row.user.email,
                    "scopes": row.scopes,
                    "last_used_at": row.last_used_at.isoformat() if row.last_used_at else None,
                    "revoked": row.revoked_at is not None,
                }
                for row in rows
            ]
    if as_json:
        click.echo(json.dumps(shown))
        return
    for each in shown:
        state = "revoked" if each["revoked"] else f"last used {each['last_used_at'] or 'never'}"
        click.echo(f"{each['id']}  {each['prefix']}…  {each['name']}  {','.join(each['scopes'])}  {state}")


@token.command("revoke")
@workspace_option
@person_option
@click.argument("token_id", type=click.UUID)
def revoke(slug: str, email: str, token_id: object) -> None:
    """End a token at once."""
    with acting(slug, email) as (workspace, actor):
        from uuid import UUID

        from kaja.api.tokens import revoke_token
        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id):
            row = revoke_token(actor, UUID(str(token_id)))
    click.echo(f"Token {row.name} ended.")
