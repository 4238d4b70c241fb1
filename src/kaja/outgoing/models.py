"""Where to tell, what there is to tell, and how telling went."""

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Off(models.TextChoices):
    """Why an endpoint is told nothing."""

    PERSON = "person", pgettext_lazy("webhook", "Switched off")
    GONE = "gone", pgettext_lazy("webhook", "Its server wants no more")
    FAILING = "failing", pgettext_lazy("webhook", "It failed for days")


class Endpoint(TenantModel):
    """An address of the team's that is told. One worker at a time speaks with it: `busy_until` is that one's lease, and
    a result counts only while `fence` is the one that it began with."""

    name = models.CharField(max_length=80)
    address = models.CharField(max_length=1000)
    kinds = models.JSONField(default=list)  # names of `events.EVENTS`
    secret = models.BinaryField()  # sealed
    old_secret = models.BinaryField(default=b"")  # the one before, with which it signs too until then
    old_until = models.DateTimeField(null=True, blank=True)
    off_at = models.DateTimeField(null=True, blank=True)
    off_why = models.CharField(max_length=10, choices=Off.choices, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)  # without one success since
    busy_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="endpoint_name")]


class OutgoingEvent(TenantModel):
    """Something that happened. `body` is what is sent, to the letter: each try signs the same bytes."""

    kind = models.CharField(max_length=40)
    body = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["at"], name="outgoingevent_age")]


class SendingState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("webhook", "Waiting")
    SENT = "sent", pgettext_lazy("webhook", "Taken")
    FAILED = "failed", pgettext_lazy("webhook", "Given up")


class Sending(TenantModel):
    """One event for one endpoint."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.CASCADE, related_name="sendings", db_index=False)
    event = models.ForeignKey(OutgoingEvent, on_delete=models.CASCADE, related_name="sendings")
    state = models.CharField(max_length=10, choices=SendingState.choices, default=SendingState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0)  # since it was sent anew
    next_at = models.DateTimeField(null=True)  # of what waits

    class Meta:
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="sending_once")]
        indexes = [
            models.Index(fields=["next_at", "endpoint"], condition=Q(state="waiting"), name="sending_due"),
            models.Index(fields=["endpoint", "-id"], name="sending_log"),
        ]


class SendingTry(TenantModel):
    """One request, and what came back."""

    sending = models.ForeignKey(Sending, on_delete=models.CASCADE, related_name="log")
    at = models.DateTimeField()
    seconds = models.FloatField()
    status = models.PositiveSmallIntegerField(null=True)  # None: there was no answer
    answer = models.CharField(max_length=1000, blank=True)  # its first letters
    problem = models.JSONField(null=True)
