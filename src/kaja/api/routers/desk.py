"""Beside the conversations, for reading: targets for answers, rules and what they did, quality of answers."""

from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from ninja import Query, Router

from kaja.api.desk import (
    CardPage,
    HitPage,
    QualityOut,
    RuleOut,
    TargetOut,
    card_out,
    hit_out,
    result_out,
    rule_out,
    sample_out,
    target_out,
)
from kaja.api.pages import LIMIT, Cursor, Limit
from kaja.api.routers import actor_of, ok, workspace_of
from kaja.inbox.quality.queries import list_samples, page_cards, report_quality
from kaja.inbox.rules.queries import list_counted_rules, page_hits
from kaja.inbox.targets.queries import list_targets
from kaja.kernel.clock import now
from kaja.kernel.times import wall_of
from kaja.workspaces import policy

router = Router(tags=["inbox"])
WEEK, USUAL = timedelta(days=7), 13
Weeks = Annotated[int, Query(ge=1, le=52)]


@router.get("/inbox/targets", response=ok(list[TargetOut]), operation_id="listTargets")
def get_targets(request: HttpRequest) -> list[TargetOut]:
    """What is promised, in order: the first that fits a conversation counts. At most 100."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_targets()


def render_targets() -> list[TargetOut]:
    """All of them as the API shows them."""
    return [target_out(row) for row in list_targets()]


@router.get("/inbox/rules", response=ok(list[RuleOut]), operation_id="listRules")
def get_rules(request: HttpRequest) -> list[RuleOut]:
    """The rules, in the order in which they are asked. At most 200."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_rules()


def render_rules() -> list[RuleOut]:
    """All of them as the API shows them."""
    return [rule_out(row, hits) for row, hits in list_counted_rules()]


@router.get("/inbox/rules/hits", response=ok(HitPage), operation_id="listHits")
def list_hits(request: HttpRequest, rule: UUID | None = None, cursor: Cursor = "", limit: Limit = LIMIT) -> HitPage:
    """What rules did, or one of them, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    page = page_hits(cursor, limit, rule)
    return HitPage(items=[hit_out(row) for row in page.rows], next_cursor=page.next_cursor)


@router.get("/inbox/quality", response=ok(QualityOut), operation_id="reportQuality")
def get_quality(request: HttpRequest, weeks: Weeks = USUAL) -> QualityOut:
    """What the ratings of the last weeks that are over say, together and by member."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    return render_quality(ZoneInfo(workspace_of(request).time_zone), weeks)


def render_quality(zone: ZoneInfo, weeks: int = USUAL) -> QualityOut:
    """The same as the API shows it."""
    since = _since(zone, weeks)
    members, whole = report_quality(since)
    return QualityOut(
        since=since,
        whole=result_out(whole),
        members=[result_out(each) for each in members],
        samples=[sample_out(each) for each in list_samples(since)],
    )


def _since(zone: ZoneInfo, weeks: int) -> date:
    today = wall_of(now(), zone).date()
    return today - timedelta(days=today.weekday()) - weeks * WEEK


@router.get("/inbox/quality/cards", response=ok(CardPage), operation_id="listCards")
def list_cards(
    request: HttpRequest,
    weeks: Weeks = USUAL,
    member: UUID | None = None,
    standing: Literal["", "open", "rated"] = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> CardPage:
    """What was drawn of those weeks, the newest first."""
    policy.require(actor_of(request), policy.Permission.VIEW)
    since = _since(ZoneInfo(workspace_of(request).time_zone), weeks)
    page = page_cards(since, cursor, limit, member=member, standing=standing)
    return CardPage(items=[card_out(row) for row in page.rows], next_cursor=page.next_cursor)
