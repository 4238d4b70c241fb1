"""Reading people and workspaces."""

from kaja.kernel.tenancy import SystemPurpose, system_scope
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, User, Workspace
from kaja.workspaces.policy import ROLE_PERMISSIONS


def list_workspaces_of(user: User) -> list[Workspace]:
    """The workspaces that a person belongs to, by name."""
    with system_scope(SystemPurpose.SIGN_IN):
        return list(
            Workspace.objects.filter(id__in=Member.objects.filter(user=user).values("workspace_id")).order_by("name")
        )


def get_membership(user: User, slug: str) -> Member | None:
    """A person's membership of the workspace with this address, or None."""
    with system_scope(SystemPurpose.SIGN_IN):
        return Member.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()


def actor_of(member: Member, user: User) -> Actor:
    """The person as an actor of the member's workspace."""
    permissions = frozenset(p.value for p in ROLE_PERMISSIONS[member.role])
    return Actor("user", str(user.pk), str(user), permissions, user.pk)
