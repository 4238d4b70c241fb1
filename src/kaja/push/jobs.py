"""Notices on their way to devices, in the background."""

from uuid import UUID

from kaja.kernel.jobs import ComeAgain, job
from kaja.push.notices import send_notice


@job("push.push_notice")
def push_notice(workspace_id: str, notice_id: str, device_id: str) -> None:
    """To one device. It may be sent again: a device shows a notice once, whatever comes."""
    outcome = send_notice(UUID(workspace_id), UUID(notice_id), UUID(device_id))
    if outcome is not None and outcome.again is not None:
        raise ComeAgain(outcome.again)
