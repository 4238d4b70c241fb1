"""The kernel's own tables. They know no workspace."""

from django.db import models


class Bucket(models.Model):
    """How much of a limit somebody has used: one moment in time (see `kernel/limits.py`). Whose it is, is a hash.

    The migration makes the table unlogged: a try costs no write that the disk is waited for, and a database that
    crashed begins to count anew.
    """

    id = models.BinaryField(primary_key=True, max_length=32)
    purpose = models.CharField(max_length=40)
    used_until = models.DateTimeField(db_index=True)
    room = models.DurationField()


class LoopRecord(models.Model):
    """How one long-lived loop fares on one machine; `loops.py` writes it, `kaja doctor` and a page show it."""

    key = models.CharField(primary_key=True, max_length=200)
    name = models.CharField(max_length=80)
    host = models.CharField(max_length=120)
    process = models.CharField(max_length=20, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)  # kind and place, never what was worked on
    failed_at = models.DateTimeField(null=True)
    well_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    @property
    def is_failing(self) -> bool:
        """Whether nothing went well since the last error."""
        return self.failed_at is not None and (self.well_at is None or self.well_at < self.failed_at)
