"""Who was handed over. The inbox's models import this one, so it names theirs as texts."""

from django.db import models

from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Lead(TenantModel):
    """Somebody was handed over to whoever sells: what was said about them then, to whom, by whom.

    `contact` is who they were at that moment (`actions.contact_of`): what the other side has got stays known here,
    whatever the accounts are called later. It goes when the person is forgotten; to whom it went stays, for they have
    to be told.
    """

    person = models.ForeignKey("inbox.Person", null=True, on_delete=models.SET_NULL, related_name="leads")
    conversation = models.ForeignKey(
        "inbox.Conversation", null=True, on_delete=models.SET_NULL, related_name="+", db_index=False
    )
    what = models.CharField(max_length=200, blank=True)
    note = models.TextField(blank=True)
    contact = models.JSONField(default=dict)
    to_name = models.CharField(max_length=200)
    to_email = models.CharField(max_length=254, blank=True)
    handed_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    handed_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    taken_back_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    taken_back_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["workspace", "-handed_at", "-id"], name="lead_list")]
