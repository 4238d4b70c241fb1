"""Conversations with the audience, who speaks in them, and what the team did about them.

What was read stands in `reading.Item` as the network told it; here stands what a team works with. Messages, handles and
conversations are made of items alone, so that the same items in whatever order make the same rows.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kaja.channels.models import Channel
from kaja.content.models import Label
from kaja.delivery.models import Publication
from kaja.inbox.leads.models import Lead as Lead
from kaja.inbox.privately.models import PrivateReply as PrivateReply
from kaja.inbox.privately.models import PrivateSending as PrivateSending
from kaja.inbox.quality.models import QualityCard as QualityCard
from kaja.inbox.quality.models import QualitySample as QualitySample
from kaja.inbox.reactions.models import Reaction as Reaction
from kaja.inbox.reactions.models import ReactionKind as ReactionKind
from kaja.inbox.rules.models import Rule as Rule
from kaja.inbox.rules.models import RuleHit as RuleHit
from kaja.inbox.targets.models import NEVER
from kaja.inbox.targets.models import AnswerTarget as AnswerTarget
from kaja.inbox.targets.models import AnswerWait as AnswerWait
from kaja.inbox.trouble.models import Alarm as Alarm
from kaja.inbox.trouble.models import HeardHour as HeardHour
from kaja.workspaces.models import User
from kaja.workspaces.tenant import TenantModel


class Consent(models.TextChoices):
    """To be written to, or kept, beyond an answer."""

    GIVEN = "given", pgettext_lazy("consent", "Given")
    WITHDRAWN = "withdrawn", pgettext_lazy("consent", "Withdrawn")


class Person(TenantModel):
    """Somebody who writes to us: one or several handles, joined by hand, and what the team knows."""

    name = models.CharField(max_length=200, blank=True)  # given by the team; else the handles' own
    notes = models.TextField(blank=True)
    labels = models.JSONField(default=list, db_default=[])  # names
    consent = models.CharField(max_length=10, choices=Consent.choices, blank=True, default="", db_default="")
    consent_note = models.CharField(max_length=300, blank=True, default="", db_default="")  # to what, and how
    consent_at = models.DateTimeField(null=True, blank=True)
    # Whom the handles were moved to when the two were joined; the row waits for that to be undone.
    joined_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="joined")
    joined_handles = models.JSONField(default=list, db_default=[])  # ids of what was moved
    spoke = models.BooleanField(default=True, db_default=True)  # and did not only like, share or follow
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["workspace", "-created_at", "-id"], condition=Q(spoke=True, joined_to=None), name="person_spoke"
            )
        ]


class Handle(TenantModel):
    """An account of somebody on a network, as it was seen last."""

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="handles")
    network = models.CharField(max_length=30)
    remote_id = models.CharField(max_length=500)  # `reading.Author.id`: one in the whole network
    handle = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    avatar = models.CharField(max_length=1000, blank=True)  # an address outside: shown only through our own proxy
    first_at = models.DateTimeField()
    seen_at = models.DateTimeField()  # of the newest item that the names above are from

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "network", "remote_id"], name="handle_once")]


class ConversationKind(models.TextChoices):
    COMMENTS = "comments", _("Comments")
    MENTION = "mention", _("Mention")
    DIRECT = "direct", _("Direct messages")
    REVIEW = "review", _("Review")


class ConversationState(models.TextChoices):
    NEW = "new", pgettext_lazy("conversation", "New")
    OPEN = "open", pgettext_lazy("conversation", "Open")
    WAITING = "waiting", pgettext_lazy("conversation", "Waiting for them")
    DONE = "done", pgettext_lazy("conversation", "Done")
    SPAM = "spam", pgettext_lazy("conversation", "Spam")


class Priority(models.IntegerChoices):
    LOW = -1, pgettext_lazy("priority", "Low")
    NORMAL = 0, pgettext_lazy("priority", "Normal")
    HIGH = 1, pgettext_lazy("priority", "High")
    URGENT = 2, pgettext_lazy("priority", "Urgent")


WORKED = (ConversationState.NEW, ConversationState.OPEN)
"""States in which somebody has something to do."""


class Conversation(TenantModel):
    """A thread: a comment with what follows it, a mention, a dialogue, a review.

    `thread` is the network's own name for it (`reading.Incoming.thread`). `publication` is our post that it stands
    under; a post of somebody else has only an address. A snoozed conversation keeps its state and is out of sight until
    then; whatever comes in ends that.
    """

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="conversations")
    thread = models.CharField(max_length=500)
    kind = models.CharField(max_length=10, choices=ConversationKind.choices)
    publication = models.ForeignKey(
        Publication, null=True, blank=True, on_delete=models.SET_NULL, related_name="conversations"
    )
    post_ref = models.CharField(max_length=500, blank=True)  # the network's name of the post, ours or not
    post_url = models.CharField(max_length=1000, blank=True)
    handle = models.ForeignKey(Handle, null=True, on_delete=models.PROTECT, related_name="conversations")  # who began

    state = models.CharField(max_length=10, choices=ConversationState.choices, default=ConversationState.NEW)
    # Without a person's word the state follows from the messages (`standing.py`); what comes in ends a person's word.
    by_hand = models.BooleanField(default=False, db_default=False)  # whether the state is a person's word
    touched_at = models.DateTimeField(null=True)  # when a person set it last: it is never new again
    assignee = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    snoozed_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    remind_at = models.DateTimeField(null=True, blank=True)  # unless they answer before
    remind_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    remind_text = models.CharField(max_length=200, blank=True, default="", db_default="")  # a task; it outlasts answers
    # An answer that a rule proposes: it stands in the box of whoever opens it, and is sent by nobody else.
    draft_reply = models.ForeignKey("SavedReply", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    draft_by = models.CharField(max_length=60, blank=True, default="", db_default="")  # the rule's name
    language = models.CharField(max_length=12, blank=True)  # of what they write
    excerpt = models.CharField(max_length=200, blank=True)  # of the newest message
    messages_count = models.PositiveIntegerField(default=0)  # without notes
    first_in_at = models.DateTimeField(null=True)
    last_in_at = models.DateTimeField(null=True)
    last_out_at = models.DateTimeField(null=True)
    waiting_since = models.DateTimeField(null=True)  # their oldest message since our last; None: nobody waits for us
    last_at = models.DateTimeField()  # of the newest message, in or out: the order of the list
    # The first of what was promised and is still open (`targets/follow.py`); NEVER where nothing is.
    due_at = models.DateTimeField(default=NEVER, db_default=NEVER)
    version = models.PositiveIntegerField(default=0)  # counts what the team changed
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "thread"], name="conversation_once")]
        indexes = [
            models.Index(fields=["workspace", "state", "-last_at", "-id"], name="conversation_list"),
            models.Index(fields=["workspace", "-last_at", "-id"], name="conversation_all"),
            models.Index(fields=["workspace", "due_at", "-last_at", "-id"], name="conversation_due"),
            models.Index(fields=["assignee", "state", "-last_at"], name="conversation_assignee"),
            models.Index(
                fields=["snoozed_until"], condition=Q(snoozed_until__isnull=False), name="conversation_snoozed"
            ),
            models.Index(fields=["channel", "post_ref"], condition=~Q(post_ref=""), name="conversation_post"),
        ]


class Direction(models.TextChoices):
    IN = "in", _("From them")
    OUT = "out", _("From us")
    NOTE = "note", _("Note")


class MessageState(models.TextChoices):
    THERE = "there", pgettext_lazy("message", "There")
    PENDING = "pending", pgettext_lazy("message", "Waiting for approval")
    HIDDEN = "hidden", pgettext_lazy("message", "Hidden")
    DELETED = "deleted", pgettext_lazy("message", "Deleted")


class Message(TenantModel):
    """One thing said: by them, by us (from here or from the network's own app), or by a colleague as a note.

    What we say from here has a delivery, and no `remote_id` until it is sent; what is read back from the network then
    is the same message (`delivery.Publication` says so), never a second one.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    direction = models.CharField(max_length=4, choices=Direction.choices)
    kind = models.CharField(max_length=10)  # networks.kit.reading.Kind; empty for a note
    remote_id = models.CharField(max_length=500, blank=True)
    parent_ref = models.CharField(max_length=500, blank=True)
    handle = models.ForeignKey(Handle, null=True, on_delete=models.PROTECT, related_name="messages")  # theirs
    author = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")  # ours, written here
    text = models.TextField(blank=True)
    media = models.JSONField(default=list)  # networks.kit.reading.RemoteMedia; of ours {"key", "alt"}
    language = models.CharField(max_length=12, blank=True)
    rating = models.SmallIntegerField(null=True)  # of a review, 1 to 5
    url = models.CharField(max_length=1000, blank=True)
    data = models.JSONField(default=dict)  # what an answer to it needs (`RemoteRef.data`)
    state = models.CharField(max_length=10, choices=MessageState.choices, default=MessageState.THERE)
    at = models.DateTimeField()  # as the network says; of ours the moment of writing until it is sent
    arrived_at = models.DateTimeField(auto_now_add=True)
    # What orders the forms of it that were read (`forms.py`): the newest with words, the oldest with the same words,
    # and that it is gone.
    form_at = models.DateTimeField(null=True)
    words_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)  # when it was noticed
    delivery_id = models.UUIDField(null=True)  # of ours; no foreign key, as the delivery has none upwards

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "remote_id"], condition=~Q(remote_id=""), name="message_once")
        ]
        indexes = [
            models.Index(fields=["conversation", "at", "id"], name="message_thread"),
            models.Index(fields=["workspace", "at"], condition=Q(direction="in"), name="message_came"),
            models.Index(fields=["delivery_id"], condition=Q(delivery_id__isnull=False), name="message_delivery"),
            models.Index(fields=["deleted_at"], condition=Q(deleted_at__isnull=False), name="message_deleted"),
        ]


class MessageAct(TenantModel):
    """Something done on the network to a message or to who wrote it: like, hide, block ... (`moderation.Act`). It is
    the source of its delivery; how a message stands by it follows from the newest one that was done."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="acts")
    act = models.CharField(max_length=10)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.CharField(max_length=60, blank=True)  # a rule's name, or the machinery, when no person did it
    at = models.DateTimeField(auto_now_add=True)
    done_at = models.DateTimeField(null=True)
    delivery_id = models.UUIDField(null=True)  # no foreign key, as the delivery has none upwards


class MessageVersion(TenantModel):
    """Words that a message had before it was edited."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="versions")
    text = models.TextField(blank=True)
    media = models.JSONField(default=list)
    at = models.DateTimeField(null=True)  # when they were written, as the network says
    until = models.DateTimeField()  # when it was read that there are newer ones


class ConversationEvent(TenantModel):
    """Something that was done to a conversation, by a person, a rule or the machinery: for the time line and undo."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="events", db_index=False)
    what = models.CharField(max_length=20)  # "state", "assignee", "label", "priority", "snooze" ...
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    actor = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    by = models.CharField(max_length=60, blank=True)  # a rule's name, or the machinery, when no person did it
    version = models.PositiveIntegerField(default=0, db_default=0)  # the conversation's, that this made
    undone_at = models.DateTimeField(null=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["conversation", "at"], name="conversationevent_line")]


class ConversationLabel(TenantModel):
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="conversation_labels")
    label = models.ForeignKey(Label, on_delete=models.CASCADE, related_name="conversation_labels")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["conversation", "label"], name="conversation_label_once")]


class SavedReply(TenantModel):
    """An answer that is given often: words by language, with places for names (`saved.py`)."""

    title = models.CharField(max_length=120)
    texts = models.JSONField(default=dict)  # language to words
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    used_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "title"], name="saved_reply_title")]


class SavedView(TenantModel):
    """A filter of the list that somebody comes back to. Without an owner it is everybody's."""

    name = models.CharField(max_length=60)
    query = models.JSONField(default=dict)  # the list's own parameters
    owner = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
