"""Inviting people, their roles, removing them."""

from datetime import timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q

from kaja.kernel.clock import now
from kaja.kernel.ids import new_id
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Problem, Refused, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces import audit
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Invitation, Member, Role, User
from kaja.workspaces.once import ID_TAKEN, find_made, insert_once
from kaja.workspaces.policy import Permission, require
from kaja.workspaces.queries import actor_of, get_open_invitation, hash_token, render_invitation_token

INVITATION_LASTS = timedelta(days=7)


def invite(actor: Actor, *, email: str, role: str, invitation_id: UUID | None = None) -> tuple[Invitation, str]:
    """Invite a person; returns the invitation and the token of its link, which is not stored.

    A second invitation to the same address replaces the first; with the same `invitation_id` it is the first.
    """
    require(actor, Permission.MANAGE)
    email = email.strip().lower()
    _require_role(role)
    try:
        validate_email(email)
    except ValidationError:
        raise Refused(
            Problem(
                code="email_invalid",
                field="email",
                message=gettext_noop("“%(email)s” is not an e-mail address."),
                fix=gettext_noop("Look for a missing @ or a space."),
                params={"email": email},
            )
        ) from None
    with transaction.atomic():
        if (made := find_made(Invitation, invitation_id)) is not None:
            return _require_same(made, email, role)
        if Member.objects.filter(user__email=email).exists():
            raise Refused(
                Problem(
                    code="member_already",
                    field="email",
                    message=gettext_noop("%(email)s is a member already."),
                    fix=gettext_noop("Change the role in the list of members."),
                    params={"email": email},
                )
            )
        Invitation.objects.filter(email=email, accepted_at=None).delete()
        invitation = Invitation(
            id=invitation_id or new_id(),
            email=email,
            role=role,
            invited_by_id=actor.user_id,
            expires_at=now() + INVITATION_LASTS,
        )
        token = render_invitation_token(invitation.id)
        invitation.token_hash = hash_token(token)
        if (made := insert_once(invitation)) is not invitation:
            return _require_same(made, email, role)
        audit.record(actor, "member.invite", invitation, after={"email": email, "role": role})
    return invitation, token


def _require_same(made: Invitation, email: str, role: str) -> tuple[Invitation, str]:
    if (made.email, made.role) != (email, role):
        raise Conflict(ID_TAKEN)
    return made, render_invitation_token(made.id)


def revoke_invitation(actor: Actor, invitation_id: UUID) -> None:
    """Take an invitation back; its link opens nothing any more."""
    require(actor, Permission.MANAGE)
    with transaction.atomic():
        invitation = Invitation.objects.filter(id=invitation_id, accepted_at=None).first()
        if invitation is None:
            raise NotFound(_no_invitation())
        audit.record(actor, "member.revoke_invitation", invitation, before={"email": invitation.email})
        invitation.delete()


def accept_invitation(user: User, token: str) -> Member:
    """Make `user` a member with the invitation's role. The link opens once, and for its own address only.

    Opens its own scope.
    """
    found = get_open_invitation(token)
    if found is None:
        raise NotFound(_no_invitation())
    if found.email.lower() != user.email.lower():
        raise NotAllowed(
            Problem(
                code="invitation_for_another",
                message=gettext_noop("This invitation is for %(email)s, and you are signed in as %(own)s."),
                fix=gettext_noop("Sign in with that address, or ask to be invited with yours."),
                params={"email": found.email, "own": user.email},
            )
        )
    with workspace_scope(found.workspace_id):
        # Locked, so that two people cannot use one link at the same moment.
        invitation = lock(Invitation.objects.filter(id=found.id)).first()
        if invitation is None or invitation.accepted_at is not None:
            raise NotFound(_no_invitation())
        member, made = Member.objects.get_or_create(user=user, defaults={"role": invitation.role})
        invitation.accepted_at = now()
        invitation.save(update_fields=["accepted_at"])
        after = {"email": user.email, "invited": invitation.email, "role": member.role, "new": made}
        audit.record(actor_of(member, user), "member.join", member, after=after)
    return member


def change_role(actor: Actor, member_id: UUID, role: str) -> Member:
    """Give a member another role. The last curator stays one."""
    require(actor, Permission.MANAGE)
    _require_role(role)
    with transaction.atomic():
        member = _get_member(member_id)
        if member.role == role:
            return member
        if role != Role.CURATOR:
            _require_another_curator(member)
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        audit.record(actor, "member.change_role", member, {"role": before}, {"role": role, "email": member.user.email})
    return member


def remove_member(actor: Actor, member_id: UUID) -> None:
    """End a membership: a curator any but the last curator's; everybody their own. What they wrote stays."""
    with transaction.atomic():
        member = _get_member(member_id)
        if member.user_id != actor.user_id:
            require(actor, Permission.MANAGE)
        _require_another_curator(member)
        before = {"email": member.user.email, "name": member.user.name, "role": member.role}
        audit.record(actor, "member.remove", member, before=before)
        member.delete()


def _get_member(member_id: UUID) -> Member:
    # With all curators, in one order: two of them who leave in the same moment wait for each other here.
    rows = lock(Member.objects.filter(Q(id=member_id) | Q(role=Role.CURATOR))).select_related("user")
    member = next((each for each in rows if each.id == member_id), None)
    if member is None:
        raise NotFound(
            Problem(
                code="member_unknown",
                message=gettext_noop("This person is not a member of the workspace any more."),
                fix=gettext_noop("Load the page again."),
            )
        )
    return member


def _require_role(role: str) -> None:
    if role not in Role.values:
        raise Refused(
            Problem(
                code="role_unknown",
                field="role",
                message=gettext_noop("There is no role “%(role)s”."),
                fix=gettext_noop("Choose one of the listed roles."),
                params={"role": role},
            )
        )


def _require_another_curator(member: Member) -> None:
    if member.role != Role.CURATOR:
        return
    curators = [each.id for each in lock(Member.objects.filter(role=Role.CURATOR))]
    if curators == [member.id]:
        raise Refused(
            Problem(
                code="last_curator",
                field="role",
                message=gettext_noop("%(name)s is the last curator: nobody could manage the workspace."),
                fix=gettext_noop("Make somebody else a curator first."),
                params={"name": str(member.user)},
            )
        )


def _no_invitation() -> Problem:
    return Problem(
        code="invitation_closed",
        message=gettext_noop("This invitation is used, revoked or too old."),
        fix=gettext_noop("Ask the person who invited you for a new link."),
    )
