"""Telling members what they should know: in the application, by e-mail and on their devices where they want it."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from kaja.kernel.clock import now
from kaja.kernel.events import publish
from kaja.kernel.signals import notify_live
from kaja.workspaces.events import NoticesMade
from kaja.workspaces.models import Mails, Member, Notice
from kaja.workspaces.policy import ROLE_PERMISSIONS, Permission, list_mails_of


def create_notice(
    kind: str,
    message: str,
    params: Mapping[str, Any] | None = None,
    *,
    path: str = "",
    permission: Permission = Permission.PUBLISH,
    owner: UUID | None = None,
) -> list[Notice]:
    """Tell every member of the entered scope who holds `permission`, and the `owner` (a user's id) of what it is about.

    E-mails follow in the background, to those who want them. `message` is a message id marked with `gettext_noop`;
    `path` is relative to the workspace's address (`channels/…`). An unread notice of the same kind, message and path
    is not repeated: a network that flaps fills nobody's mailbox.
    """
    from kaja.workspaces.jobs import mail_notice

    notices = []
    for member in Member.objects.select_related("user"):
        owns = owner is not None and member.user_id == owner
        if not owns and permission not in ROLE_PERMISSIONS[member.role]:
            continue
        same = Notice.objects.filter(member=member, kind=kind, message=message, path=path, read_at=None)
        if same.exists():
            continue
        notice = Notice.objects.create(kind=kind, member=member, message=message, params=dict(params or {}), path=path)
        notices.append(notice)
        if list_mails_of(member) == Mails.ALL or (owns and list_mails_of(member) == Mails.MINE):
            mail_notice.defer(workspace_id=str(notice.workspace_id), notice_id=str(notice.id))
    if notices:
        publish(NoticesMade(tuple(notices)))
        notify_live(notices[0].workspace_id, "notice")
    return notices


def settle_notices(kind: str, paths: Collection[str]) -> None:
    """What they told is settled, for everybody."""
    Notice.objects.filter(kind=kind, path__in=paths, read_at=None).update(read_at=now())


def tell_members(
    kind: str, message: str, params: Mapping[str, Any], *, path: str, user_ids: Collection[UUID]
) -> list[Notice]:
    """Tell these people, as far as they are members of the entered scope, of what concerns them by name.

    What they have not read yet is not repeated; an e-mail goes to those who want any.
    """
    from kaja.workspaces.jobs import mail_notice

    members = list(Member.objects.select_related("user").filter(user_id__in=user_ids).order_by("id"))
    same = Notice.objects.filter(member__in=members, kind=kind, message=message, path=path, params=params, read_at=None)
    told = set(same.values_list("member_id", flat=True))
    notices = [
        Notice(
            workspace_id=member.workspace_id, kind=kind, member=member, message=message, params=dict(params), path=path
        )
        for member in members
        if member.id not in told
    ]
    Notice.objects.bulk_create(notices)
    for notice in notices:
        if list_mails_of(notice.member) != Mails.NONE:
            mail_notice.defer(workspace_id=str(notice.workspace_id), notice_id=str(notice.id))
    if notices:
        publish(NoticesMade(tuple(notices)))
        notify_live(notices[0].workspace_id, "notice")
    return notices
