"""What came in, until it is worked off."""

from django.db import models
from django.db.models import Q


class HookReceived(models.Model):
    """One verified body. It belongs to no workspace: nobody knows yet whose account it speaks of.

    The row outlives its body for a while, so that the same one is not taken twice.
    """

    id = models.BigAutoField(primary_key=True)  # the order of arrival
    network = models.CharField(max_length=30)
    digest = models.BinaryField(max_length=32)
    body = models.BinaryField()
    received_at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True, blank=True)
    understood = models.BooleanField(default=True, db_default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "digest"], name="hook_once")]
        indexes = [
            models.Index(fields=["id"], condition=Q(done_at__isnull=True), name="hook_open"),
            models.Index(fields=["received_at"], name="hook_age"),
        ]


class HookRefusal(models.Model):
    """What came in a network's name without its signature: only how often, and when last.

    A caller's share in it is bounded (`actions.BAD_SIGNATURES`), and so is what strangers can make us write.
    """

    network = models.CharField(primary_key=True, max_length=30)
    count = models.PositiveBigIntegerField(default=0)
    last_at = models.DateTimeField()
