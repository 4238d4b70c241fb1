"""Reading rules and what they did. Inside the workspace's scope."""

from datetime import timedelta
from uuid import UUID

from django.db.models import Count, Q

from kaja.inbox.rules.actions import GONE, list_hits
from kaja.inbox.rules.models import Rule, RuleHit
from kaja.kernel.clock import now
from kaja.kernel.pages import PAGE, Page, cut_page
from kaja.kernel.problems import NotFound

LATELY = timedelta(days=30)


def list_rules() -> list[Rule]:
    """All of them (200 at most), in the order in which they are asked."""
    return list(Rule.objects.order_by("position", "id"))


def list_counted_rules() -> list[tuple[Rule, int]]:
    """The same, each with how often it was for a message in the last 30 days."""
    lately = Count("hits", filter=Q(hits__at__gte=now() - LATELY))
    rows = Rule.objects.annotate(lately=lately).order_by("position", "id")
    return [(rule, getattr(rule, "lately", 0)) for rule in rows]


def get_rule(rule_id: UUID) -> Rule:
    """Raises NotFound."""
    rule = Rule.objects.filter(id=rule_id).first()
    if rule is None:
        raise NotFound(GONE)
    return rule


def page_hits(cursor: str = "", limit: int = PAGE, rule_id: UUID | None = None) -> Page[RuleHit]:
    """What rules did, or one of them, the newest first. Raises Refused for a cursor that is none."""
    return cut_page(list_hits(rule_id), ("-at", "-id"), cursor, limit)


def list_open_hits(rule_id: UUID) -> list[UUID]:
    """What one rule did and nobody has taken back."""
    return list(RuleHit.objects.filter(rule_id=rule_id, undone_at=None).values_list("id", flat=True))
