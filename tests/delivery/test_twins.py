"""Messages with the same words on one channel: each is sent once, and none is taken for the other."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from kaja.delivery.engine import decide
from kaja.delivery.engine.claim import claim_due
from kaja.delivery.engine.journal import Journal, Record
from kaja.delivery.models import Publication, State
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.networks.kit.results import RemoteRef
from kaja.workspaces.models import Workspace
from tests.delivery.ahead import by_hand
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    QUICK,
    connect_practice,
    deliveries_of,
    later,
    plan_post,
    running_engine,
    wait_for_states,
)

pytestmark = pytest.mark.django_db(transaction=True)
GAPS = (0.1, 0.5, 1.5, 3.0, 6.0)
"""In the tests a network settles within 3 s instead of 30: twins 1, 5, 15, 30 and 60 s apart."""
TRIED = ("plain", "staged", "keyed")


def test_twins_are_neither_lost_nor_shared(practice: PracticeServer, workspace: Workspace) -> None:
    """Posts, the next parts of threads, and first comments; answers are lost before and after the network stored it."""
    practice.set_faults(
        seed=7,
        drop_before={"probability": 0.3, "on": ["publish", "comment"]},
        drop_after={"probability": 0.3, "on": ["publish", "comment"]},
        late_listing={"probability": 0.3, "seconds": 1},
    )
    wanted: Counter[str] = Counter()
    posts = []
    for kind in TRIED:
        for gap in GAPS:
            name = f"{kind} {gap}"
            channel = connect_practice(practice, workspace, name, kind)
            for at in (0.5, 0.5 + gap):
                texts = [f"{name} {part}" for part in ("root", "next")]
                posts.append(plan_post(workspace, [channel], *texts, comment=f"{name} first", due_at=later(at)))
                wanted.update([*texts, f"{name} first"])
    with running_engine(replace(QUICK, twin_pause=0.5)):
        for post in posts:
            wait_for_states(workspace, post, "sent", "sent", "sent", seconds=240)
    assert Counter(item["text"] for item in practice.truth()) == wanted
    standing = {item["id"] for item in practice.truth()}
    with workspace_scope(workspace.id):
        noted = list(Publication.objects.values_list("remote_id", flat=True))
    assert sorted(noted) == sorted(standing), "each delivery has its own"


def test_what_reads_like_a_post_in_doubt_waits_and_other_posts_do_not(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(drop_before={"probability": 1, "on": ["publish"]})
    with running_engine(replace(QUICK, settle=600.0, twin_pause=0.2)):
        first = plan_post(workspace, [channel], "Fresh rye on Monday")
        wait_for_states(workspace, first, "uncertain")
        practice.set_faults()
        twin = plan_post(workspace, [channel], "Fresh rye on Monday")
        alike = plan_post(workspace, [channel], "Fresh rye, on Mondays!")
        another = plan_post(workspace, [channel], "Closed for the summer")
        wait_for_states(workspace, another, "sent")
        for post in (twin, alike):
            [row] = wait_for_states(workspace, post, "waiting")
            assert row.problem
            assert row.problem["code"] == "twin_open"
        wait_for_states(workspace, first, "uncertain")
    assert [item["text"] for item in practice.truth()] == ["Closed for the summer"]


@pytest.mark.parametrize(("outcome", "needs_person"), [("found", False), ("sent", True)])
def test_the_database_lets_nothing_on_a_network_belong_to_two(
    practice: PracticeServer, workspace: Workspace, outcome: str, needs_person: bool
) -> None:
    """Found by its words it is looked for again; named by the network itself, a person decides."""
    channel = connect_practice(practice, workspace, "bakery")
    posts = [plan_post(workspace, [channel], "Same words") for _ in range(2)]
    ref = RemoteRef("77", "https://practice.example/77")

    async def work(own: Any, journal: Journal) -> list[bool]:
        kept = []
        for told in ("sent", outcome):
            [row] = await claim_due(own, 1, QUICK.lease)
            attempt = await journal.begin(row, "publish", True)
            kept.append(await journal.finish(row, decide.sent(row, ref, now()), Record(attempt, told)))
        return kept

    assert by_hand(work) == [True, True]
    one, other = (deliveries_of(workspace, post)[0] for post in posts)
    assert (one.state, one.remote_id) == (State.SENT, "77")
    assert (other.state, other.remote_id, other.needs_person) == (State.UNCERTAIN, "", needs_person)
    assert (other.next_at is None) == needs_person
    with workspace_scope(workspace.id):
        assert Publication.objects.get().delivery_id == one.id
