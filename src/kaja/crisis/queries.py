"""All reads of crises. Every query runs inside an entered workspace scope."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from kaja.content.models import Post, PostLabel, PostState, Variant
from kaja.crisis.models import AffectedConversation, Crisis, LogLine, Outcome, PausedPost, Statement
from kaja.delivery.models import OPEN_STATES, State
from kaja.inbox.models import Conversation, Direction, Message
from kaja.inbox.queries import ORDER, Filters, describe_rows
from kaja.inbox.queries import condition_of as condition_of_list
from kaja.kernel.clock import now
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.publishing.models import PostDelivery
from kaja.workspaces.models import Member

GONE = Problem(
    code="crisis_not_found",
    message=gettext_noop("There is no such crisis."),
    fix=gettext_noop("Load the page again."),
)
SHOWN = 20
"""How many of the posts that would be paused are shown by name."""
GOING = (State.SENDING, State.PROCESSING, State.UNCERTAIN)
WORDS_MOST = 10


class Affected(BaseModel):
    """Which conversations a crisis is about: those with a message since then, on one of the channels, with one of the
    words. Empty means all."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    since: AwareDatetime
    channels: Annotated[tuple[UUID, ...], Field(max_length=500)] = ()
    words: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=100)], ...], Field(max_length=WORDS_MOST)] = ()


@dataclass(frozen=True)
class PlannedFilter:
    """Which scheduled posts are meant: on one of the channels, with one of the labels, in one of the campaigns. What is
    empty does not narrow; with nothing at all it is every scheduled post."""

    channels: frozenset[UUID] = frozenset()
    labels: frozenset[str] = frozenset()
    campaigns: frozenset[UUID] = frozenset()

    @property
    def mark(self) -> str:
        """Tells whether a filter is the one that somebody saw counted."""
        values = [
            *map(str, sorted(self.channels)), "|", *sorted(self.labels), "|", *map(str, sorted(self.campaigns)),
        ]  # fmt: skip
        return hashlib.sha256("\n".join(values).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True)
class Planned:
    """What a filter would pause: how many posts, how many of them have begun to go out and cannot be stopped, and the
    next of them."""

    count: int
    begun: int
    shown: tuple[Post, ...]


def filter_planned(wanted: PlannedFilter) -> QuerySet[Post]:
    """Scheduled posts of which something is still to go out; what was stopped already is not tried again."""
    to_go = PostDelivery.objects.filter(variant__post=OuterRef("pk"), state__in=OPEN_STATES, allowed=True)
    rows = Post.objects.filter(Exists(to_go), state=PostState.SCHEDULED, deleted_at__isnull=True)
    if wanted.channels:
        carried = Variant.objects.filter(channel_id__in=sorted(wanted.channels), removed_at__isnull=True)
        rows = rows.filter(id__in=carried.values("post_id"))
    if wanted.labels:
        labelled = PostLabel.objects.filter(label__name__in=sorted(wanted.labels))
        rows = rows.filter(id__in=labelled.values("post_id"))
    if wanted.campaigns:
        rows = rows.filter(campaign_id__in=sorted(wanted.campaigns))
    return rows


def describe_planned(wanted: PlannedFilter) -> Planned:
    """What pausing would do now, in two queries. Changes nothing."""
    begun = PostDelivery.objects.filter(variant__post=OuterRef("pk"), state__in=GOING)
    rows = filter_planned(wanted)
    counted = rows.order_by().aggregate(count=Count("pk"), begun=Count("pk", filter=Q(Exists(begun))))
    shown = rows.order_by("due_at", "id").only("id", "workspace", "due_at", "summary")[:SHOWN]
    return Planned(counted["count"], counted["begun"], tuple(shown))


def find_current() -> Crisis | None:
    """The crisis that lasts."""
    return Crisis.objects.filter(ended_at=None).select_related("alarm", "began_by").first()


def get_crisis(crisis_id: UUID) -> Crisis:
    """Raises NotFound."""
    row = Crisis.objects.filter(id=crisis_id).select_related("alarm", "alarm__channel", "began_by").first()
    if row is None:
        raise NotFound(GONE)
    return row


def page_crises(cursor: str = "", limit: int = PAGE, *, lasting: bool = False) -> Page[Crisis]:
    """All of them, the newest first; or only the one that lasts."""
    rows = Crisis.objects.select_related("began_by")
    return cut_page(rows.filter(ended_at=None) if lasting else rows, ("-began_at", "-id"), cursor, limit)


def list_approvers(crisis: Crisis) -> list[Member]:
    """Who approves what is said, as far as they still belong."""
    return list(
        Member.objects.filter(user_id__in=[UUID(each) for each in crisis.approvers])
        .select_related("user")
        .order_by("user__name", "user__email")
    )


def can_approve(crisis: Crisis, user_id: UUID | None) -> bool:
    """Whether this person is one of those who were named."""
    return user_id is not None and str(user_id) in crisis.approvers


def page_posts(crisis: Crisis, cursor: str = "", limit: int = PAGE) -> Page[PausedPost]:
    """What the crisis paused, by the time that it had."""
    return cut_page(_posts(crisis), ("due_at", "id"), cursor, limit)


def _posts(crisis: Crisis) -> QuerySet[PausedPost]:
    return PausedPost.objects.filter(crisis=crisis).select_related("post", "post__campaign")


def list_undecided(crisis: Crisis) -> list[PausedPost]:
    """Paused posts of which nobody has decided yet; also those that were being sent and did not get through, for
    nobody tries them again."""
    stands = PostDelivery.objects.filter(variant__post=OuterRef("post"), state__in=(State.SENT, *OPEN_STATES))
    failed = Q(outcome=Outcome.BEGUN, post__state=PostState.SCHEDULED) & ~Q(Exists(stands))
    return list(_posts(crisis).filter(Q(outcome=Outcome.OPEN) | failed).order_by("due_at", "id"))


def is_untouched(row: PausedPost) -> bool:
    """Whether its post is as the crisis left it: a draft, or what did not get through; and not in the bin."""
    left = PostState.SCHEDULED if row.outcome == Outcome.BEGUN else PostState.DRAFT
    return row.post.state == left and row.post.deleted_at is None


def list_statements(crisis: Crisis) -> list[Statement]:
    """All of them, as they were written."""
    rows = Statement.objects.filter(crisis=crisis).select_related("approved_by", "written_by")
    return list(rows.order_by("written_at", "id"))


def list_approved() -> list[Statement]:
    """What may be said now, while a crisis lasts: one query."""
    rows = Statement.objects.filter(crisis__ended_at=None, approved_at__isnull=False)
    return list(rows.order_by("written_at", "id"))


def condition_of(crisis: Crisis) -> Q:
    """Which conversations it is about: those that its filter finds and those that somebody added, without those that
    somebody took out. After its end what it was about then."""
    by_hand = AffectedConversation.objects.filter(crisis=crisis, conversation=OuterRef("pk"))
    added = Q(Exists(by_hand.filter(is_in=True)))
    if crisis.affected is None or crisis.ended_at is not None:
        return added
    wanted = Affected.model_validate(crisis.affected)
    found = Q(last_in_at__gte=wanted.since)
    if wanted.channels:
        found &= Q(channel_id__in=wanted.channels)
    if wanted.words:
        some = Q()
        for word in wanted.words:
            # Nobody's in particular: only words are asked for.
            some |= condition_of_list(Filters(text=word), crisis.id)
        found &= some
    return added | (found & ~Q(Exists(by_hand.filter(is_in=False))))


def filter_affected(crisis: Crisis) -> QuerySet[Conversation]:
    """The conversations that it is about."""
    return Conversation.objects.filter(condition_of(crisis))


def page_affected(crisis: Crisis, cursor: str = "", limit: int = PAGE) -> Page[Conversation]:
    """The same as lists show them, the newest first."""
    return cut_page(describe_rows(filter_affected(crisis)), ORDER, cursor, limit)


def is_affected(crisis: Crisis, conversation_id: UUID) -> bool:
    """Whether it is about this conversation."""
    return filter_affected(crisis).filter(id=conversation_id).exists()


def page_lines(crisis: Crisis, cursor: str = "", limit: int = PAGE) -> Page[LogLine]:
    """The log, the newest first."""
    return cut_page(LogLine.objects.filter(crisis=crisis), ("-at", "-id"), cursor, limit)


def list_lines(crisis: Crisis) -> list[LogLine]:
    """All of the log, in the order of time."""
    return list(LogLine.objects.filter(crisis=crisis).order_by("at", "id"))


@dataclass(frozen=True)
class Figures:
    """What a crisis was, in numbers. Messages are those of the affected conversations, from its start to its end (or
    now); answered are conversations with an answer of ours within it."""

    conversations: int
    messages: int
    people: int
    answered: int
    waiting: int
    """Conversations in which somebody still waits for us."""
    until: datetime
    posts: Mapping[str, int] = field(default_factory=dict)
    """Paused posts by what became of them."""

    def count_posts(self) -> int:
        """All that were paused."""
        return sum(number for outcome, number in self.posts.items() if outcome != Outcome.BEGUN)


def count_figures(crisis: Crisis) -> Figures:
    """In three queries."""
    until = crisis.ended_at or now()
    said = Message.objects.filter(conversation=OuterRef("pk"), at__gte=crisis.began_at, at__lte=until)
    talks = (
        filter_affected(crisis)
        .order_by()
        .aggregate(
            conversations=Count("pk"),
            answered=Count("pk", filter=Q(Exists(said.filter(direction=Direction.OUT)))),
            waiting=Count("pk", filter=Q(waiting_since__isnull=False)),
        )
    )
    heard = Message.objects.filter(
        direction=Direction.IN, at__gte=crisis.began_at, at__lte=until,
        conversation__in=filter_affected(crisis).order_by().values("pk"),
    ).aggregate(messages=Count("pk"), people=Count("handle", distinct=True))  # fmt: skip
    posts: dict[str, int] = {}
    for outcome in PausedPost.objects.filter(crisis=crisis).values_list("outcome", flat=True):
        posts[outcome] = posts.get(outcome, 0) + 1
    return Figures(**talks, **heard, until=until, posts=posts)
