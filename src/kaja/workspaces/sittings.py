"""Where people are signed in: noted while it is used, listed, ended. Rows bear the names of sessions, never keys."""

from collections.abc import Iterable

from allauth.usersessions.models import UserSession
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils.crypto import constant_time_compare

from kaja.kernel.clock import now
from kaja.kernel.sessions import name_of
from kaja.workspaces.models import User

AGENT_LENGTH = UserSession._meta.get_field("user_agent").max_length or 200


def note_session(user: User, key: str, ip: str, agent: str) -> None:
    """Put a session into its person's list, or say there that it is in use."""
    about = {"user": user, "ip": ip, "user_agent": agent[:AGENT_LENGTH], "last_seen_at": now()}
    UserSession.objects.update_or_create(session_key=name_of(key), defaults=about)


def note_visit(key: str) -> bool:
    """Say that a session is in use; False for one that is in no list."""
    return bool(UserSession.objects.filter(session_key=name_of(key)).update(last_seen_at=now()))


def list_living(user: User) -> list[UserSession]:
    """A person's sessions that still open something, the latest first; others leave the list."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    mark = user.get_session_auth_hash()  # changes with the password
    living = {
        session.session_key
        for session in Session.objects.filter(session_key__in=[row.session_key for row in rows], expire_date__gt=now())
        if constant_time_compare(session.get_decoded().get(HASH_SESSION_KEY, ""), mark)
    }
    UserSession.objects.filter(pk__in=[row.pk for row in rows if row.session_key not in living]).delete()
    return [row for row in rows if row.session_key in living]


def end_sessions(user: User, *, keep: str = "", only: Iterable[int] | None = None) -> int:
    """End a person's sessions, all but the one with the key `keep`, or only those with these ids; gives their number.

    Django's row goes with it, so the browser's cookie opens nothing from this moment on.
    """
    rows = UserSession.objects.filter(user=user).exclude(session_key=name_of(keep))
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    keys = list(rows.values_list("session_key", flat=True))
    # One by one through the model: who listens to a session's end (an open page) hears of each.
    for session in Session.objects.filter(session_key__in=keys):
        session.delete()
    rows.delete()
    return len(keys)


def end_all_sessions() -> int:
    """End everybody's."""
    count = Session.objects.count()
    for session in Session.objects.iterator(chunk_size=500):
        session.delete()
    UserSession.objects.all().delete()
    return count
