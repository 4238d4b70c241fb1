"""Who may do what."""

from enum import StrEnum

from kaja.kernel.problems import NotAllowed, Problem, gettext_noop
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Mails, Member, Role


class Permission(StrEnum):
    VIEW = "view"
    WRITE = "write"  # ideas, drafts, media, campaigns, labels
    PUBLISH = "publish"  # schedule, publish now, settle deliveries, edit and delete on the network
    ANSWER = "answer"  # the inbox: answer, moderate, assign, settle
    CHANNELS = "channels"  # connect, reconnect, disconnect, slots
    MANAGE = "manage"  # workspace settings, members, pause everything, audit log


_WRITERS = frozenset({Permission.VIEW, Permission.WRITE})
ROLE_PERMISSIONS: dict[str, frozenset[Permission]] = {
    Role.CURATOR: frozenset(Permission),
    Role.CONTENT_MANAGER: _WRITERS | {Permission.PUBLISH, Permission.ANSWER, Permission.CHANNELS},
    Role.COMMUNITY_MANAGER: _WRITERS | {Permission.PUBLISH, Permission.ANSWER},
    Role.MARKETER: _WRITERS | {Permission.PUBLISH, Permission.ANSWER},
    Role.ANALYST: frozenset({Permission.VIEW}),
    Role.DESIGNER: _WRITERS,
    Role.APPROVER: frozenset({Permission.VIEW}),
    Role.GUEST: _WRITERS,
}


def list_mails_of(member: Member) -> Mails:
    """Which notices a member gets by e-mail: by choice, else all for those who manage, their own for the others."""
    if member.mails:
        return Mails(member.mails)
    return Mails.ALL if Permission.CHANNELS in ROLE_PERMISSIONS[member.role] else Mails.MINE


def can(actor: Actor, permission: Permission) -> bool:
    """Whether the actor holds the permission in the workspace of the entered scope."""
    return permission.value in actor.permissions


def require(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed when the actor lacks the permission."""
    if not can(actor, permission):
        raise NotAllowed(
            Problem(
                code="not_allowed",
                message=gettext_noop("Your role in this workspace does not allow this."),
                fix=gettext_noop("Ask a curator of the workspace for the permission “%(permission)s”."),
                params={"permission": permission.value},
            )
        )
