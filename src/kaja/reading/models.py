"""Who is asked what and when, and what was read."""

from django.db import models
from django.db.models import Q

from kaja.channels.models import Channel
from kaja.workspaces.tenant import TenantModel


class Poll(TenantModel):
    """One thing that a channel's network is asked again and again.

    The row is the truth, as a delivery's is: whoever claims it raises the fence and has it for the time of a lease, and
    what was read is written, together with the new cursor, only while the fence is still the same.
    """

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="polls")
    what = models.CharField(max_length=60)  # the name of a topic (`topics.py`)
    subject_id = models.UUIDField(null=True, blank=True)  # what it is about, where that is less than the channel
    next_at = models.DateTimeField(null=True, blank=True)  # None: not until something wakes it
    not_before = models.DateTimeField(null=True, blank=True)  # the network wants to be left alone so long
    wanted_at = models.DateTimeField(null=True, blank=True)  # somebody wanted a look while one was under way
    cursor = models.JSONField(default=dict)
    fence = models.PositiveBigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveSmallIntegerField(default=0)  # in a row
    problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem; of the last look
    read_at = models.DateTimeField(null=True, blank=True)  # the last look that succeeded
    # Of a stream: between these two moments, by the network's clock, everything that it lists was read.
    complete_until = models.DateTimeField(null=True, blank=True)
    reaches_back = models.DateTimeField(null=True, blank=True)
    backlog = models.BooleanField(default=False, db_default=False)  # what was there before is still being read
    unread = models.PositiveIntegerField(default=0, db_default=0)  # entries that nobody could read, since ever

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "what", "subject_id"], name="poll_once", nulls_distinct=False)
        ]
        indexes = [models.Index(fields=["next_at"], name="poll_due", condition=Q(next_at__isnull=False))]


class Item(TenantModel):
    """One thing that was read of a channel: kept once, in its newest form. `stream`: what brought it first."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="items")
    stream = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=500)
    # Our post that it stands below, else its thread: what is looked at again together (`looks.py`).
    place = models.CharField(max_length=500, blank=True, default="", db_default="")
    at = models.DateTimeField()  # as the network says
    content = models.JSONField()  # networks.kit.reading.Incoming
    read_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # The version before this one says it with the stream, and goes on working during an update.
            models.UniqueConstraint(fields=["channel", "stream", "remote_id"], name="item_once"),
            models.UniqueConstraint(fields=["channel", "remote_id"], name="item_once_in_channel"),
        ]
        indexes = [models.Index(fields=["channel", "place", "at"], name="item_place")]


class ForgottenAuthor(TenantModel):
    """Somebody of whom nothing is taken in any more (`forgetting.py`)."""

    network = models.CharField(max_length=30)
    digest = models.BinaryField(max_length=32)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "network", "digest"], name="forgotten_author_once")]
