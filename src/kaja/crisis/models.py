"""A crisis: the posts that it paused, what may be said meanwhile, the conversations that it is about, and its log.

That there is one stands in the workspace's own row (`crisis_at`), which every page and every rule has read already.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from kaja.content.models import Post
from kaja.inbox.models import Alarm, Conversation
from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Crisis(TenantModel):
    """From its start to its end; one at a time. `affected` says which conversations it is about (`queries.Affected`)
    as long as it lasts; None: only those that somebody adds. What was affected at its end stands as rows."""

    name = models.CharField(max_length=120)
    why = models.TextField(blank=True)
    alarm = models.ForeignKey(Alarm, null=True, on_delete=models.SET_NULL, related_name="+")
    approvers = models.JSONField(default=list)  # ids of the people who approve what is said
    affected = models.JSONField(null=True)
    began_at = models.DateTimeField()
    began_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    ended_at = models.DateTimeField(null=True)
    lesson = models.TextField(blank=True)  # what was learnt, written at its end

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace"], condition=Q(ended_at=None), name="crisis_open_once")
        ]
        indexes = [models.Index(fields=["workspace", "-began_at"], name="crisis_list")]


class Outcome(models.TextChoices):
    """What became of a paused post."""

    OPEN = "", pgettext_lazy("paused post", "Paused")
    BEGUN = "begun", pgettext_lazy("paused post", "Could not be stopped: it had begun to go out")
    RESUMED = "resumed", pgettext_lazy("paused post", "Scheduled again")
    KEPT = "kept", pgettext_lazy("paused post", "Kept as a draft")
    DELETED = "deleted", pgettext_lazy("paused post", "Put into the bin")
    ELSEWHERE = "elsewhere", pgettext_lazy("paused post", "Somebody decided otherwise meanwhile")


class PausedPost(TenantModel):
    """A post that was planned when the crisis paused it. It is a draft since, which keeps its time and is sent by
    nobody. One that had begun to go out has no choice left, and says so."""

    crisis = models.ForeignKey(Crisis, on_delete=models.CASCADE, related_name="posts", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="+")
    due_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True, default="")
    problem = models.JSONField(null=True)  # kernel.problems.Problem: why it could not be stopped
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["crisis", "post"], name="crisis_post_once")]


class Statement(TenantModel):
    """What may be said meanwhile, by language. Only what somebody approved as it stands now is offered to those who
    write; a change makes it a draft again."""

    crisis = models.ForeignKey(Crisis, on_delete=models.CASCADE, related_name="statements")
    title = models.CharField(max_length=120)
    texts = models.JSONField(default=dict)  # language to words
    version = models.PositiveIntegerField(default=1)
    written_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    written_at = models.DateTimeField()
    approved_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    approved_name = models.CharField(max_length=150, blank=True)  # also when the account has gone
    approved_at = models.DateTimeField(null=True)


class AffectedConversation(TenantModel):
    """A conversation that somebody added or took out by hand, or that was found at the end of the crisis."""

    crisis = models.ForeignKey(Crisis, on_delete=models.CASCADE, related_name="conversations", db_index=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="+")
    is_in = models.BooleanField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["crisis", "conversation"], name="crisis_conversation_once")]


class LogLine(TenantModel):
    """Who decided what, when. Append-only: the database refuses to change a line. The name is kept as a text, because a
    person's row may go."""

    crisis = models.ForeignKey(Crisis, on_delete=models.CASCADE, related_name="lines", db_index=False)
    at = models.DateTimeField()
    name = models.CharField(max_length=150)
    what = models.CharField(max_length=20)  # `actions/log.py` says which
    text = models.TextField(blank=True)  # in their own words
    params = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["crisis", "at", "id"], name="crisis_log")]
