"""Connected accounts."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from kaja.workspaces.tenant import TenantModel


class Health(models.TextChoices):
    OK = "ok", _("Working")
    UNREACHABLE = "unreachable", _("Does not answer")
    RECONNECT = "reconnect", _("Needs reconnecting")


class Channel(TenantModel):
    """One account, page, group or blog on a network. Disconnecting keeps the row and its history."""

    network = models.CharField(max_length=30)
    account_id = models.CharField(max_length=255)
    base_url = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=200)
    handle = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    avatar_url = models.CharField(max_length=500, blank=True)
    credentials = models.BinaryField(default=bytes)  # sealed by the vault, bound to this row; see `credentials.py`
    credentials_version = models.PositiveIntegerField(default=0, db_default=0)  # raised by every write of them
    renewing_by = models.UUIDField(null=True, blank=True)  # who renews them now
    renewing_until = models.DateTimeField(null=True, blank=True)
    facts = models.JSONField(default=dict)  # networks.kit.connector.Facts: limits, permissions, terms
    health = models.CharField(max_length=20, choices=Health.choices, default=Health.OK)
    health_problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem
    health_failures = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    disconnected_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "network", "base_url", "account_id"], name="channel_once")
        ]

    was_known: bool = False
    """On a channel that was just connected: whether the account had a row before. Not stored."""

    def __str__(self) -> str:
        return self.name or self.handle


class QuotaState(TenantModel):
    """What a network last said about one budget of a channel; rows, so that many machines share it."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="quotas")
    bucket = models.CharField(max_length=60)
    limit = models.IntegerField(null=True)
    remaining = models.IntegerField(null=True)
    resets_at = models.DateTimeField(null=True)
    blocked_until = models.DateTimeField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "bucket"], name="quota_once")]

    @property
    def used_up_until(self) -> datetime | None:
        """When the network takes more; None while something is left. The claim's SQL says the same."""
        reset = self.resets_at if self.remaining is not None and self.remaining <= 0 else None
        return max((moment for moment in (self.blocked_until, reset) if moment), default=None)


class PendingConnection(TenantModel):
    """An OAuth round trip under way; only the state's hash is kept, what is pending is sealed."""

    state_hash = models.BinaryField(max_length=32, unique=True)
    network = models.CharField(max_length=30)
    user_id = models.UUIDField()
    sealed = models.BinaryField()
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()


class Slot(TenantModel):
    """A weekly time in a channel's queue, in the workspace's zone. Monday is 0."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="slots")
    weekday = models.PositiveSmallIntegerField()
    time = models.TimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "weekday", "time"], name="slot_once"),
            models.CheckConstraint(condition=models.Q(weekday__lte=6), name="slot_weekday"),
        ]
        ordering = ("weekday", "time")
