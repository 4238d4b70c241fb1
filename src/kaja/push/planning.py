"""From a notice to the devices of its person."""

from uuid import UUID

from kaja.push.jobs import push_notice
from kaja.push.kinds import find_heap
from kaja.push.models import Device
from kaja.workspaces.events import NoticesMade


def plan_pushes(event: NoticesMade) -> None:
    """A job for each device that wants to be told; one query for all of them. Inside the workspace's scope."""
    by_person: dict[UUID, list[Device]] = {}
    people = {notice.member.user_id for notice in event.notices}
    for device in Device.objects.filter(user__in=people).order_by("id"):
        by_person.setdefault(device.user_id, []).append(device)
    for notice in event.notices:
        for device in by_person.get(notice.member.user_id, ()):
            if find_heap(notice.kind) in device.kinds:
                push_notice.defer(
                    workspace_id=str(notice.workspace_id), notice_id=str(notice.id), device_id=str(device.id)
                )
