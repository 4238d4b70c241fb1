"""One notice to one device."""

from uuid import UUID

from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.http import run_blocking
from kaja.push.models import Device
from kaja.push.quiet import is_quiet
from kaja.push.sending import UNOPENABLE, Outcome, keep_outcome, send_letter, write_letter
from kaja.push.telling import render_notice
from kaja.workspaces.models import Notice
from kaja.workspaces.visits import Visit, list_ended


def send_notice(workspace_id: UUID, notice_id: UUID, device_id: UUID) -> Outcome | None:
    """Send one notice to one device; None when there is nothing to send any more: it was read, the device is gone,
    nobody is signed in there who may see it, or their hours are quiet."""
    with workspace_scope(workspace_id):
        rows = Notice.objects.select_related("member__user", "workspace").filter(id=notice_id, read_at=None)
        notice = rows.first()
        message = render_notice(notice) if notice else b""
    if notice is None:
        return None
    if is_quiet(notice.member.user, notice.kind):
        return None
    device = Device.objects.filter(id=device_id, user_id=notice.member.user_id).first()
    if device is None or list_ended({Visit(device.user_id, workspace_id, device.session)}):
        return None
    letter = write_letter(device, message)
    outcome = run_blocking(lambda: send_letter(letter)) if letter else Outcome(problem=UNOPENABLE)
    keep_outcome(device_id, outcome)
    return outcome
