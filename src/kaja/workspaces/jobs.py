"""E-mails to members."""

from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation

from kaja.kernel.clock import now
from kaja.kernel.jobs import job
from kaja.kernel.locks import lock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Invitation, Notice
from kaja.workspaces.queries import render_invitation_token, render_mail_proof
from kaja.workspaces.wording import make_line, say


@job("workspaces.mail_notice")
def mail_notice(workspace_id: str, notice_id: str) -> None:
    """Send a notice to its member. A failing mail server is tried again; a notice is mailed once."""
    send_notice(UUID(workspace_id), UUID(notice_id))


@job("workspaces.mail_invitation")
def mail_invitation(workspace_id: str, invitation_id: str, language: str) -> None:
    """Send the link of an invitation; nothing for one that was used or taken back meanwhile."""
    if not settings.EMAIL_HOST:
        return
    with workspace_scope(UUID(workspace_id)):
        rows = Invitation.objects.select_related("workspace", "invited_by").filter(accepted_at=None)
        invitation = rows.filter(id=UUID(invitation_id)).first()
    if invitation is None:
        return
    link = settings.BASE_URL + reverse("invitation", args=[render_invitation_token(invitation.id)])
    link += f"?proof={render_mail_proof(invitation.id)}"
    with translation.override(language):
        context = {"workspace": invitation.workspace.name, "inviter": str(invitation.invited_by or ""), "link": link}
        subject = translation.gettext("%(inviter)s invites you to %(workspace)s") % context
        EmailMessage(make_line(subject), render_to_string("mail/invitation.txt", context), to=[invitation.email]).send()


def send_notice(workspace_id: UUID, notice_id: UUID) -> bool:
    """Mail one notice now; returns whether a mail went out. Without a mail server nothing is sent.

    It counts as mailed before the server is asked, outside any transaction, and not any more when that fails: a notice
    stands on the screen in any case, and is better mailed not at all than twice.
    """
    if not settings.EMAIL_HOST:
        return False
    with workspace_scope(workspace_id):
        notice = (
            lock(Notice.objects.filter(id=notice_id, mailed_at=None, read_at=None))
            .select_related("member__user", "workspace")
            .first()
        )
        if notice is None or not notice.member.user.is_active:
            return False
        user = notice.member.user
        with translation.override(user.language or notice.workspace.language):
            text = say(notice.message, notice.params)
            context = {
                "text": text,
                "workspace": notice.workspace.name,
                "link": f"{settings.BASE_URL}/w/{notice.workspace.slug}/{notice.path}",
                "settings": f"{settings.BASE_URL}/w/{notice.workspace.slug}/settings/profile/",
            }
            subject = f"{notice.workspace.name}: {text}"
            message = EmailMessage(make_line(subject), render_to_string("mail/notice.txt", context), to=[user.email])
        notice.mailed_at = now()
        notice.save(update_fields=["mailed_at"])
    try:
        message.send()
    except Exception:  # whatever it was, it did not go out; it is raised on
        with workspace_scope(workspace_id):
            Notice.objects.filter(id=notice_id).update(mailed_at=None)
        raise
    return True
