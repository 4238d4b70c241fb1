"""E-mails to those whom somebody was handed over to."""

from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import translation

from kaja.inbox.leads.files import render_vcard
from kaja.inbox.models import Lead
from kaja.kernel.clock import now
from kaja.kernel.jobs import job
from kaja.kernel.locks import lock
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.wording import make_line


@job("inbox.mail_lead")
def mail_lead(workspace: str, lead: str, taken_back: bool) -> None:
    """Tell whom it was handed to. A failing mail server is tried again; each of the two letters goes out once."""
    send_lead(UUID(workspace), UUID(lead), taken_back=taken_back)


def plan_mail(lead: Lead) -> None:
    """In the caller's transaction; nothing where nobody can be written to."""
    if settings.EMAIL_HOST and lead.to_email:
        mail_lead.defer(workspace=str(lead.workspace_id), lead=str(lead.id), taken_back=lead.taken_back_at is not None)


def send_lead(workspace_id: UUID, lead_id: UUID, *, taken_back: bool) -> bool:
    """One letter now; whether it went out. It counts as sent before the server is asked, outside any transaction, and
    not any more when that fails (as `workspaces.jobs.send_notice`)."""
    if not settings.EMAIL_HOST:
        return False
    with workspace_scope(workspace_id):
        lead = lock(Lead.objects.filter(id=lead_id)).select_related("workspace").first()
        if lead is None or not lead.to_email:
            return False
        # What was taken back before it went out is not told at all; what went out is told to be taken back.
        if taken_back != (lead.taken_back_at is not None) or taken_back != (lead.mailed_at is not None):
            return False
        if not taken_back and not lead.what:  # forgotten before it went out
            return False
        with translation.override(lead.workspace.language):
            message = _write(lead, taken_back)
        before = lead.mailed_at
        lead.mailed_at = None if taken_back else now()
        lead.save(update_fields=["mailed_at"])
    try:
        message.send()
    except Exception:  # whatever it was, it did not go out; it is raised on
        with workspace_scope(workspace_id):
            Lead.objects.filter(id=lead_id).update(mailed_at=before)
        raise
    return True


def _write(lead: Lead, taken_back: bool) -> EmailMessage:
    values = {"workspace": lead.workspace.name, "what": lead.what, "by": str(lead.handed_by or "")}
    if taken_back:
        subject = translation.gettext("Taken back: %(what)s") % values
        text = translation.gettext(
            "%(workspace)s took back what it had handed over to you: “%(what)s”. Please delete what you have of it."
        )
        return EmailMessage(make_line(subject), text % values, to=[lead.to_email])
    subject = translation.gettext("%(workspace)s hands over: %(what)s") % values
    lines = [
        translation.gettext("Handed over by %(by)s. They agreed to that.") % values, "", lead.what,
        *filter(None, [lead.note]), "", str(lead.contact.get("name", "")),
        *(f"{each.get('handle', '')} {each.get('url', '')}".strip() for each in lead.contact.get("accounts", [])),
    ]  # fmt: skip
    message = EmailMessage(make_line(subject), "\n".join(lines), to=[lead.to_email])
    message.attach("contact.vcf", render_vcard(lead), "text/vcard")
    return message
