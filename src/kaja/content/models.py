"""What the team plans."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kaja.channels.models import Channel
from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Campaign(TenantModel):
    name = models.CharField(_("name"), max_length=120)
    colour = models.CharField(max_length=20, default="ink")
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="campaign_name")]

    def __str__(self) -> str:
        return self.name


class Label(TenantModel):
    name = models.CharField(_("name"), max_length=60)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="label_name")]

    def __str__(self) -> str:
        return self.name


class PostState(models.TextChoices):
    """Where the plan stands. How each delivery stands is told by `publishing`, never copied here."""

    IDEA = "idea", _("Idea")
    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")


class Post(TenantModel):
    """One plan: a common document, the channels that carry it (variants), and when.

    `document` is `content.document.Document`. `revision` counts saved changes and guards against two people who edit
    at once. `due_at` is the instant; it stays set while the post is a draft with an intended time.
    """

    state = models.CharField(max_length=12, choices=PostState.choices, default=PostState.DRAFT)
    document = models.JSONField(default=dict)
    summary = models.CharField(max_length=200, blank=True)  # first words, for cards and search
    due_at = models.DateTimeField(null=True, blank=True)
    # What the person meant: the wall-clock time and its zone. When a law changes, `actions.laws` moves the instant.
    due_wall = models.CharField(max_length=32, blank=True, default="", db_default="")
    due_zone = models.CharField(max_length=64, blank=True, default="", db_default="")
    campaign = models.ForeignKey(Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="posts")
    owner = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    revision = models.PositiveIntegerField(default=1)
    position = models.FloatField(default=0)  # order on the ideas board
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="scheduled") | Q(due_at__isnull=False), name="scheduled_post_has_time"
            )
        ]
        indexes = [
            models.Index(fields=["workspace", "due_at"], condition=Q(deleted_at__isnull=True), name="post_plan"),
            models.Index(
                fields=["workspace", "state", "-updated_at"],
                condition=Q(deleted_at__isnull=True),
                name="post_recent",
            ),
        ]

    def __str__(self) -> str:
        return self.summary

    def set_due(self, due_at: datetime | None) -> None:
        """Give it a time, as the wall of the zone shows it in which the person plans. The one place that sets one."""
        self.due_at = due_at
        self.due_zone = str(timezone.get_current_timezone()) if due_at else ""
        self.due_wall = timezone.localtime(due_at).replace(tzinfo=None).isoformat() if due_at else ""


class PostLabel(TenantModel):
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="post_labels")
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="post_labels")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "label"], name="post_label_once")]


class Variant(TenantModel):
    """A post's text, media and options for one channel.

    `overrides` holds what differs from the common document (same keys as Document); empty means "as common".
    `options` holds the network's own fields (see `OptionField`).
    """

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="variants")
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="variants")
    overrides = models.JSONField(default=dict)
    options = models.JSONField(default=dict)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "channel"], name="variant_once")]


class Revision(TenantModel):
    """A post as it was: document and variants in one snapshot (`content.snapshot`).

    A burst of autosaves of one author is one row whose number moves with the newest; everything else is append-only.
    """

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    snapshot = models.JSONField()
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    author_name = models.CharField(max_length=150, blank=True)
    autosaved = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "number"], name="revision_once")]
