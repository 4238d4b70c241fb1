"""Connected accounts."""

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from kaja.kernel.ids import new_id
from kaja.workspaces.tenant import TenantModel


class Health(models.TextChoices):
    OK = "ok", _("Working")
    UNREACHABLE = "unreachable", _("Does not answer")
    RECONNECT = "reconnect", _("Needs reconnecting")


class Grant(TenantModel):
    """One consent, or one sign-in by a form, that a person gave: channels stand on it. Without credentials it is over.

    Where a channel has a consent of its own, the two have one id (`channels/migrations/0006_grants.py` says why).
    """

    network = models.CharField(max_length=30)
    base_url = models.CharField(max_length=300, blank=True)  # where it is renewed
    subject = models.CharField(max_length=255, blank=True, default="")  # networks.kit.grants.Tokens.subject
    app = models.CharField(max_length=30, blank=True, default="")  # the developer app's slot through which it came
    credentials = models.BinaryField(default=bytes)  # sealed by the vault, bound to this row; see `credentials.py`
    version = models.PositiveIntegerField(default=0)  # raised by every write of them
    expires_at = models.DateTimeField(null=True, blank=True)
    renew_at = models.DateTimeField(null=True, blank=True)
    renew_failures = models.PositiveSmallIntegerField(default=0)
    renew_problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem
    renewing_by = models.UUIDField(null=True, blank=True)  # who renews it now
    renewing_until = models.DateTimeField(null=True, blank=True)
    warned_of = models.DateTimeField(null=True, blank=True)  # the end of which people were told
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "network", "base_url", "app", "subject"],
                condition=~models.Q(subject=""),
                name="grant_once",
            )
        ]
        indexes = [
            models.Index(fields=["renew_at"], condition=models.Q(renew_at__isnull=False), name="grant_renewal"),
            models.Index(fields=["expires_at"], condition=models.Q(expires_at__isnull=False), name="grant_end"),
        ]


class Channel(TenantModel):
    """One account, page, group or blog on a network. Disconnecting keeps the row and its history."""

    network = models.CharField(max_length=30)
    account_id = models.CharField(max_length=255)
    base_url = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=200)
    handle = models.CharField(max_length=200, blank=True)
    url = models.CharField(max_length=500, blank=True)
    avatar_url = models.CharField(max_length=500, blank=True)
    grant = models.ForeignKey(Grant, null=True, blank=True, on_delete=models.RESTRICT, related_name="channels")
    own_credentials = models.BinaryField(default=bytes, db_default=b"")  # what only this one has; sealed
    facts = models.JSONField(default=dict)  # networks.kit.connector.Facts: limits, permissions, terms
    health = models.CharField(max_length=20, choices=Health.choices, default=Health.OK)
    health_problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem
    health_failures = models.PositiveSmallIntegerField(default=0)
    checked_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)  # when its consent ends, unless a person gives a new one
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
    """A consent under way; only the state's hash is kept, what is pending is sealed.

    First a round trip to the network's site. Once used it is kept for a while, without what was sealed, so that a
    second use can be told from a foreign one. When a person has to choose, a second row holds what the consent offers.
    """

    state_hash = models.BinaryField(max_length=32, unique=True)
    network = models.CharField(max_length=30)
    app = models.CharField(max_length=30, blank=True, default="", db_default="")  # the developer app's slot
    offers = models.BooleanField(default=False, db_default=False)  # whether it waits for a choice
    used_at = models.DateTimeField(null=True, blank=True)
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


class NetworkApp(models.Model):
    """The operator's own developer app at a network, for the whole installation. Its secrets are sealed."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    network = models.CharField(max_length=30)
    slot = models.CharField(max_length=30, blank=True, default="")  # networks.kit.grants.AppSlot.key
    client_id = models.CharField(max_length=300)
    sealed = models.BinaryField()
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=200)
    checked_at = models.DateTimeField(null=True, blank=True)
    problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem; what the last check found

    class Meta:
        constraints = [models.UniqueConstraint(fields=["network", "slot"], name="network_app_once")]
