"""`kaja workspace` and `kaja user`: the first steps of an operator or a script that has no browser."""

import getpass
import json
import sys
from typing import Any

import click

from kaja.cli.application import application
from kaja.cli.failures import BadSetting, CommandFailed


@click.group()
def workspace() -> None:
    """Workspaces: one per brand or client."""


@click.group()
def user() -> None:
    """People who sign in."""


@user.command("create")
@click.option("--email", required=True)
@click.option("--name", default="")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it.")
def create_user(email: str, name: str, password_stdin: bool) -> None:
    """Make an account. The password is asked for, never an argument: arguments are seen by everybody on the machine."""
    password = sys.stdin.readline().rstrip("\n") if password_stdin else _ask_password()
    with application():
        from allauth.account.models import EmailAddress
        from django.contrib.auth.password_validation import validate_password
        from django.core.exceptions import ValidationError
        from django.core.validators import validate_email
        from django.db import transaction

        from kaja.workspaces.models import User

        try:
            validate_email(email)
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise CommandFailed(" ".join(error.messages)) from error
        if User.objects.filter(email__iexact=email).exists():
            raise CommandFailed(f"There is an account with the address {email} already.")
        with transaction.atomic():
            made = User.objects.create_user(email, password, name=name)
            EmailAddress.objects.create(user=made, email=made.email, primary=True, verified=True)
    click.echo(f"Account {made.email} made.")


def _ask_password() -> str:
    if not sys.stdin.isatty():
        raise BadSetting("There is no terminal to ask for the password: give it with --password-stdin.")
    first, again = getpass.getpass("Password: "), getpass.getpass("Again: ")
    if first != again:
        raise CommandFailed("The two passwords differ; nothing was made.")
    return first


@workspace.command("create")
@click.option("--name", required=True)
@click.option("--owner", required=True, help="E-mail address of an existing account (see `kaja user create`).")
@click.option("--time-zone", default="UTC", show_default=True, help="For example Europe/Tallinn.")
@click.option("--language", default="en", show_default=True)
@click.option("--slug", default="", help="Its part of the address; made from the name when left out.")
@click.option("--json", "as_json", is_flag=True)
def create_workspace(name: str, owner: str, time_zone: str, language: str, slug: str, as_json: bool) -> None:
    """Make a workspace and its curator."""
    with application():
        made: Any = _create(name, owner, time_zone, language, slug)
    if as_json:
        click.echo(json.dumps({"id": str(made.id), "slug": made.slug, "name": made.name}))
    else:
        click.echo(f"Workspace {made.name} made: /w/{made.slug}/")


def _create(name: str, owner: str, time_zone: str, language: str, slug: str) -> Any:
    from kaja.workspaces import actions
    from kaja.workspaces.models import User

    person = User.objects.filter(email__iexact=owner).first()
    if person is None:
        raise CommandFailed(f"There is no account with the address {owner}: make it with `kaja user create`.")
    return actions.create_workspace(person, name=name, slug=slug, time_zone=time_zone, language=language)
