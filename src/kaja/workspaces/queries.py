"""Reading people and workspaces."""

from base64 import urlsafe_b64encode
from collections.abc import Collection
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.crypto import salted_hmac

from kaja.kernel.clock import now
from kaja.kernel.compiled import CompiledQuery, columns_of, make_row
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.tenancy import SystemPurpose, UnscopedQuery, current_workspace_id, system_scope
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry, Invitation, Member, Notice, Role, User, Workspace
from kaja.workspaces.policy import ROLE_PERMISSIONS


def has_people() -> bool:
    """Whether anybody has an account in this installation."""
    return User.objects.exists()


def find_person(email: str) -> User | None:
    """Whose account has this address."""
    return User.objects.filter(email=email.lower()).first()


def list_workspaces_of(user: User) -> list[Workspace]:
    """The workspaces that a person belongs to, by name."""
    with system_scope(SystemPurpose.SIGN_IN):
        return list(
            Workspace.objects.filter(id__in=Member.objects.filter(user=user).values("workspace_id")).order_by(
                "name", "id"
            )
        )


_memberships = CompiledQuery()  # asked by every page


def list_memberships(user: User) -> list[Member]:
    """Every membership of a person, each with its workspace, by the workspace's name, then its age. One query."""
    own = columns_of(Member)

    def memberships() -> QuerySet[Member, Any]:
        theirs = [f"workspace__{name}" for name in columns_of(Workspace)]
        order = ("workspace__name", "workspace_id")
        return Member.objects.filter(user_id=user.pk).order_by(*order).values_list(*own, *theirs)

    with system_scope(SystemPurpose.SIGN_IN):
        rows = _memberships.fetch(memberships, user.pk)
    found = []
    for row in rows:
        member = make_row(Member, row[: len(own)])
        member.workspace = make_row(Workspace, row[len(own) :])
        found.append(member)
    return found


def is_in_crisis(workspace_id: UUID) -> bool:
    """Whether a crisis lasts: then nothing is done in public that no person pressed for. Whoever plans such a thing
    asks with the workspace's row locked, as a crisis that begins does. Inside the workspace's scope."""
    return Workspace.objects.filter(id=workspace_id, crisis_at__isnull=False).exists()


def get_membership(user: User, slug: str) -> Member | None:
    """A person's membership of the workspace with this address, or None."""
    with system_scope(SystemPurpose.SIGN_IN):
        return Member.objects.select_related("workspace").filter(user=user, workspace__slug=slug).first()


def actor_of(member: Member, user: User) -> Actor:
    """The person as an actor of the member's workspace."""
    permissions = frozenset(p.value for p in ROLE_PERMISSIONS[member.role])
    return Actor("user", str(user.pk), str(user), permissions, user.pk)


def hash_token(token: str) -> bytes:
    """What is stored of a secret that only its holder knows."""
    return sha256(token.encode()).digest()


def render_invitation_token(invitation_id: UUID) -> str:
    """The secret of an invitation's link, the same every time: whoever mails it is told only the id.

    A random one would have to stand in the arguments of the job that mails it, where the database keeps it for days.
    """
    made = salted_hmac("kaja.invitation", invitation_id.hex, algorithm="sha256").digest()
    return urlsafe_b64encode(made).decode().rstrip("=")


def render_mail_proof(invitation_id: UUID) -> str:
    """What only the mailed link of an invitation carries: whoever has it reads that mailbox."""
    return salted_hmac("kaja.invitation.mailed", invitation_id.hex, algorithm="sha256").hexdigest()[:32]


def can_make_workspaces(user: User, memberships: list[Member] | None = None) -> bool:
    """Whether the operator lets this person make workspaces (`KAJA_WORKSPACE_MAKERS`).

    Give their memberships where you have them.
    """
    if settings.WORKSPACE_MAKERS == "everybody":
        return True
    if settings.WORKSPACE_MAKERS == "nobody":
        return False
    if user.is_staff or any(each.role == Role.CURATOR for each in memberships or list_memberships(user)):
        return True
    if memberships:
        return False
    with system_scope(SystemPurpose.CREATE_WORKSPACE):
        return not Workspace.objects.exists()  # somebody has to make the first


def get_open_invitation(token: str) -> Invitation | None:
    """The invitation that a link opens, with its workspace, or None when it is used, expired or unknown."""
    with system_scope(SystemPurpose.SIGN_IN):
        return (
            Invitation.objects.select_related("workspace", "invited_by")
            .filter(token_hash=hash_token(token), accepted_at=None, expires_at__gt=now())
            .first()
        )


def get_workspace() -> Workspace:
    """The workspace of the entered scope."""
    workspace_id = current_workspace_id()
    if workspace_id is None:
        raise UnscopedQuery("the current workspace was asked for outside a scope")
    return Workspace.objects.get(pk=workspace_id)


def list_members(cursor: str = "", limit: int = PAGE) -> Page[Member]:
    """The people of the workspace, by name."""
    return cut_page(Member.objects.select_related("user"), ("user__name", "user__email"), cursor, limit)


def find_members(text: str, limit: int) -> list[Member]:
    """People of the workspace whose name or address holds the text, by name."""
    holds = Q(user__name__icontains=text) | Q(user__email__icontains=text)
    return list(Member.objects.select_related("user").filter(holds).order_by("user__name", "user__email")[:limit])


def list_open_invitations(cursor: str = "", limit: int = PAGE) -> Page[Invitation]:
    """Invitations that nobody took yet, the expired ones too, newest first."""
    rows = Invitation.objects.select_related("invited_by").filter(accepted_at=None)
    return cut_page(rows, ("-created_at", "-id"), cursor, limit)


def list_audit(cursor: str = "", limit: int = PAGE, *, target_id: str = "", person: str = "") -> Page[AuditEntry]:
    """The audit log, of one thing, of one person or of all, newest first."""
    entries = AuditEntry.objects.filter(target_id=target_id) if target_id else AuditEntry.objects.all()
    if person:
        entries = entries.filter(actor_id=person)
    return cut_page(entries, ("-id",), cursor, limit)


def list_deleters(post_ids: Collection[UUID]) -> dict[str, str]:
    """Who put posts into the bin last, by the post's id; one query."""
    entries = AuditEntry.objects.filter(action="post.delete", target_id__in=[str(each) for each in post_ids])
    return dict(entries.order_by("id").values_list("target_id", "actor_name"))


def list_notices(member: Member, *, unread: bool = False) -> QuerySet[Notice]:
    """A member's notices, newest first."""
    notices = Notice.objects.filter(member=member).order_by("-created_at")
    return notices.filter(read_at=None) if unread else notices
