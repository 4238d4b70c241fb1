"""Who liked, shared or quoted what of ours, and who follows us."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from kaja.channels.models import Channel
from kaja.workspaces.tenant import TenantModel

THERE = Q(gone_at=None) | Q(gone_at__lt=F("at"))
"""It was not taken back, or done anew since."""


class ReactionKind(models.TextChoices):
    """As `networks.kit.reading.ReactionKind`."""

    LIKE = "like", pgettext_lazy("reaction", "Like")
    REPOST = "repost", pgettext_lazy("reaction", "Share")
    QUOTE = "quote", pgettext_lazy("reaction", "Quote")
    FOLLOW = "follow", pgettext_lazy("reaction", "Follower")


class Reaction(TenantModel):
    """One person and one kind at one place: a post of ours by the network's name for it, or the channel itself.

    `at` and `gone_at` only ever grow (`taking.py`), so it does not matter in which order they are read. The post has no
    foreign key: it may be read before we know that it stands there, or have been written in the network's own app.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    mark = models.BinaryField(max_length=32)  # a digest of kind, person and place: what makes two the same
    kind = models.CharField(max_length=6, choices=ReactionKind.choices)
    handle = models.ForeignKey("inbox.Handle", on_delete=models.PROTECT, related_name="reactions", db_index=False)
    post_ref = models.CharField(max_length=500, blank=True)  # of ours; empty: the channel
    remote_id = models.CharField(max_length=500)  # the network's own name for the newest
    url = models.CharField(max_length=1000, blank=True)  # of a quote: where their post stands
    at = models.DateTimeField()  # when they did it last
    gone_at = models.DateTimeField(null=True)  # when they took it back last

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "mark"], name="reaction_once")]
        indexes = [
            models.Index(fields=["workspace", "-at", "-id"], name="reaction_list"),
            models.Index(fields=["workspace", "kind", "-at", "-id"], name="reaction_kind"),
            models.Index(fields=["channel", "-at", "-id"], name="reaction_channel"),
            models.Index(
                fields=["workspace", "channel", "post_ref", "kind", "-at", "-id"], condition=THERE, name="reaction_post"
            ),
            models.Index(fields=["handle", "kind"], name="reaction_handle"),
        ]

    @property
    def is_there(self) -> bool:
        """Whether it still holds."""
        return self.gone_at is None or self.gone_at < self.at
