"""Private replies, and what became of each person. The inbox's models import this one, so it names theirs as texts."""

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kaja.channels.models import Channel
from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class PrivateReply(TenantModel):
    """Whoever says a word below some posts (`wanted`: `conditions.Wanted`) is told something in private (`said`:
    `forms.Said`), in the bounds of `limits` (`forms.Limits`). It is made switched off, and switched on as it was tried.
    """

    name = models.CharField(max_length=60)
    wanted = models.JSONField(default=dict)
    said = models.JSONField(default=dict)
    limits = models.JSONField(default=dict)
    last_public = models.TextField(blank=True)  # the public answer that was chosen last: never the same twice running
    on_since = models.DateTimeField(null=True, blank=True)  # None: switched off
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="private_reply_name")]


class SendingState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("private reply", "Waiting")
    SENT = "sent", pgettext_lazy("private reply", "Sent")
    STOPPED = "stopped", pgettext_lazy("private reply", "Stopped")
    FAILED = "failed", pgettext_lazy("private reply", "Failed")


class PrivateSending(TenantModel):
    """One person and one private reply, once: the source of its delivery, and of that of the public answer, which is
    planned when the private one has gone out. What was stopped keeps its line: nobody is tried a second time.

    The database holds "once" twice: by account, and by person, as people's accounts were joined when it was planned.
    """

    reply = models.ForeignKey(PrivateReply, null=True, on_delete=models.SET_NULL, related_name="sendings")
    reply_name = models.CharField(max_length=60)  # as it was called
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    handle = models.ForeignKey("inbox.Handle", on_delete=models.CASCADE, related_name="private_sendings")
    person_id = models.UUIDField()  # no foreign key: who is joined later was another then
    message = models.ForeignKey(
        "inbox.Message", null=True, on_delete=models.SET_NULL, related_name="private_sendings"
    )  # the comment
    conversation_id = models.UUIDField()  # where it stood

    text = models.TextField(blank=True)  # with the places filled
    public_text = models.TextField(blank=True)
    answer = models.JSONField(default=dict)  # what is sent beside the words, frozen (`planning.render_sent`)
    state = models.CharField(max_length=10, choices=SendingState.choices, default=SendingState.WAITING)
    problem = models.JSONField(null=True)  # kernel.problems.Problem: why it was stopped, or failed
    public_problem = models.JSONField(null=True)
    delivery_id = models.UUIDField(null=True)  # no foreign key, as the delivery has none upwards
    public_key = models.UUIDField(null=True)  # the source's id of the public answer
    public_delivery_id = models.UUIDField(null=True)
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    open = models.BooleanField(default=True)  # something of it is still to go out
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["reply", "handle"], condition=Q(reply__isnull=False), name="private_once_per_account"
            ),
            models.UniqueConstraint(
                fields=["reply", "person_id"], condition=Q(reply__isnull=False), name="private_once_per_person"
            ),
            # A network takes one private reply to a comment, whichever wanted it.
            models.UniqueConstraint(
                fields=["message"], condition=Q(message__isnull=False), name="private_once_per_message"
            ),
        ]
        indexes = [
            models.Index(fields=["workspace", "-at", "-id"], name="private_sending_log"),
            models.Index(fields=["reply", "due_at"], name="private_sending_days"),
            models.Index(fields=["conversation_id"], condition=Q(open=True), name="private_sending_open"),
            models.Index(fields=["public_key"], condition=Q(public_key__isnull=False), name="private_sending_public"),
        ]
