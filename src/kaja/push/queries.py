"""The devices of a person."""

from uuid import UUID

from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.push.models import Device
from kaja.workspaces.models import User

DEVICE_UNKNOWN = Problem(
    code="device_unknown",
    message=gettext_noop("This device is not one of yours any more."),
    fix=gettext_noop("Load the page again."),
)


class DeviceUnknown(Refused):
    """Gone, or somebody else's, which is not told apart."""

    status = 404


def page_devices(user: User, cursor: str = "", limit: int = PAGE) -> Page[Device]:
    """A person's own devices, the newest first."""
    return cut_page(Device.objects.filter(user=user), ("-created_at", "-id"), cursor, limit)


def get_device(user: User, device_id: UUID) -> Device:
    """One of a person's own. Raises DeviceUnknown."""
    device = Device.objects.filter(user=user, id=device_id).first()
    if device is None:
        raise DeviceUnknown(DEVICE_UNKNOWN)
    return device
