"""Once for each person: whatever comes twice, late, edited, in any order, through two workers at once, or through one
that dies; with PostgreSQL's own rows, transactions and locks."""

import random
import threading
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaja.channels.models import Channel
from kaja.delivery.models import Delivery
from kaja.inbox.models import Message
from kaja.inbox.privately.models import PrivateSending
from kaja.inbox.privately.planning import plan_private
from kaja.kernel import clock
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.reading import Incoming
from kaja.workspaces.models import Workspace
from tests.conftest import make_workspace
from tests.inbox.privately.saying import lines, make_private, say, take

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = ("ada", "bo", "cy")


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def plan(workspace: Workspace, ids: list[UUID]) -> int:
    with workspace_scope(workspace.id):
        return plan_private(ids)


class Died(Exception):
    """A worker, before it has committed."""


def plan_and_die(workspace: Workspace, ids: list[UUID]) -> None:
    with workspace_scope(workspace.id):
        plan_private(ids)
        raise Died


NUMBERS = st.integers(0, len(PEOPLE) * 3 - 1)  # three comments of each person
STEPS = st.lists(
    st.tuples(st.sampled_from(["say", "say", "edit", "plan", "die"]), st.lists(NUMBERS, min_size=1, max_size=4)),
    min_size=1, max_size=14,
)  # fmt: skip
_made = iter(range(10_000))


@given(steps=STEPS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_once_whatever_the_order_and_however_often(db: None, steps: list[tuple[str, list[int]]]) -> None:
    """Comments that are said, said again, edited to the same, planned for and planned for again, by workers of which
    some die: who asked for it while it was planned has one line and one delivery, nobody has two."""
    number = next(_made)
    workspace, _ = make_workspace(f"once{number}", f"once{number}@acme.test")
    with workspace_scope(workspace.id):
        channel = Channel.objects.create(network="practice", account_id=f"1-{number}", name="Bakery")
    make_private(workspace, channel)
    at = clock.now()

    def of(nr: int, text: str = "price") -> Incoming:
        return say(text, PEOPLE[nr % len(PEOPLE)], nr, at=at + timedelta(seconds=nr))

    known: dict[int, UUID] = {}
    planned = set[int]()
    for what, numbers in steps:
        if what in ("say", "edit"):
            for nr in numbers:
                form = of(nr)
                if what == "edit" and nr in known:
                    edited_at = at + timedelta(minutes=1 + nr)
                    form = say("price!", form.author.id, nr, at=form.at, state="edited", edited_at=edited_at)
                [known[nr]] = take(workspace, channel, form)
            continue
        ids = [known[nr] for nr in numbers if nr in known]
        if what == "plan":
            plan(workspace, ids)
            planned |= {nr for nr in numbers if nr in known}
        else:
            with pytest.raises(Died):
                plan_and_die(workspace, ids)
    expected = {PEOPLE[nr % len(PEOPLE)] for nr in planned}
    assert Counter(who for who, _, _ in lines(workspace)) == dict.fromkeys(expected, 1)
    with workspace_scope(workspace.id):
        assert Delivery.objects.filter(source_kind="private").count() == len(expected)


def test_two_workers_at_once_plan_for_each_person_once(workspace: Workspace, channel: Channel) -> None:
    make_private(workspace, channel)
    chance = random.Random(3)
    people = [f"p{nr:02}" for nr in range(12)]
    said = [say("price", who, 100 * place + copy) for place, who in enumerate(people) for copy in range(3)]
    ids = take(workspace, channel, *said)
    together, broken = threading.Barrier(4), list[BaseException]()

    def work(order: list[UUID]) -> None:
        try:
            together.wait(60)
            for first in range(0, len(order), 5):
                plan(workspace, order[first : first + 5])
        except BaseException as error:  # noqa: BLE001 - looked at below
            broken.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(chance.sample(ids, len(ids)),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert broken == []
    assert [who for who, _, _ in lines(workspace)] == people
    with workspace_scope(workspace.id):
        assert Delivery.objects.filter(source_kind="private").count() == len(people)
        assert PrivateSending.objects.values("message_id").distinct().count() == len(people)
        assert Message.objects.count() == len(said)
