"""Drawing a set of a week, and rating a card of it."""

from datetime import date, datetime, timedelta
from secrets import token_hex
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

from kaja.inbox.forms import clean_text
from kaja.inbox.models import AnswerWait
from kaja.inbox.quality.models import QualityCard, QualitySample, Rating
from kaja.inbox.quality.sampling import Pair, draw_pairs
from kaja.inbox.refusals import SOMEBODY
from kaja.inbox.targets.models import Measure
from kaja.kernel.clock import now
from kaja.kernel.locks import lock
from kaja.kernel.problems import Conflict, NotFound, Problem, Refused, fill_params, gettext_noop
from kaja.kernel.tenancy import entered_workspace_id
from kaja.kernel.times import find_local_day, wall_of
from kaja.workspaces import audit, policy
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Workspace

SIZE_MOST, NOTE_MOST = 50, 2000
WEEK = timedelta(days=7)
NOT_OVER = Problem(
    code="quality_week",
    message=gettext_noop("This week is not over yet, or is no week."),
    field="week",
    fix=gettext_noop("Choose a week that is over: what is answered later would not be in the draw."),
)
SIZE_WRONG = Problem(
    code="quality_size",
    message=gettext_noop("Between 1 and %(limit)s conversations of each member are drawn."),
    field="size",
    fix=gettext_noop("Write such a number."),
    params={"limit": SIZE_MOST},
)
GONE = Problem(
    code="quality_card_not_found",
    message=gettext_noop("There is no such card any more."),
    fix=gettext_noop("Look at the list of cards."),
)
OWN_ANSWER = Problem(
    code="quality_own_answer",
    message=gettext_noop("This is an answer of yours; a colleague rates it."),
    fix=gettext_noop("Rate one of somebody else."),
)
RATED = Problem(
    code="quality_rated",
    message=gettext_noop("%(name)s has rated this card already; nothing of yours was kept."),
    fix=gettext_noop("Look at what was rated; only who rated a card changes it."),
)
UNRATED = Problem(
    code="quality_incomplete",
    message=gettext_noop("All three are rated: correct, tone, solved."),
    fix=gettext_noop("Choose yes, partly or no for each."),
)


@transaction.atomic
def draw_sample(actor: Actor, week: date, size: int) -> tuple[QualitySample, int]:
    """So many of each member of what was asked in the week of a day, and how many cards that made new. A second draw of
    the same week has the same seed: it adds what a larger number adds, and nothing else."""
    policy.require(actor, policy.Permission.MANAGE)
    if not 1 <= size <= SIZE_MOST:
        raise Refused(SIZE_WRONG)
    zone = ZoneInfo(Workspace.objects.get(id=entered_workspace_id()).time_zone)
    monday = week - timedelta(days=week.weekday())
    if not date(2000, 1, 1) <= monday <= wall_of(now(), zone).date() - WEEK:
        raise Refused(NOT_OVER)
    values = {"size": size, "seed": token_hex(16), "drawn_by_id": actor.user_id}
    QualitySample.objects.get_or_create(week=monday, defaults=values)
    sample = lock(QualitySample.objects.filter(week=monday)).get()
    pairs = list_answered(find_local_day(monday, zone)[0], find_local_day(monday + WEEK, zone)[0])
    sample.size, sample.answered = max(sample.size, size), len(pairs)
    sample.save(update_fields=["size", "answered"])
    there = set(QualityCard.objects.filter(sample=sample).values_list("conversation_id", "member_id"))
    cards = [
        QualityCard(workspace_id=sample.workspace_id, sample=sample, conversation_id=pair[0], member_id=pair[1])
        for pair in draw_pairs(sample.seed, pairs, sample.size)
        if pair not in there
    ]
    QualityCard.objects.bulk_create(cards)
    audit.record(actor, "inbox.quality_draw", sample, {}, {"week": monday.isoformat(), "size": size})
    return sample, len(cards)


def list_answered(since: datetime, until: datetime) -> set[Pair]:
    """Who answered in which conversations what was asked in a period: the same questions as in the report, of those
    that are still kept."""
    rows = AnswerWait.objects.filter(
        begun_at__gte=since, begun_at__lt=until, measure__in=(Measure.FIRST, Measure.NEXT), ended_at__isnull=False,
        by__isnull=False, conversation__isnull=False,
    )  # fmt: skip
    return set(rows.values_list("conversation_id", "by_id"))


@transaction.atomic
def save_rating(actor: Actor, card_id: UUID, correct: str, tone: str, solved: str, note: str = "") -> QualityCard:
    """Rate what a colleague answered. Who rated it may change it; nobody rates themselves."""
    policy.require(actor, policy.Permission.ANSWER)
    card = lock(QualityCard.objects.filter(id=card_id)).first()
    if card is None:
        raise NotFound(GONE)
    if actor.user_id is None or card.member_id == actor.user_id:
        raise Refused(OWN_ANSWER)
    if card.rated_at is not None and card.rated_by_id != actor.user_id:
        raise Conflict(fill_params(RATED, name=str(card.rated_by) if card.rated_by else SOMEBODY))
    given = {"correct": correct, "tone": tone, "solved": solved}
    if any(value not in Rating.values for value in given.values()):
        raise Refused(UNRATED)
    before = {name: getattr(card, name) for name in given}
    for name, value in given.items():
        setattr(card, name, value)
    card.note = clean_text(note, NOTE_MOST).strip()
    card.rated_by_id, card.rated_at = actor.user_id, now()
    card.save(update_fields=[*given, "note", "rated_by", "rated_at"])
    audit.record(actor, "inbox.quality_rate", card, before, given)
    return card
