"""Devices that a person had told to, and the key with which this installation signs what it sends them."""

from typing import ClassVar

from django.db import models

from kaja.kernel.ids import new_id
from kaja.workspaces.models import User


class ServerKey(models.Model):
    """This installation's key pair for push services (VAPID). One row, id 1; the private half is sealed."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    public = models.CharField(max_length=100)  # as browsers want it: base64url of the point
    sealed = models.BinaryField()
    made_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="server_key_single_row")]


class Device(models.Model):
    """One browser of one person, in all workspaces of theirs. What its push service gave is sealed: whoever has that
    can make the device ring."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    session = models.CharField(max_length=40)  # in which its person is signed in there (kernel/sessions.py: its name)
    agent = models.CharField(max_length=300, blank=True)
    endpoint_hash = models.BinaryField(max_length=32, unique=True)
    host = models.CharField(max_length=255)  # of its push service, for the page
    sealed = models.BinaryField()
    kinds = models.JSONField(default=list)  # of kinds.KINDS
    created_at = models.DateTimeField()
    succeeded_at = models.DateTimeField(null=True, blank=True)
    failed_at = models.DateTimeField(null=True, blank=True)
    problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem; why the last try did not arrive

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user", "-created_at"], name="device_of_person")]


class QuietHours(models.Model):
    """When no device of a person rings, on the clock of a time zone; over midnight where it ends before it begins."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True, related_name="+")
    begins = models.TimeField()
    ends = models.TimeField()
    time_zone = models.CharField(max_length=64)
    urgent = models.BooleanField(default=False)  # alarms and crises ring all the same
