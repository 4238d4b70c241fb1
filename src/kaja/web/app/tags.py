"""Names that a device may know people by."""

from django.utils.crypto import salted_hmac

from kaja.workspaces.models import User


def tag_of(user: User) -> str:
    """A name of the person that says nothing about them, so that a device knows when somebody else has come."""
    return salted_hmac("kaja.web.app.person", str(user.pk), algorithm="sha256").hexdigest()[:16]
