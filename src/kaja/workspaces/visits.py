"""People who stay: whoever was let in once is asked about again by what is open for long."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from kaja.kernel.clock import now
from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.workspaces.models import Member, User


@dataclass(frozen=True)
class Visit:
    """Somebody in a workspace, by the session with which they came in."""

    user_id: UUID
    workspace_id: UUID
    session_key: str  # its name in the database (kernel/sessions.py)


def list_ended(visits: Collection[Visit]) -> set[Visit]:
    """Those of the visits that would not be let in now. Three queries for any number."""
    rows = Session.objects.filter(session_key__in={visit.session_key for visit in visits}, expire_date__gt=now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    people = User.objects.filter(is_active=True).in_bulk({visit.user_id for visit in visits})
    with system_scope(SystemPurpose.SIGN_IN):
        members = set(Member.objects.filter(user__in=people).values_list("user_id", "workspace_id"))
    ended = set()
    for visit in visits:
        session, person = sessions.get(visit.session_key, {}), people.get(visit.user_id)
        known = (
            person is not None
            and session.get(SESSION_KEY) == str(person.pk)
            # Changes with the password, as Django's own check of every request.
            and constant_time_compare(session.get(HASH_SESSION_KEY, ""), person.get_session_auth_hash())
        )
        if not known or (visit.user_id, visit.workspace_id) not in members:
            ended.add(visit)
    return ended
