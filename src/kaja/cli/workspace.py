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


@user.command("reset-link")
@click.option("--email", required=True)
def reset_link(email: str) -> None:
    """Print a link with which the person chooses a new password: where no mail can be sent, you hand it over.

    It works once, for four hours. It does not get past their second factor.
    """
    with application():
        from allauth.account.forms import default_token_generator
        from allauth.account.utils import user_pk_to_url_str
        from django.conf import settings
        from django.urls import reverse

        person: Any = _find_user(email)
        key = default_token_generator.make_token(person)
        parts = {"uidb36": user_pk_to_url_str(person), "key": key}
        click.echo(settings.BASE_URL + reverse("account_reset_password_from_key", kwargs=parts))


@user.command("sign-out")
@click.option("--email", default="", help="Whose sessions end.")
@click.option("--everybody", is_flag=True, help="End all sessions of this installation.")
def sign_out(email: str, everybody: bool) -> None:
    """End sessions at once: one person's, or all."""
    if bool(email) == everybody:
        raise BadSetting("Say whose sessions end: --email ADDRESS, or --everybody.")
    with application():
        from kaja.workspaces.sittings import end_all_sessions, end_sessions

        count = end_all_sessions() if everybody else end_sessions(_find_user(email))
    click.echo(f"{count} sessions ended.")


@user.command("close")
@click.option("--email", required=True)
@click.option("--open", "open_again", is_flag=True, help="Let the person in again.")
def close(email: str, open_again: bool) -> None:
    """Close an account: nobody signs in with it, its sessions end and its API tokens rest. What was written stays."""
    with application():
        from kaja.workspaces.sittings import end_sessions

        person: Any = _find_user(email)
        person.is_active = open_again
        person.save(update_fields=["is_active"])
        if not open_again:
            end_sessions(person)
    click.echo(f"Account {person.email} {'opened' if open_again else 'closed'}.")


def _find_user(email: str) -> Any:
    from kaja.workspaces.models import User

    person = User.objects.filter(email__iexact=email).first()
    if person is None:
        raise CommandFailed(f"There is no account with the address {email}.")
    return person


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
    return actions.create_workspace(
        person, name=name, slug=slug, time_zone=time_zone, language=language, by_operator=True
    )
