"""Reading cards and what they say. Inside the workspace's scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from django.db.models import Count, Q, QuerySet

from kaja.inbox.quality.actions import GONE
from kaja.inbox.quality.models import QualityCard, QualitySample, Rating
from kaja.inbox.quality.sampling import Share
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound

ASPECTS = ("correct", "tone", "solved")
Standing = Literal["", "open", "rated"]


@dataclass(frozen=True)
class Result:
    """What the cards of one member say; None is all of them together."""

    member: UUID | None
    drawn: int
    rated: int
    shares: Mapping[str, Share]
    """Of "yes", by aspect."""
    partly: Mapping[str, int]


def report_quality(since: date) -> tuple[list[Result], Result]:
    """Of the weeks from a Monday on, by member; and of all together. One statement."""
    figures = {"drawn": Count("id"), "rated": Count("id", filter=Q(rated_at__isnull=False))}
    for aspect in ASPECTS:
        figures[f"{aspect}_yes"] = Count("id", filter=Q(**{aspect: Rating.YES}))
        figures[f"{aspect}_partly"] = Count("id", filter=Q(**{aspect: Rating.PARTLY}))
    cards = QualityCard.objects.filter(sample__week__gte=since)
    rows: list[Mapping[str, Any]] = [*cards.values("member_id").annotate(**figures).order_by("member_id")]
    whole = {name: sum(row[name] for row in rows) for name in figures}
    return [_result(row["member_id"], row) for row in rows], _result(None, whole)


def _result(member: UUID | None, row: Mapping[str, Any]) -> Result:
    return Result(
        member,
        row["drawn"],
        row["rated"],
        {aspect: Share(row[f"{aspect}_yes"], row["rated"]) for aspect in ASPECTS},
        {aspect: row[f"{aspect}_partly"] for aspect in ASPECTS},
    )


def list_samples(since: date) -> list[QualitySample]:
    """What was drawn of the weeks from a Monday on, the newest first."""
    return list(QualitySample.objects.filter(week__gte=since).order_by("-week"))


def page_cards(
    since: date, cursor: str, limit: int = PAGE, *, member: UUID | None = None, standing: Standing = ""
) -> Page[QualityCard]:
    """The newest first, with their conversations. Raises Refused for a cursor that is none."""
    rows: QuerySet[QualityCard] = QualityCard.objects.filter(sample__week__gte=since)
    if member is not None:
        rows = rows.filter(member_id=member)
    if standing:
        rows = rows.filter(rated_at__isnull=standing == "open")
    rows = rows.select_related("sample", "conversation__channel", "conversation__handle", "member", "rated_by")
    return cut_page(rows, ("-id",), cursor, limit)


def get_card(card_id: UUID) -> QualityCard:
    """Raises NotFound."""
    card = QualityCard.objects.select_related("sample", "member", "rated_by").filter(id=card_id).first()
    if card is None:
        raise NotFound(GONE)
    return card


def find_next_card(user_id: UUID, after: UUID | None = None) -> UUID | None:
    """One more that somebody may rate: not of their own answers."""
    rows = QualityCard.objects.filter(rated_at=None).exclude(member_id=user_id)
    if after is not None:
        rows = rows.exclude(id=after)
    return rows.order_by("-id").values_list("id", flat=True).first()
