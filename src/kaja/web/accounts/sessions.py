"""Where a person is signed in: kept while it is used, seen by them, ended by them."""

from collections.abc import Iterable

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.signals import password_changed, password_set
from allauth.account.signals import user_logged_in as entered
from allauth.usersessions import signals
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kaja.kernel.clock import now
from kaja.kernel.sessions import name_of
from kaja.web.flash import flash
from kaja.web.workspace import render_page
from kaja.workspaces.models import User

SINCE, SEEN = "signed_in_at", "seen_at"
SEEN_EVERY = 900
"""Seconds between two notes of a visit; each is a write."""


def _begin(sender: object, request: HttpRequest, user: User, **extra: object) -> None:
    moment = int(now().timestamp())
    request.session[SINCE] = request.session[SEEN] = moment
    list_living(user)
    _enter(request, user)


def _go_on(sender: object, request: HttpRequest, user: User, **extra: object) -> None:
    _enter(request, user)


# allauth would write the sessions' keys themselves into its list.
entered.disconnect(signals.on_user_logged_in)
user_logged_in.connect(_begin, dispatch_uid="kaja.session")
for each in (password_changed, password_set):
    each.disconnect(signals.on_password_changed)
    each.connect(_go_on, dispatch_uid="kaja.session")


def _enter(request: HttpRequest, user: User) -> None:
    """Put this session into the list, or say there that it is in use."""
    if not request.session.session_key:
        request.session.save()
    agent = request.META.get("HTTP_USER_AGENT", "")[: UserSession._meta.get_field("user_agent").max_length]
    about = {"user": user, "ip": get_adapter().get_client_ip(request), "user_agent": agent}
    name = name_of(request.session.session_key or "")
    UserSession.objects.update_or_create(session_key=name, defaults={**about, "last_seen_at": now()})


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


def keep_session(request: HttpRequest) -> bool:
    """Note the visit; False when the session is older than any may be, and is ended."""
    moment = int(now().timestamp())
    since = int(request.session.get(SINCE, 0))
    if since and moment - since > settings.SESSION_LONGEST:
        logout(request)
        return False
    if moment - int(request.session.get(SEEN, 0)) > SEEN_EVERY:
        # Saving it also puts off the end that comes without visits.
        request.session[SEEN] = moment
        request.session.setdefault(SINCE, moment)
        name = name_of(request.session.session_key or "")
        if not UserSession.objects.filter(session_key=name).update(last_seen_at=now()):
            assert isinstance(request.user, User)
            _enter(request, request.user)  # begun by a version that kept no list
    return True


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


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]  # allauth ships no types
def sessions(request: HttpRequest) -> HttpResponse:
    """The list of one's sessions, each with a button that ends it, after the password once more."""
    assert isinstance(request.user, User)
    key = request.session.session_key or ""
    if request.method == "POST":
        one = request.POST.get("session", "")
        if end_sessions(request.user, keep=key, only=_parse_row(one) if one else None):
            flash(request, _("Signed out there."))
        return redirect("usersessions_list")
    here, rows = name_of(key), list_living(request.user)
    context = {"sessions": [{"row": row, "here": row.session_key == here, "what": name_device(row)} for row in rows]}
    return render_page(request, "account/sessions.html", context)


def _parse_row(text: str) -> list[int]:
    """The row that a button names; none for what is no number of a row."""
    return [int(text)] if text.isascii() and text.isdecimal() and len(text) < 19 else []


BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip


def name_device(row: UserSession) -> str:
    """“Firefox, Windows”: enough to know it again; the whole text is in the title."""
    said = row.user_agent or ""
    found = [next((name for mark, name in table if mark in said), "") for table in (BROWSERS, SYSTEMS)]
    return ", ".join(name for name in found if name)
