"""What was heard in each hour, and alarms. The inbox's models import this one."""

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kaja.channels.models import Channel
from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class HeardHour(TenantModel):
    """How much the audience wrote on a channel in an hour of the clock (UTC), and how much of that was bad: reviews of
    one or two stars. Hours in which nothing came have no row."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="+", db_index=False)
    hour = models.DateTimeField()
    heard = models.PositiveIntegerField(default=0)
    bad = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "hour"], name="heard_hour_once")]


class AlarmKind(models.TextChoices):
    VOLUME = "volume", pgettext_lazy("alarm", "More than usual")
    BAD = "bad", pgettext_lazy("alarm", "More of it is bad")


class Alarm(TenantModel):
    """A burst, from its first hour to its last. `messages` are those of the hour in which it was greatest, newest
    first, a hundred at most."""

    kind = models.CharField(max_length=10, choices=AlarmKind.choices)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+")  # None: all together
    began_at = models.DateTimeField()
    last_at = models.DateTimeField()  # when it was seen last
    ended_at = models.DateTimeField(null=True, blank=True)
    count = models.PositiveIntegerField()  # of the greatest hour
    expected = models.FloatField(null=True, blank=True)
    limit = models.PositiveIntegerField(null=True, blank=True)
    messages = models.JSONField(default=list)
    seen_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "channel", "kind"],
                condition=Q(ended_at=None),
                nulls_distinct=False,
                name="alarm_open_once",
            )
        ]
        indexes = [models.Index(fields=["workspace", "-began_at"], name="alarm_list")]
