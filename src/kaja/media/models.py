"""Files of a workspace."""

from django.db import models

from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Asset(TenantModel):
    """A file of the workspace, stored without metadata. `file` and `thumbnail` are storage names."""

    kind = models.CharField(max_length=10)  # image, gif, video
    file = models.CharField(max_length=300)
    thumbnail = models.CharField(max_length=300, blank=True)
    filename = models.CharField(max_length=255)
    mime = models.CharField(max_length=60)
    size = models.BigIntegerField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    duration = models.FloatField(default=0)
    sha256 = models.CharField(max_length=64)
    facts = models.JSONField(default=dict)  # of a video: codec, fps, audio
    alt = models.TextField(blank=True)
    uploaded_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "content_asset"  # as it was called when files belonged to posts; a running Kaja asks by this name
        indexes = [
            models.Index(fields=["workspace", "-created_at"], name="asset_recent"),
            models.Index(fields=["workspace", "sha256"], name="asset_same"),
        ]
