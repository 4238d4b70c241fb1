"""What was seen of the installation's own address. A new address begins without any of it."""

from django.db import models


class Look(models.Model):
    """What was found when somebody asked for a look from this machine."""

    address = models.CharField(primary_key=True, max_length=300)  # KAJA_BASE_URL at the time
    found = models.JSONField(default=list)  # the addresses that its name leads to from here
    answer = models.CharField(max_length=10, blank=True)  # "ours", "other", "silent"; empty: not asked
    error = models.CharField(max_length=200, blank=True)
    looked_at = models.DateTimeField()


class Arrival(models.Model):
    """Something that came from outside and could only come from whom we sent: the newest of each kind."""

    address = models.CharField(max_length=300)
    by = models.CharField(max_length=40)  # "hook:<network>" or "file"
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["address", "by"], name="arrival_once")]
