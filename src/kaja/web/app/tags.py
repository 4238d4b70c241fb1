"""Names that a device may know people by."""

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from kaja.kernel.sessions import name_of
from kaja.workspaces.models import User


def tag_of(user: User) -> str:
    """A name of the person that says nothing about them, so that a device knows when somebody else has come."""
    return salted_hmac("kaja.web.app.person", str(user.pk), algorithm="sha256").hexdigest()[:16]


def tag_visit(request: HttpRequest) -> str:
    """The same of the session, so that a device knows when its person has signed in anew."""
    key = request.session.session_key or ""
    return salted_hmac("kaja.web.app.visit", name_of(key), algorithm="sha256").hexdigest()[:16]
