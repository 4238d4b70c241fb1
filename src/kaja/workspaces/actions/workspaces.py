"""Making a workspace, changing its settings. Pausing it is a matter of `publishing`."""

import re
from typing import Any
from uuid import UUID

from anyascii import anyascii
from django.conf import settings
from django.db import connection, transaction
from django.utils.text import slugify

from kaja.kernel.constraints import refuse_duplicate
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Conflict, NotAllowed, Problem, Refused, gettext_noop
from kaja.kernel.signals import notify_live
from kaja.kernel.tenancy import SystemPurpose, system_scope, workspace_scope
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.customs import DateStyle, WeekStart
from kaja.workspaces.models import Member, Role, User, Workspace, list_time_zones
from kaja.workspaces.once import ID_TAKEN, find_made, insert_once
from kaja.workspaces.policy import Permission, require
from kaja.workspaces.queries import actor_of, can_make_workspaces, get_workspace

LONGEST_LATE_LIMIT = 7 * 24 * 60
_NAMING = 0x6B616A62  # an advisory lock that nothing else takes
SLUG = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")


def create_workspace(
    user: User,
    *,
    name: str,
    slug: str = "",
    time_zone: str = "UTC",
    language: str = "en",
    workspace_id: UUID | None = None,
    by_operator: bool = False,
) -> Workspace:
    """Make a workspace whose curator is `user`. Without a slug one is made from the name. Opens its own scope.

    Who may is the operator's choice, who may always (`by_operator`: the command line).
    With the `workspace_id` of an earlier call of the same person its workspace is given.
    """
    if not by_operator and not can_make_workspaces(user):
        raise NotAllowed(
            Problem(
                code="workspaces_not_yours",
                message=gettext_noop("You may not make workspaces in this Kaja."),
                fix=gettext_noop("Ask the person who runs it, or a curator, to make one and invite you."),
            )
        )
    problems = check_settings(name=name, time_zone=time_zone, language=language)
    if slug and not SLUG.fullmatch(slug):
        problems.append(
            Problem(
                code="slug_invalid",
                field="slug",
                message=gettext_noop("“%(slug)s” cannot be part of an address."),
                fix=gettext_noop("Use small letters a to z, digits and single hyphens between them."),
                params={"slug": slug},
            )
        )
    if problems:
        raise Refused(*problems)
    name = name.strip()
    taken = Problem(
        code="slug_taken",
        field="slug",
        message=gettext_noop("Another workspace has the address “%(slug)s”."),
        fix=gettext_noop("Choose another address."),
        params={"slug": slug or name},
    )
    with transaction.atomic(), system_scope(SystemPurpose.CREATE_WORKSPACE):
        if (made := find_made(Workspace, workspace_id)) is not None:
            return _require_own(made, user)
        if slug and Workspace.objects.filter(slug=slug).exists():
            raise Refused(taken)
        if not slug:
            _one_at_a_time()
        workspace = Workspace(
            id=workspace_id or new_id(),
            name=name,
            slug=slug or _free_slug(name),
            time_zone=time_zone,
            language=language,
        )
        with refuse_duplicate("workspaces_workspace_slug_key", taken):
            made = insert_once(workspace)
        if made is not workspace:
            return _require_own(made, user)
        member = Member.objects.create(workspace=workspace, user=user, role=Role.CURATOR)
        with workspace_scope(workspace.id):
            audit.record(actor_of(member, user), "workspace.create", workspace, after=_values(workspace))
    return workspace


def _require_own(made: Workspace, user: User) -> Workspace:
    """The workspace that an earlier call with this id made, for the person who made it; nobody else learns of it."""
    if not Member.objects.filter(workspace=made, user=user, role=Role.CURATOR).exists():
        raise Conflict(ID_TAKEN)
    return made


def update_workspace(
    actor: Actor,
    *,
    name: str,
    time_zone: str,
    language: str,
    late_limit_minutes: int,
    date_style: str | None = None,
    week_start: str | None = None,
) -> Workspace:
    """Change the settings of the workspace of the entered scope. How days are written stays where it is not given."""
    require(actor, Permission.MANAGE)
    problems = check_settings(name=name, time_zone=time_zone, language=language, late_limit_minutes=late_limit_minutes)
    problems += check_customs(date_style or "", week_start or "")
    if problems:
        raise Refused(*problems)
    with transaction.atomic():
        workspace = get_workspace()
        before = _values(workspace)
        workspace.name, workspace.time_zone, workspace.language = name.strip(), time_zone, language
        workspace.late_limit_minutes = late_limit_minutes
        workspace.date_style = workspace.date_style if date_style is None else date_style
        workspace.week_start = workspace.week_start if week_start is None else week_start
        workspace.save(
            update_fields=["name", "time_zone", "language", "late_limit_minutes", "date_style", "week_start"]
        )
        if before != _values(workspace):
            audit.record(actor, "workspace.update", workspace, before, _values(workspace))
            notify_live(workspace.id, "workspace", workspace.id)
    return workspace


def check_settings(*, name: str, time_zone: str, language: str, late_limit_minutes: int = 30) -> list[Problem]:
    """What is wrong with the settings of a workspace."""
    problems = []
    if not name.strip():
        problems.append(
            Problem(
                code="name_missing",
                field="name",
                message=gettext_noop("The workspace has no name."),
                fix=gettext_noop("Give it the name of the brand or client."),
            )
        )
    elif len(name.strip()) > 120:
        problems.append(
            Problem(
                code="name_too_long",
                field="name",
                message=gettext_noop("The name has %(length)d characters; 120 fit."),
                fix=gettext_noop("Shorten the name."),
                params={"length": len(name.strip())},
            )
        )
    if time_zone not in list_time_zones():
        problems.append(
            Problem(
                code="time_zone_unknown",
                field="time_zone",
                message=gettext_noop("“%(zone)s” is not a known time zone."),
                fix=gettext_noop("Use a name such as Europe/Tallinn."),
                params={"zone": time_zone},
            )
        )
    if language not in dict(settings.LANGUAGES):
        problems.append(
            Problem(
                code="language_unknown",
                field="language",
                message=gettext_noop("Kaja does not speak “%(language)s”."),
                fix=gettext_noop("Choose one of the listed languages."),
                params={"language": language},
            )
        )
    if not 1 <= late_limit_minutes <= LONGEST_LATE_LIMIT:
        problems.append(
            Problem(
                code="late_limit_out_of_range",
                field="late_limit_minutes",
                message=gettext_noop("The late limit has to lie between 1 minute and 7 days (10,080 minutes)."),
                fix=gettext_noop("30 minutes suit most teams."),
            )
        )
    return problems


def check_customs(date_style: str, week_start: str) -> list[Problem]:
    """What is wrong with how days are to be written and where a week is to begin."""
    problems = []
    if date_style not in DateStyle.values:
        problems.append(
            Problem(
                code="date_style_unknown",
                field="date_style",
                message=gettext_noop("Kaja cannot write dates as “%(style)s”."),
                fix=gettext_noop("Choose one of the listed ways, or leave it to the language."),
                params={"style": date_style},
            )
        )
    if week_start not in WeekStart.values:
        problems.append(
            Problem(
                code="week_start_unknown",
                field="week_start",
                message=gettext_noop("A week cannot begin with “%(day)s”."),
                fix=gettext_noop("Choose Monday, Saturday or Sunday, or leave it to the country."),
                params={"day": week_start},
            )
        )
    return problems


def _one_at_a_time() -> None:
    """Two workspaces of one name that are made at once get two addresses: the second looks when the first is there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_NAMING])


def _free_slug(name: str) -> str:
    # A name without any letter or digit leaves nothing; such a workspace gets a short random address.
    base = slugify(anyascii(name))[:50].strip("-_").replace("_", "-") or f"w-{new_id().hex[-6:]}"
    taken = set(Workspace.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    number, slug = 2, base
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug


def _values(workspace: Workspace) -> dict[str, Any]:
    return {
        "name": workspace.name,
        "slug": workspace.slug,
        "time_zone": workspace.time_zone,
        "language": workspace.language,
        "late_limit_minutes": workspace.late_limit_minutes,
        "date_style": workspace.date_style,
        "week_start": workspace.week_start,
    }
