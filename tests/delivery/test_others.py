"""Workers leave each other what they should have ready, for a while: one of them may live and not get on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from kaja.delivery.engine.pace import Pace
from kaja.delivery.models import Attempt, State, WorkerSign
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.delivery import memos
from tests.delivery.ahead import Sender, send_memo
from tests.practice.running import PracticeServer
from tests.publishing.delivering import QUICK, connect_practice, later, running_engine
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)
OTHERS = 4.0
STUCK = 1
"""Its key: the first of two, so that its share has rank 0."""


@pytest.fixture(autouse=True)
def _memos(transactional_db: None) -> Iterator[None]:
    with memos.memos_at_work():
        yield


def is_sent(sender: Sender) -> bool:
    return sender.row().state == State.SENT


def rank_of(sender: Sender) -> int:
    """Of the worker that should have it ready, of two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT (uuid_hash(%s) & 2147483647) %% 2", [sender.row().channel_id])
        return int(cursor.fetchone()[0])


def send_of_both_shares(practice: PracticeServer, workspace: Workspace) -> list[Sender]:
    """At least two messages of each of two workers."""
    senders: list[Sender] = []
    while min([rank_of(sender) for sender in senders].count(rank) for rank in (0, 1)) < 2:
        channel = connect_practice(practice, workspace, f"c{len(senders)}")
        senders.append(send_memo(workspace, channel, f"Memo {len(senders)}"))
    return senders


def test_what_a_worker_that_does_not_get_on_has_is_taken_after_a_while_and_not_before(
    practice: PracticeServer, workspace: Workspace
) -> None:
    """It gives signs, so that it has a share, and does nothing: as in a long stop, or with too many calls under way."""
    WorkerSign.objects.create(key=STUCK, machine="", pid=1, seen_at=later(3600))
    senders = send_of_both_shares(practice, workspace)
    with running_engine(replace(QUICK, others=OTHERS)) as engine:
        wait_until(lambda: engine._readying.share.workers == 2)
        assert engine._readying.share.rank == 1
        due = {}
        for sender in senders:
            sender.come_due()
            due[sender.id] = sender.row().due_at
        for sender in senders:
            wait_until(partial(is_sent, sender))
    assert len(practice.truth()) == len(senders)
    for sender in senders:
        with workspace_scope(workspace.id):
            begun = Attempt.objects.get(delivery_id=sender.row().id).started_at
        assert begun >= due[sender.id]
        if rank_of(sender) == 0:
            assert begun - due[sender.id] >= timedelta(seconds=OTHERS)


def test_the_while_is_longer_than_it_takes_to_see_that_a_worker_is_gone() -> None:
    """Else the rows of one that died would be waited for, and those of one with much to do be taken from it."""
    pace = Pace()
    assert pace.gone + pace.ready_poll < pace.others < pace.lease / 2
