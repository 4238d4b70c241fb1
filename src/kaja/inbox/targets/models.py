"""What is promised, and what was waited for. The inbox's models import this one, so it names theirs as texts."""

from datetime import UTC, datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kaja.channels.models import Channel
from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel

NEVER = datetime(9000, 1, 1, tzinfo=UTC)
"""When a conversation is due of which nothing is promised: last in the order of what is due, which an index holds."""


class AnswerTarget(TenantModel):
    """How soon somebody is answered, on some channels and for some kinds of conversations.

    The first in order that fits a conversation counts. Hours are wall-clock times of the workspace; without a week it
    counts around the clock. Holidays are a country's public ones, and days of one's own.
    """

    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField(default=0)
    channel_ids = models.JSONField(default=list)  # none: all
    kinds = models.JSONField(default=list)  # of conversations; none: all
    week = models.JSONField(null=True, blank=True)  # `hours.parse_week`
    country = models.CharField(max_length=2, blank=True)  # ISO 3166-1, of the public holidays
    region = models.CharField(max_length=12, blank=True)  # ISO 3166-2 without the country
    closed = models.JSONField(default=list)  # ISO dates
    first_minutes = models.PositiveIntegerField(null=True, blank=True)
    next_minutes = models.PositiveIntegerField(null=True, blank=True)
    resolution_minutes = models.PositiveIntegerField(null=True, blank=True)
    warn_minutes = models.PositiveIntegerField(default=15)  # of the clock, before an answer is late
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="answer_target_name")]


class Measure(models.TextChoices):
    FIRST = "first", pgettext_lazy("waited for", "First answer")
    NEXT = "next", pgettext_lazy("waited for", "Next answer")
    RESOLUTION = "resolution", pgettext_lazy("waited for", "Resolution")


class AnswerWait(TenantModel):
    """One question of a conversation (`timeline.Waited`), and what was promised when it was asked.

    `due_at` stays as it was promised, whatever becomes of the target. `open_seconds` is what of the time between lay in
    the hours of that target, of all hours without one. It is what reports count, and stays without its conversation
    when that is kept no longer.
    """

    conversation = models.ForeignKey(
        "inbox.Conversation", null=True, on_delete=models.SET_NULL, related_name="waits", db_index=False
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    measure = models.CharField(max_length=10, choices=Measure.choices)
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    target = models.ForeignKey(AnswerTarget, null=True, blank=True, on_delete=models.SET_NULL, related_name="waits")
    due_at = models.DateTimeField(null=True, blank=True)
    warn_at = models.DateTimeField(null=True, blank=True)  # nobody was told yet; None: told, or nothing to tell
    # Between the question and `due_at`, when nobody is there: from and until, in seconds of the epoch.
    pauses = models.JSONField(default=list, db_default=[])
    late_at = models.DateTimeField(null=True, blank=True)  # when it was noticed that the promise is broken
    open_seconds = models.PositiveIntegerField(null=True, blank=True)  # of what has ended

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["conversation", "measure", "begun_at"], name="answer_wait_once"),
        ]
        indexes = [
            models.Index(fields=["workspace", "begun_at"], name="answer_wait_report"),
            models.Index(fields=["workspace", "due_at"], condition=Q(ended_at=None), name="answer_wait_due"),
            models.Index(fields=["warn_at"], condition=Q(warn_at__isnull=False), name="answer_wait_warn"),
            models.Index(
                fields=["due_at"],
                condition=Q(ended_at=None, late_at=None, due_at__isnull=False),
                name="answer_wait_late",
            ),
        ]
