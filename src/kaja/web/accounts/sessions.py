"""Where a person is signed in: kept while it is used, seen by them, ended by them."""

from allauth.account.adapter import get_adapter
from allauth.account.decorators import reauthentication_required
from allauth.account.signals import password_changed, password_set
from allauth.account.signals import user_logged_in as entered
from allauth.usersessions import signals
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from kaja.kernel.clock import now
from kaja.kernel.sessions import name_of
from kaja.web.flash import flash
from kaja.web.workspace import render_page
from kaja.workspaces.models import User
from kaja.workspaces.sittings import end_sessions, list_living, note_session, note_visit

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
    if not request.session.session_key:
        request.session.save()
    agent = request.META.get("HTTP_USER_AGENT", "")
    note_session(user, request.session.session_key or "", get_adapter().get_client_ip(request), agent)


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
        if not note_visit(request.session.session_key or ""):
            assert isinstance(request.user, User)
            _enter(request, request.user)  # begun by a version that kept no list
    return True


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
