"""Devices that a person has signed in with before: a signed cookie, which opens nothing.

It only says whose failed tries are counted apart from those of strangers (OWASP, "Slow down online guessing attacks
with device cookies"). A new password makes it worthless.
"""

import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.signals import user_logged_in
from django.core import signing
from django.http import HttpRequest, HttpResponseBase

from kaja.workspaces.models import User
from kaja.workspaces.queries import find_person

SALT = "kaja.device"
LASTS = 400 * 86400  # browsers keep a cookie no longer (RFC 6265bis, section 5.5)
PEOPLE_MAX = 5


def cookie_name() -> str:
    """`__Host-` over https: no other host and no plain page can set it (RFC 6265bis, section 4.1.3.2)."""
    return "__Host-kaja_device" if settings.SECURE else "kaja_device"


def _person(email: str, user: User) -> str:
    """Whom a device knows: changes with the address and with the password."""
    return hashlib.sha256(f"{email.lower()} {user.get_session_auth_hash()}".encode()).hexdigest()[:32]


def _read(request: HttpRequest) -> dict[str, Any]:
    try:
        found = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return {}
    return found if isinstance(found, dict) else {}


def find_device(request: HttpRequest, email: str) -> str:
    """The device's own name when it has signed in as the person with this address, else nothing."""
    found = _read(request)
    if not found:
        return ""
    user = find_person(email)
    if user is None or _person(email, user) not in found.get("people", ()):
        return ""
    return str(found.get("device", ""))


def _remember(sender: object, request: HttpRequest, user: User, **extra: object) -> None:
    request.device_of = user  # type: ignore[attr-defined]


user_logged_in.connect(_remember, dispatch_uid="kaja.device")


def mark_device(request: HttpRequest, response: HttpResponseBase) -> None:
    """Give the device its cookie after a sign-in."""
    user = getattr(request, "device_of", None)
    if user is None:
        return
    found = _read(request)
    me = _person(user.email, user)
    people = [me, *(each for each in found.get("people", ()) if each != me)][:PEOPLE_MAX]
    value = signing.dumps({"device": found.get("device") or secrets.token_hex(12), "people": people}, salt=SALT)
    response.set_cookie(
        cookie_name(), value, max_age=LASTS, secure=settings.SECURE, httponly=True, samesite="Lax", path="/"
    )
