"""The engine knows no post: another source's rows have every promise of a post's."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

import pytest
from django.db import connection

from kaja.delivery.actions import hold_everything, look_at_channel, settle_delivery
from kaja.delivery.engine.row import Work
from kaja.delivery.holds import list_unsettled
from kaja.delivery.models import Attempt, Delivery, Publication, State
from kaja.delivery.queries import journal_of, list_needs_you
from kaja.delivery.sources import SOURCES, Answer, Made
from kaja.kernel.clock import now
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Held, Workspace
from tests.delivery import memos
from tests.practice.running import PracticeServer
from tests.publishing.delivering import (
    ACTOR,
    QUICK,
    connect_practice,
    later,
    plan_post,
    running_engine,
    wait_for_states,
)
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _memos(transactional_db: None) -> Iterator[None]:
    with memos.memos_at_work():
        yield


def wait_for_state(workspace: Workspace, memo_id: UUID, state: State, seconds: float = 60.0) -> Delivery:
    wait_until(lambda: memos.delivery_of(workspace, memo_id).state == state, seconds)
    return memos.delivery_of(workspace, memo_id)


def test_it_is_sent_once_under_faults_beside_posts(practice: PracticeServer, workspace: Workspace) -> None:
    practice.set_faults(
        seed=11,
        drop_before={"probability": 0.3, "on": ["publish"]},
        drop_after={"probability": 0.3, "on": ["publish"]},
        too_many={"probability": 0.2, "retry_after": 1, "on": ["publish"]},
    )
    wanted: Counter[str] = Counter()
    ids, posts = [], []
    for kind in ("plain", "staged", "keyed"):
        channel = connect_practice(practice, workspace, kind, kind)
        for number in range(4):
            ids.append(memos.send(workspace, channel, f"{kind} memo {number} of many", later(0.2 * number)))
            posts.append(plan_post(workspace, [channel], f"{kind} post {number} among others"))
            wanted.update([f"{kind} memo {number} of many", f"{kind} post {number} among others"])
    with running_engine():
        for memo_id in ids:
            wait_for_state(workspace, memo_id, State.SENT, seconds=240)
        for post in posts:
            wait_for_states(workspace, post, "sent", seconds=240)
    assert Counter(item["text"] for item in practice.truth()) == wanted
    with workspace_scope(workspace.id):
        noted = Publication.objects.filter(delivery__source_kind=memos.MEMO)
        assert {row.sent["text"] for row in noted} == {text for text in wanted if "memo" in text}


def test_what_has_no_late_limit_goes_out_however_late(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    yesterday = now() - timedelta(days=1)
    patient = memos.send(workspace, channel, "Better late", yesterday)
    strict = memos.send(workspace, channel, "Too late", yesterday, has_late_limit=True)
    with running_engine():
        wait_for_state(workspace, patient, State.SENT)
        wait_for_state(workspace, strict, State.MISSED)
    assert [item["text"] for item in practice.truth()] == ["Better late"]


def test_a_row_that_does_not_know_of_a_change_is_brought_up_to_date(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    changed = memos.send(workspace, channel, "As it was", later(1))
    gone = memos.send(workspace, channel, "Not any more", later(1))
    memos.change(workspace, changed, "As it is", tell=False)
    memos.withdraw(workspace, gone, tell=False)
    with running_engine():
        row = wait_for_state(workspace, changed, State.SENT)
        wait_for_state(workspace, gone, State.CANCELLED)
    assert row.version == 2
    assert [item["text"] for item in practice.truth()] == ["As it is"]


def test_what_is_changed_while_files_go_up_goes_out_in_its_newest_form_or_not_at_all(
    practice: PracticeServer, workspace: Workspace
) -> None:
    """The first stages of a network of two can be repeated and thrown away; the call that publishes was not made."""
    one, other = (connect_practice(practice, workspace, name, "staged") for name in ("one", "other"))
    practice.set_faults(delay={"seconds": 4, "on": ["container"]})
    changed, gone = memos.send(workspace, one, "As it was"), memos.send(workspace, other, "Not any more")

    def has_begun(memo_id: UUID) -> bool:
        return memos.delivery_of(workspace, memo_id).attempts_made == 1

    with running_engine():
        for memo_id in (changed, gone):
            wait_for_state(workspace, memo_id, State.SENDING)
            wait_until(partial(has_begun, memo_id))
        memos.change(workspace, changed, "As it is")
        memos.withdraw(workspace, gone)
        practice.set_faults()
        assert memos.delivery_of(workspace, gone).state == State.CANCELLED
        wait_for_state(workspace, changed, State.SENT)
    assert [item["text"] for item in practice.truth()] == ["As it is"]
    assert memos.delivery_of(workspace, gone).state == State.CANCELLED


def test_what_cannot_be_stopped_is_finished_as_it_was_and_not_sent_again(
    practice: PracticeServer, workspace: Workspace
) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(drop_before={"probability": 1, "on": ["publish"]})
    memo_id = memos.send(workspace, channel, "As it was")
    with running_engine():
        wait_for_state(workspace, memo_id, State.UNCERTAIN)
        memos.withdraw(workspace, memo_id)
        practice.set_faults()
        # It is not there, so it could be sent again; its source does not want that any more.
        wait_for_state(workspace, memo_id, State.CANCELLED)
    assert practice.truth() == []


def test_a_doubt_is_a_persons_to_decide(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(drop_before={"probability": 1, "on": ["publish"]})
    again, dropped = (memos.send(workspace, channel, text) for text in ("Fresh rye on Monday", "Closed for summer"))
    # Absence would count only after ten minutes.
    with running_engine(replace(QUICK, settle=600.0)):
        for memo_id in (again, dropped):
            wait_for_state(workspace, memo_id, State.UNCERTAIN)
        practice.set_faults()
        with workspace_scope(workspace.id):
            settle_delivery(ACTOR, memos.delivery_of(workspace, dropped).id, "drop")
            settle_delivery(ACTOR, memos.delivery_of(workspace, again).id, "send_again")
        row = wait_for_state(workspace, again, State.SENT)
    assert memos.delivery_of(workspace, dropped).state == State.CANCELLED
    assert [item["text"] for item in practice.truth()] == ["Fresh rye on Monday"]
    with workspace_scope(workspace.id):
        calls = Attempt.objects.filter(delivery=row, irreversible=True).order_by("started_at")
        assert [call.outcome for call in calls] == ["unknown", "sent"]
        assert {"unknown", "sent"} <= {line.outcome for line in journal_of(row)}


def test_a_refusal_needs_a_person_and_a_hold_asks_for_its_words(practice: PracticeServer, workspace: Workspace) -> None:
    channel = connect_practice(practice, workspace, "bakery")
    practice.set_faults(refuse={"probability": 1})
    memo_id = memos.send(workspace, channel, "A bad word")
    with running_engine():
        row = wait_for_state(workspace, memo_id, State.FAILED)
    with workspace_scope(workspace.id):
        assert [each.id for each in list_needs_you()] == [row.id]
        Delivery.objects.filter(id=row.id).update(content=None)
    hold_everything(ACTOR, Held.CLOCK, now())
    look_at_channel(workspace.id, channel.id)
    with workspace_scope(workspace.id):
        workspace.refresh_from_db()
        [unsettled] = list_unsettled(workspace)
    assert (unsettled.subject.title, unsettled.verdict) == ("A bad word", "missing")


def test_what_only_a_newer_version_sends_is_left_to_a_person(practice: PracticeServer, workspace: Workspace) -> None:
    """After a step back, say: nobody here can make it, and nothing else is held up by it."""
    channel = connect_practice(practice, workspace, "bakery")
    memo_id = memos.send(workspace, channel, "From tomorrow", source_kind="tomorrow")
    known = memos.send(workspace, channel, "From today")
    with running_engine():
        wait_for_state(workspace, known, State.SENT)
    with workspace_scope(workspace.id):
        [row] = list_needs_you()
        assert (row.source_id, row.state) == (memo_id, State.FAILED)
    hold_everything(ACTOR, Held.CLOCK, now())
    look_at_channel(workspace.id, channel.id)
    with workspace_scope(workspace.id):
        [unsettled] = list_unsettled(Workspace.objects.get(id=workspace.id))
    assert (unsettled.subject.id, unsettled.subject.title) == (memo_id, "")
    assert [item["text"] for item in practice.truth()] == ["From today"]


class Choosy(memos.Memos):
    """Stumbles over one of its notes: the database refuses what it asks about it, or it breaks itself."""

    def prepare(self, works: Sequence[Work]) -> Mapping[UUID, Answer]:
        made = super().prepare(works)
        for answer in made.values():
            assert isinstance(answer, Made)
            if answer.content.text == "breaks":
                raise ZeroDivisionError
            with connection.cursor() as cursor:
                cursor.execute("SELECT %s::int", [answer.content.text])
        return made


@pytest.mark.parametrize("words", ["no number", "breaks"])
def test_a_row_that_nobody_can_prepare_holds_up_no_other(
    practice: PracticeServer, workspace: Workspace, words: str
) -> None:
    SOURCES[memos.MEMO] = Choosy()
    bad = memos.send(workspace, connect_practice(practice, workspace, "one"), words)
    good = memos.send(workspace, connect_practice(practice, workspace, "two"), "12")
    with running_engine():
        wait_for_state(workspace, good, State.SENT)
        wait_until(lambda: memos.delivery_of(workspace, bad).tries > 1)
    assert [item["text"] for item in practice.truth()] == ["12"]
