"""Drawn sets and their cards. The inbox's models import this one, so it names theirs as texts."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Rating(models.TextChoices):
    YES = "yes", pgettext_lazy("rating", "Yes")
    PARTLY = "partly", pgettext_lazy("rating", "Partly")
    NO = "no", pgettext_lazy("rating", "No")


class QualitySample(TenantModel):
    """What was drawn of the questions that were asked in a week (`sampling.py`)."""

    week = models.DateField()  # its Monday, on the workspace's clock
    size = models.PositiveSmallIntegerField()  # of each member
    seed = models.CharField(max_length=32)
    answered = models.PositiveIntegerField(default=0)  # pairs of conversation and member of which it was drawn
    drawn_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    drawn_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "week"], name="quality_sample_week")]


class QualityCard(TenantModel):
    """One conversation with what one member answered in it, to be rated by somebody else."""

    sample = models.ForeignKey(QualitySample, on_delete=models.CASCADE, related_name="cards", db_index=False)
    conversation = models.ForeignKey("inbox.Conversation", on_delete=models.CASCADE, related_name="quality_cards")
    member = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # who answered
    correct = models.CharField(max_length=6, choices=Rating.choices, blank=True)
    tone = models.CharField(max_length=6, choices=Rating.choices, blank=True)
    solved = models.CharField(max_length=6, choices=Rating.choices, blank=True)
    note = models.TextField(blank=True)
    rated_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    rated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sample", "conversation", "member"], name="quality_card_once"),
            models.CheckConstraint(
                condition=Q(rated_by=None) | Q(member=None) | ~Q(rated_by=F("member")), name="quality_card_by_another"
            ),
        ]
        indexes = [models.Index(fields=["workspace", "-id"], name="quality_card_list")]
