"""Deliveries: messages on their way, and the journal of every call that was made for them. Nothing here knows a post.

The tables keep the names that they had when they belonged to posts (`publishing_...`), because the version before goes
on working while this one's migrations run.
"""

from typing import Any

from django.db import models
from django.db.models import Q, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from kaja.channels.models import Channel
from kaja.workspaces.tenant import TenantModel


class State(models.TextChoices):
    SCHEDULED = "scheduled", _("Scheduled")
    SENDING = "sending", _("Being sent")
    PROCESSING = "processing", _("The network is working on it")
    WAITING = "waiting", _("Waiting")
    UNCERTAIN = "uncertain", _("Being checked")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    MISSED = "missed", _("Missed")
    CANCELLED = "cancelled", _("Cancelled")


class Kind(models.TextChoices):
    POST = "post", _("Post")
    CONTINUATION = "continuation", _("Next part of the thread")
    COMMENT = "comment", _("First comment")
    REPLY = "reply", _("Reply")
    MESSAGE = "message", _("Direct message")
    ACT = "act", _("Action")


OPEN_STATES = (State.SCHEDULED, State.SENDING, State.PROCESSING, State.WAITING, State.UNCERTAIN)


class Delivery(TenantModel):
    """One message on its way to one channel; the row is the truth.

    It belongs to a source (`sources.py`): a post's variant, later a reply. Its kind, its id and the position say which
    message it is; there is no foreign key, for sources stand above. `allowed` says whether it may still go, `version`
    what it is to be made of; the source writes both in the transaction in which it changes itself.

    A post is position 0; the parts of a thread and the first comment follow, each its own delivery that starts when
    the one before (`after`) is sent. `content` is frozen when sending begins, so every attempt sends the same bytes.
    `needs_person` marks what machinery may not decide. `next_at` is when the engine looks at the row next; without it
    the row sleeps until something else happens (the message before is sent, a person decides, a channel reconnects).

    Before that time, what nobody sees may be staged (files, containers). The row stays scheduled meanwhile and keeps
    nothing from going out; `ahead_at` is when a worker looks at it for that, and `ahead_until` the end of its lease.
    """

    source_kind = models.CharField(max_length=12, default="post", db_default="post")
    # No index of its own: the unique constraint begins with it, and every index costs at each change of state.
    source_id = models.UUIDField(db_column="variant_id")
    subject_id = models.UUIDField(null=True)  # what pages follow live: a post, a conversation
    allowed = models.BooleanField(default=True, db_default=True)
    in_bin = models.BooleanField(default=False, db_default=False)  # with its source: nobody is asked about it
    has_late_limit = models.BooleanField(default=True, db_default=True)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="deliveries")
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.POST)
    position = models.PositiveSmallIntegerField(default=0)
    # Most rows follow none, and each change of state writes to every index: only those that do have an entry.
    after = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="following", db_index=False)

    state = models.CharField(max_length=12, choices=State.choices, default=State.SCHEDULED)
    due_at = models.DateTimeField()
    next_at = models.DateTimeField(null=True)
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    claimed_by = models.BigIntegerField(null=True)  # the worker that took it last; see WorkerSign
    stage = models.CharField(max_length=30, blank=True)
    checkpoint = models.JSONField(default=dict)
    content = models.JSONField(null=True)
    version = models.PositiveIntegerField(default=0, db_column="post_revision")
    attempts_made = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0)  # in a row without progress; pauses grow with it
    uncertain_since = models.DateTimeField(null=True)
    needs_person = models.BooleanField(default=False)
    problem = models.JSONField(null=True)  # kernel.problems.Problem
    candidates = models.JSONField(default=list)  # what reconciliation found that a person may recognise

    remote_id = models.CharField(max_length=500, blank=True)
    remote_url = models.CharField(max_length=1000, blank=True)
    sent_at = models.DateTimeField(null=True)
    stages_ahead = models.BooleanField(default=False, db_default=False)  # as far as was known when it was planned
    ahead_at = models.DateTimeField(null=True)  # without it nothing is staged, or nothing more
    ahead_until = models.DateTimeField(null=True)
    ahead_tries = models.SmallIntegerField(default=0, db_default=0)

    announce = models.CharField(max_length=12, blank=True)  # a domain event that is still to be told
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        db_table = "publishing_delivery"
        constraints = [
            # Ids are unique among all kinds of sources; one that led the index would serve no join.
            models.UniqueConstraint(fields=["source_id", "position"], name="delivery_once_per_source"),
            # One message at a time on a channel: the order of a channel is the order of its calls.
            models.UniqueConstraint(fields=["channel"], condition=Q(state="sending"), name="delivery_one_in_flight"),
            models.CheckConstraint(condition=~Q(state="sent") | ~Q(remote_id=""), name="sent_has_remote_id"),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(state__in=OPEN_STATES), name="delivery_open"),
            models.Index(
                fields=["ahead_at"], condition=Q(state="scheduled", ahead_at__isnull=False), name="delivery_ahead"
            ),
            models.Index(
                fields=["channel", "due_at"], condition=Q(state__in=OPEN_STATES), name="delivery_channel_open"
            ),
            models.Index(fields=["after"], condition=Q(after__isnull=False), name="delivery_after"),
            models.Index(
                fields=["workspace", "needs_person"],
                condition=Q(needs_person=True),
                name="delivery_needs_you",
            ),
            models.Index(fields=["workspace"], condition=~Q(announce=""), name="delivery_announce"),
            models.Index(
                fields=["channel"], condition=Q(state__in=("uncertain", "processing")), name="delivery_doubted"
            ),
        ]


class WorkerSign(models.Model):
    """A worker is there as long as it holds the advisory lock of its key, or gave a sign lately.

    `machine`, `pid`: where another worker of the same machine can see whether the process is there.
    """

    key = models.BigIntegerField(primary_key=True)
    machine = models.CharField(max_length=120)
    pid = models.IntegerField()
    seen_at = models.DateTimeField()

    class Meta:
        db_table = "publishing_workersign"


class Attempt(TenantModel):
    """The journal: one row for every call, written before it and completed after it. Append-only."""

    # Its index is the one below, which begins with it.
    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    fence = models.BigIntegerField()
    stage = models.CharField(max_length=30)
    irreversible = models.BooleanField(default=False)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)
    message = models.CharField(max_length=300, blank=True)  # a message id of the catalogues
    params = models.JSONField(default=dict)
    evidence = models.JSONField(default=list)  # trimmed and redacted exchanges
    worker = models.CharField(max_length=80, blank=True)

    class Meta:
        db_table = "publishing_attempt"
        indexes = [models.Index(fields=["delivery", "started_at"], name="attempt_of_delivery")]


class Publication(TenantModel):
    """The remote object that a delivery made, and what was really sent."""

    delivery = models.OneToOneField(Delivery, on_delete=models.PROTECT, related_name="publication")
    # Of the delivery, once more: what stands on a network belongs to one delivery of the channel. Without a channel are
    # old rows that shared it.
    channel = models.ForeignKey(Channel, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    remote_id = models.CharField(max_length=500)
    remote_url = models.CharField(max_length=1000, blank=True)
    data = models.JSONField(default=dict)
    sent = models.JSONField()  # the frozen content
    published_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "publishing_publication"
        constraints = [
            models.UniqueConstraint(
                "channel", "remote_id", Coalesce(KT("data__type"), Value("")), name="publication_owns_remote"
            )
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._state.adding and self.channel_id is None:
            self.channel_id = self.delivery.channel_id
        super().save(*args, **kwargs)


class UntoldEvent(TenantModel):
    """An event of a delivery whose telling ended in an error; the others are told meanwhile.

    It comes again at `next_at`, each time later; without that it was set aside, and an operator is shown it.
    """

    delivery = models.OneToOneField(Delivery, on_delete=models.CASCADE, related_name="untold")
    event = models.CharField(max_length=12)
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300)  # kind and place
    failed_at = models.DateTimeField()

    class Meta:
        db_table = "publishing_untoldevent"


class Inventory(TenantModel):
    """What a channel's network was found to have while its workspace was held: of what was due, and besides."""

    channel = models.OneToOneField(Channel, on_delete=models.CASCADE, related_name="inventory")
    looked_at = models.DateTimeField()
    found = models.JSONField(default=dict)  # delivery id -> {"id", "url", "data", "text", "at", "sure"}
    strangers = models.JSONField(default=list)  # posts that no delivery of ours made: {"url", "text", "at"}
    complete = models.BooleanField(default=False)  # whether what was not found is not there
    problem = models.JSONField(null=True)  # why nobody could look

    class Meta:
        db_table = "publishing_reckoning"


CHANGES = ("edit", "delete")
"""Changes to what stands on a network: kinds of them, and the journal's stages that carry them out."""
