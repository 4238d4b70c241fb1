"""Drawing what was answered in a week, and rating it: by somebody else, once."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from kaja.channels.models import Channel
from kaja.inbox.models import AnswerWait, Conversation, QualityCard, QualitySample
from kaja.inbox.quality.actions import draw_sample, save_rating
from kaja.inbox.quality.queries import find_next_card, report_quality
from kaja.inbox.quality.sampling import draw_pairs
from kaja.kernel.clock import now
from kaja.kernel.problems import Conflict, NotAllowed, Refused
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import AuditEntry, Role, User, Workspace
from tests.inbox.targets.test_following import TALLINN, begin, channel
from tests.people import actor, add_member

__all__ = ["channel"]


def monday_before(weeks: int) -> date:
    today = now().astimezone(TALLINN).date()
    return today - timedelta(days=today.weekday() + 7 * weeks)


WEEK = monday_before(2)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=TALLINN)


def answered(talk: Conversation, begun: datetime, by: User | None, **more: Any) -> AnswerWait:
    values: dict[str, Any] = {"measure": "first", "ended_at": begun + timedelta(minutes=5), **more}
    return AnswerWait.objects.create(conversation=talk, channel=talk.channel, begun_at=begun, by=by, **values)


@pytest.fixture
def curator(in_workspace: Workspace) -> Actor:
    return actor(in_workspace)


@pytest.fixture
def kai(in_workspace: Workspace) -> User:
    return add_member(in_workspace, "kai@acme.test", Role.COMMUNITY_MANAGER, "Kai Kask")


@pytest.fixture
def liis(in_workspace: Workspace) -> User:
    return add_member(in_workspace, "liis@acme.test", Role.COMMUNITY_MANAGER, "Liis Lill")


@pytest.fixture
def talks(channel: Channel, kai: User, liis: User) -> list[Conversation]:
    """Seven that Kai answered in the week, two that Liis did; and what does not count."""
    made = [begin(channel, f"t{number}") for number in range(12)]
    for number, talk in enumerate(made[:7]):
        answered(talk, at(WEEK, 9 + number), kai)
    answered(made[0], at(WEEK, 20), kai, measure="next")  # the same pair
    answered(made[0], at(WEEK, 21), liis, measure="next")
    answered(made[7], at(WEEK + timedelta(days=6), 23), liis)
    answered(made[8], at(WEEK + timedelta(days=7), 0), kai)  # the next week
    answered(made[9], at(WEEK - timedelta(days=1), 23), kai)  # the week before
    answered(made[10], at(WEEK, 9), None)  # in the network's own app
    answered(made[11], at(WEEK, 9), kai, measure="resolution")
    AnswerWait.objects.create(conversation=made[11], channel=channel, measure="first", begun_at=at(WEEK, 9))  # open
    return made


def pairs() -> set[tuple[Any, Any]]:
    return set(QualityCard.objects.values_list("conversation_id", "member_id"))


def test_a_week_is_drawn_of_each_member_and_again_by_its_seed(
    curator: Actor, talks: list[Conversation], kai: User, liis: User
) -> None:
    sample, new = draw_sample(curator, WEEK + timedelta(days=3), 3)
    population = {(talk.id, kai.id) for talk in talks[:7]} | {(talks[0].id, liis.id), (talks[7].id, liis.id)}
    assert (sample.week, sample.answered, new) == (WEEK, 9, 5)
    assert pairs() == set(draw_pairs(sample.seed, population, 3))
    assert draw_sample(curator, WEEK, 3)[1] == 0
    again, more = draw_sample(curator, WEEK, 5)
    assert (again.id, again.seed, again.size, more) == (sample.id, sample.seed, 5, 2)
    assert pairs() == set(draw_pairs(sample.seed, population, 5))
    assert draw_sample(curator, WEEK, 1)[0].size == 5
    assert AuditEntry.objects.filter(action="inbox.quality_draw").count() == 4
    assert draw_sample(curator, WEEK - timedelta(days=7), 3)[0].seed != sample.seed


def test_what_is_kept_no_longer_is_not_drawn(curator: Actor, talks: list[Conversation]) -> None:
    """Its times stay for the report; there is nothing left to be rated."""
    AnswerWait.objects.filter(conversation=talks[3]).update(conversation=None)
    talks[3].delete()
    sample, new = draw_sample(curator, WEEK, 7)
    assert (sample.answered, new) == (8, 8)


def test_as_many_statements_for_one_as_for_many(curator: Actor, talks: list[Conversation]) -> None:
    counts = []
    for week, size in ((WEEK - timedelta(days=7), 1), (WEEK, 5)):
        with CaptureQueriesContext(connection) as found:
            draw_sample(curator, week, size)
        counts.append(len(found))
    assert counts[0] == counts[1]


@pytest.mark.parametrize(
    ("week", "size", "code"),
    [(monday_before(0), 3, "quality_week"), (monday_before(-3), 3, "quality_week"), (date.min + timedelta(days=7), 3,
     "quality_week"), (WEEK, 0, "quality_size"), (WEEK, 51, "quality_size")],
    ids=["this-week", "to-come", "none", "nothing", "too-many"],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(curator: Actor, week: date, size: int, code: str) -> None:
    with pytest.raises(Refused) as caught:
        draw_sample(curator, week, size)
    assert caught.value.problems[0].code == code
    assert not QualitySample.objects.exists()


def test_who_may_what(in_workspace: Workspace, curator: Actor, talks: list[Conversation], kai: User) -> None:
    with pytest.raises(NotAllowed):
        draw_sample(actor(in_workspace, "kai@acme.test"), WEEK, 3)
    draw_sample(curator, WEEK, 3)
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    card = QualityCard.objects.filter(member=kai).first()
    assert card is not None
    with pytest.raises(NotAllowed):
        save_rating(actor(in_workspace, "ana@acme.test"), card.id, "yes", "yes", "yes")


def test_a_colleague_rates_and_never_whoever_answered(
    in_workspace: Workspace, curator: Actor, talks: list[Conversation], kai: User, liis: User
) -> None:
    draw_sample(curator, WEEK, 3)
    card = QualityCard.objects.filter(member=kai).first()
    assert card is not None
    with pytest.raises(Refused) as caught:
        save_rating(actor(in_workspace, "kai@acme.test"), card.id, "yes", "yes", "yes")
    assert caught.value.problems[0].code == "quality_own_answer"
    with pytest.raises(IntegrityError), transaction.atomic():  # the table has a wall of its own
        QualityCard.objects.filter(id=card.id).update(rated_by=kai)
    colleague = actor(in_workspace, "liis@acme.test")
    with pytest.raises(Refused) as caught:
        save_rating(colleague, card.id, "yes", "", "maybe")
    assert caught.value.problems[0].code == "quality_incomplete"
    save_rating(colleague, card.id, "yes", "partly", "no", "Right, but late\x00")
    with pytest.raises(Conflict):  # two who rate at once: the second is told
        save_rating(curator, card.id, "no", "no", "no")
    save_rating(colleague, card.id, "yes", "yes", "no", "Right, but late")
    card.refresh_from_db()
    assert (card.correct, card.tone, card.solved, card.note) == ("yes", "yes", "no", "Right, but late")
    following = find_next_card(kai.id)
    assert following is not None
    assert QualityCard.objects.get(id=following).member_id == liis.id


def test_what_the_cards_say_of_each_member(
    in_workspace: Workspace, curator: Actor, talks: list[Conversation], kai: User, liis: User
) -> None:
    draw_sample(curator, WEEK, 4)
    cards = list(QualityCard.objects.filter(member=kai))
    for card, correct in zip(cards, ("yes", "yes", "partly"), strict=False):
        save_rating(curator, card.id, correct, "yes", "no")
    with CaptureQueriesContext(connection) as found:
        results, whole = report_quality(WEEK)
    assert len(found) == 1
    of_kai = next(each for each in results if each.member == kai.id)
    assert (of_kai.drawn, of_kai.rated, of_kai.partly["correct"]) == (4, 3, 1)
    assert [(each.yes, each.of) for each in of_kai.shares.values()] == [(2, 3), (3, 3), (0, 3)]
    assert (whole.drawn, whole.rated, whole.shares["correct"].yes) == (6, 3, 2)
    assert report_quality(WEEK + timedelta(days=7))[0] == []
