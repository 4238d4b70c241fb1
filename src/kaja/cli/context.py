"""Which workspace and person a command acts for."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from kaja.cli.application import application
from kaja.cli.failures import CommandFailed

if TYPE_CHECKING:
    from kaja.workspaces.actor import Actor
    from kaja.workspaces.models import Workspace

workspace_option = click.option(
    "--workspace", "-w", "slug", required=True, envvar="KAJA_WORKSPACE", help="The workspace's address, e.g. acme."
)
person_option = click.option(
    "--as", "email", default="", envvar="KAJA_AS", help="Act as this member; the workspace's first curator otherwise."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for a program.")


@contextmanager
def acting(slug: str, email: str) -> "Iterator[tuple[Workspace, Actor]]":
    """Load the application and find the workspace and the person; the workspace is not entered yet."""
    with application():
        from django.utils import timezone

        from kaja.kernel.tenancy import SystemPurpose, system_scope
        from kaja.workspaces.models import Member, Role
        from kaja.workspaces.queries import actor_of

        with system_scope(SystemPurpose.SIGN_IN):
            members = Member.objects.select_related("user", "workspace").filter(workspace__slug=slug)
            found = list(members.order_by("joined_at", "id"))
        if not found:
            raise CommandFailed(f"There is no workspace with the address {slug}: make it with `kaja workspace create`.")
        if email:
            chosen = next((m for m in found if m.user.email == email.lower()), None)
            if chosen is None:
                raise CommandFailed(f"{email} does not belong to the workspace {slug}.")
        else:
            chosen = next((m for m in found if m.role == Role.CURATOR), found[0])
        # Whoever plans here means the workspace's own clock.
        with timezone.override(ZoneInfo(chosen.workspace.time_zone)):
            yield chosen.workspace, actor_of(chosen, chosen.user)


@contextmanager
def entered(slug: str, email: str) -> "Iterator[tuple[Workspace, Actor]]":
    """The same inside the workspace, in one transaction."""
    with acting(slug, email) as (workspace, actor):
        from django.db import transaction

        from kaja.kernel.tenancy import workspace_scope

        with workspace_scope(workspace.id), transaction.atomic():
            yield workspace, actor


def print_json(shown: Any) -> None:
    """What a program reads."""
    click.echo(json.dumps(shown, ensure_ascii=False))
