"""Rules, and each time one was for a message. The inbox's models import this one, so it names theirs as texts."""

from django.db import models
from django.db.models import Q

from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Rule(TenantModel):
    """When something comes in like `when` (`conditions.When`), then `then` (`effects.Then`) is done.

    Rules are asked in order; one that `stops` keeps those below it from being asked. A rule is made switched off, and
    says how often it would have been for something before it is switched on.
    """

    name = models.CharField(max_length=60)
    position = models.PositiveSmallIntegerField(default=0)
    when = models.JSONField(default=dict)
    then = models.JSONField(default=dict)
    stops = models.BooleanField(default=False)
    on_since = models.DateTimeField(null=True, blank=True)  # None: switched off
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="rule_name")]


class RuleHit(TenantModel):
    """A rule was for a message, once: what it did can be undone, one by one or all together."""

    rule = models.ForeignKey(Rule, null=True, on_delete=models.SET_NULL, related_name="hits")
    rule_name = models.CharField(max_length=60)  # as it was called
    message = models.ForeignKey("inbox.Message", on_delete=models.CASCADE, related_name="rule_hits")
    conversation = models.ForeignKey("inbox.Conversation", on_delete=models.CASCADE, related_name="rule_hits")
    events = models.JSONField(default=list)  # ids of `ConversationEvent`, for undo
    problem = models.JSONField(null=True, blank=True)  # kernel.problems.Problem: why something of it was not done
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "message"], condition=Q(rule__isnull=False), name="rule_hit_once")
        ]
        indexes = [models.Index(fields=["workspace", "-at", "-id"], name="rule_hit_log")]
