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
