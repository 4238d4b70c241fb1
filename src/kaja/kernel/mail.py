"""Mail goes out like everything that waits for somebody else: with nothing of the database held."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from kaja.kernel.outside import leave_database


class OutgoingMail(EmailBackend):
    """SMTP. A server that does not answer holds up whoever asked, and nobody else."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        leave_database()
        return int(super().send_messages(email_messages) or 0)
