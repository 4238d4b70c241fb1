"""The table of legal moves, and the verdicts: whatever a network answers, no rule of delivery is broken."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaja.delivery.engine import decide
from kaja.delivery.engine.pace import Pace
from kaja.delivery.engine.row import ChannelAccess, Claimed
from kaja.delivery.models import OPEN_STATES, Kind, State
from kaja.delivery.states import MOVES, IllegalMove, check_move
from kaja.kernel.problems import Problem
from kaja.networks.kit.connector import Idempotent, settle_time
from kaja.networks.kit.outcome import still_processing
from kaja.networks.kit.results import (
    AbsentAsOf,
    Candidate,
    CannotTell,
    ChannelTrouble,
    Found,
    Later,
    NeedsReconnect,
    Next,
    Processing,
    Rejected,
    RemoteRef,
    Restart,
    Sent,
    StageResult,
    Unknown,
)
from kaja.networks.registry import CONNECTORS

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PACE = Pace()
PROBLEM = Problem("x", "something")
REF = RemoteRef("1", "https://practice.example/1")
ID = UUID(int=7)


def make_row(state: State = State.SENDING, **own: Any) -> Claimed:
    access: dict[str, Any] = {
        "network": "practice", "account_id": "a", "base_url": "", "handle": "a", "name": "A", "facts": {},
        "health": "ok", "health_failures": 0, "disconnected": False, "credentials": b"", "quota_until": None,
        "grant_id": None, "own_credentials": b"",
    }  # fmt: skip
    values: dict[str, Any] = {
        "id": ID, "workspace_id": ID, "source_kind": "post", "source_id": ID, "subject_id": ID, "channel_id": ID,
        "kind": Kind.POST, "position": 0, "state": state, "due_at": NOW, "fence": 3, "stage": "publish",
        "checkpoint": {"container": "c"}, "content": {}, "version": 1, "allowed": True, "tries": 0,
        "uncertain_since": None, "needs_person": False, "late_limit_minutes": 30, "reply_to": None, "root": None,
        "first_call": None, "witness": None, "waited": None, "doubted": None,
    }  # fmt: skip
    if state == State.UNCERTAIN:
        values["uncertain_since"] = NOW
    for name in access.keys() & own.keys():
        access[name] = own.pop(name)
    return Claimed(**{**values, **own}, access=ChannelAccess(**access))


RESULTS: st.SearchStrategy[StageResult] = st.one_of(
    st.just(Next({"container": "d"})),
    st.just(Sent(REF)),
    st.floats(0, 900).map(lambda after: Processing({}, after)),
    st.booleans().map(lambda fixable: Rejected(PROBLEM, fixable)),
    st.floats(-1, 90_000).map(lambda after: Later(after, PROBLEM, "posts")),
    st.just(NeedsReconnect(PROBLEM)),
    st.just(ChannelTrouble(PROBLEM)),
    st.just(Restart("container", {"again": 1}, PROBLEM)),
    st.just(Unknown(PROBLEM)),
)
LOOKS = st.one_of(
    st.just(Found(REF)),
    st.integers(-3600, 86_400).map(lambda seconds: AbsentAsOf(NOW + timedelta(seconds=seconds))),
    st.just(CannotTell(PROBLEM)),
)


def test_every_state_has_its_moves_and_no_other_is_taken() -> None:
    assert set(MOVES) == set(State)
    for before in State:
        for after in State:
            if before == after or after in MOVES[before]:
                check_move(before, after, by_person=True)
            else:
                with pytest.raises(IllegalMove):
                    check_move(before, after, by_person=True)


def test_what_is_sent_stays_sent_and_doubt_never_becomes_failure() -> None:
    assert MOVES[State.SENT] == frozenset()
    assert State.FAILED not in MOVES[State.UNCERTAIN]
    assert State.SCHEDULED not in MOVES[State.UNCERTAIN]
    assert not {State.WAITING, State.SCHEDULED, State.SENDING, State.CANCELLED} & MOVES[State.PROCESSING]
    with pytest.raises(IllegalMove):
        check_move(State.UNCERTAIN, State.CANCELLED)


@given(RESULTS, st.booleans(), st.integers(0, 50), st.sampled_from([State.SENDING, State.PROCESSING]))
def test_a_stage_leads_to_sending_again_only_when_nothing_stands_there(
    result: StageResult, irreversible: bool, tries: int, state: State
) -> None:
    irreversible = irreversible and state == State.SENDING
    row = make_row(state, tries=tries)
    verdict = decide.after_stage(
        row, result, irreversible=irreversible, stages=("container", "publish", "confirm"), now=NOW, pace=PACE
    )
    if irreversible and verdict.state in (State.WAITING, State.FAILED, State.SENDING):
        assert isinstance(result, Later | NeedsReconnect | Rejected | ChannelTrouble | Restart), (
            "the network said that nothing stands there"
        )
    if irreversible and isinstance(result, Unknown):
        assert verdict.state == State.UNCERTAIN
        assert verdict.uncertain_since == NOW
    if state == State.PROCESSING:
        assert verdict.state in (State.PROCESSING, State.SENT, State.FAILED, State.UNCERTAIN)
    assert (verdict.state == State.SENT) == isinstance(result, Sent)
    _assert_never_stranded(verdict)


@given(LOOKS, st.booleans(), st.integers(0, 50), st.booleans(), st.integers(0, 100_000))
def test_a_look_sends_again_only_after_the_settle_time(
    found: Any, idempotent: bool, tries: int, asked: bool, passed: int
) -> None:
    row = make_row(State.UNCERTAIN, tries=tries, needs_person=asked, first_call=NOW - timedelta(seconds=5))
    now = NOW + timedelta(seconds=passed)
    verdict = decide.after_look(row, found, settle=30.0, idempotent=idempotent, now=now, pace=PACE)
    if verdict.state == State.WAITING:
        assert isinstance(found, AbsentAsOf)
        assert found.time > NOW + timedelta(seconds=30)
    if verdict.repeat:
        assert idempotent
        assert verdict.state == State.UNCERTAIN
        assert passed <= 30 * 60
    assert verdict.state in (State.SENT, State.WAITING, State.UNCERTAIN)
    _assert_never_stranded(verdict)


@given(RESULTS, st.integers(0, 50))
def test_a_repeat_with_the_same_key_never_ends_in_failure_or_sending(result: StageResult, tries: int) -> None:
    row = make_row(State.UNCERTAIN, tries=tries)
    verdict = decide.after_repeat(row, result, settle=30.0, now=NOW + timedelta(seconds=60), pace=PACE)
    assert verdict.state in (State.SENT, State.PROCESSING, State.UNCERTAIN)
    if verdict.state == State.UNCERTAIN:
        assert verdict.uncertain_since is not None
    _assert_never_stranded(verdict)


@given(
    st.integers(-3600, 7200), st.booleans(), st.booleans(), st.sampled_from(["ok", "reconnect"]),
    st.none() | st.integers(-60, 900), st.booleans(),
)  # fmt: skip
def test_claim_time_checks(
    late: int, allowed: bool, disconnected: bool, health: str, quota: int | None, has_limit: bool
) -> None:
    row = make_row(
        allowed=allowed, disconnected=disconnected, health=health, late_limit_minutes=30 if has_limit else None,
        quota_until=None if quota is None else NOW + timedelta(seconds=late + quota),
    )  # fmt: skip
    now = NOW + timedelta(seconds=late)
    verdict = decide.before_sending(row, now) or decide.without_budget(row, now)
    in_time = not has_limit or late <= 1800
    assert (verdict is None) == (allowed and not disconnected and health == "ok" and in_time and (quota or 0) <= 0)
    if verdict is not None:
        assert verdict.state in (State.CANCELLED, State.WAITING, State.MISSED)
        _assert_never_stranded(verdict)


def test_the_networks_own_work_on_a_file_makes_no_post_late() -> None:
    """The limit is moved once, by the stage's patience: a network that never ends its work is told of, too."""
    row = make_row(stage="ready", late_limit_minutes=5)
    busy, soon = Later(60, still_processing("Practice")), NOW + timedelta(minutes=1)

    def after(each: Claimed, result: StageResult, now: datetime) -> decide.Verdict:
        return decide.after_stage(
            each, result, irreversible=False, stages=("ready", "publish"), now=now, pace=PACE, patience=600
        )

    first = after(row, busy, soon)
    waiting = make_row(stage="ready", late_limit_minutes=5, checkpoint=first.checkpoint)
    assert decide.before_sending(waiting, NOW + timedelta(minutes=10)) is None
    again = after(waiting, busy, NOW + timedelta(minutes=10))
    assert again.checkpoint == first.checkpoint, "from the first time on"
    assert again.next_at == NOW + timedelta(minutes=11)
    missed = decide.before_sending(waiting, NOW + timedelta(minutes=11, seconds=1))
    assert missed is not None
    assert missed.state == State.MISSED
    assert after(waiting, busy, NOW + timedelta(minutes=10, seconds=30)).next_at == NOW + timedelta(
        minutes=11, seconds=1
    ), "then it is said, not when the network would be asked again"
    for other in (Later(60, PROBLEM), Later(60, PROBLEM, "posts")):
        assert decide.PATIENT_UNTIL not in after(row, other, soon).checkpoint, "a network that wants to be left alone"


def _assert_never_stranded(verdict: decide.Verdict) -> None:
    """Open rows have a time, or a person who knows."""
    if verdict.state in OPEN_STATES:
        assert verdict.next_at is not None or verdict.needs_person
    if verdict.state in (State.FAILED, State.MISSED):
        assert verdict.needs_person
        assert verdict.problem is not None
        assert verdict.announce


def test_inconclusive_looks_end_with_a_person_who_sees_what_was_found() -> None:
    row = make_row(State.UNCERTAIN)
    now = NOW
    asked = None
    for _ in range(20):
        now += timedelta(seconds=60)
        verdict = decide.after_look(row, CannotTell(PROBLEM), settle=30.0, idempotent=False, now=now, pace=PACE)
        row.tries, row.needs_person = verdict.tries, verdict.needs_person
        if verdict.needs_person:
            asked = asked or verdict
    assert asked is not None
    assert asked.announce == "uncertain"
    assert asked.next_at is not None, "the network is looked at now and then all the same"


def test_a_late_absence_found_sends_again_and_an_early_one_waits() -> None:
    row = make_row(State.UNCERTAIN)
    early = decide.after_look(
        row, AbsentAsOf(NOW + timedelta(seconds=29)), settle=30.0, idempotent=False, now=NOW, pace=PACE
    )
    assert early.state == State.UNCERTAIN
    assert early.next_at is not None
    assert early.next_at > NOW + timedelta(seconds=30)
    late = decide.after_look(
        row, AbsentAsOf(NOW + timedelta(seconds=31)), settle=30.0, idempotent=False, now=NOW, pace=PACE
    )
    assert late.state == State.WAITING
    assert late.checkpoint == {"container": "c"}, "what was prepared is used again"


@pytest.mark.parametrize(
    ("limits", "network", "repeats"),
    [
        ({"idempotent": True}, "by account", True),
        ({"idempotent": False}, "by account", False),
        ({}, "by account", False),
        ({"idempotent": True}, False, False),
        ({}, True, True),
    ],
)
def test_the_accounts_own_facts_say_whether_a_key_may_be_repeated(
    limits: dict[str, Any], network: Idempotent, repeats: bool
) -> None:
    row = make_row(State.UNCERTAIN, first_call=NOW, facts={"limits": limits})
    verdict = decide.after_look(row, AbsentAsOf(NOW), settle=30.0, idempotent=network, now=NOW, pace=PACE)
    assert verdict.repeat is repeats


def test_a_network_that_asks_to_be_left_alone_is_not_looked_at_before() -> None:
    told = CannotTell(PROBLEM, after=120.0)
    for idempotent in (False, True):
        row = make_row(State.UNCERTAIN, first_call=NOW)
        verdict = decide.after_look(row, told, settle=30.0, idempotent=idempotent, now=NOW, pace=PACE)
        assert not verdict.repeat
        assert verdict.next_at == NOW + timedelta(seconds=120)


def test_candidates_are_shown_from_the_nearest_in_time() -> None:
    near = [600, 5, -20, 90_000, 60]
    found = [Candidate(RemoteRef(str(at)), "x", NOW + timedelta(seconds=at)) for at in near]
    row = make_row(State.UNCERTAIN, first_call=NOW)
    told = CannotTell(PROBLEM, (Candidate(RemoteRef("?"), "x", None), *found))
    verdict = decide.after_look(row, told, settle=30.0, idempotent=False, now=NOW, pace=PACE)
    assert [each["id"] for each in verdict.candidates] == ["5", "-20", "60", "600", "90000", "?"]


def test_the_settle_time_grows_with_a_call_that_went_on_and_on_a_server_that_is_not_known() -> None:
    """A server that breaks a call off after half a minute has been seen to store it half a minute later."""
    mastodon = CONNECTORS["mastodon"].info
    known, unknown = {"idempotent": True}, {"idempotent": False}
    assert settle_time(mastodon, known, None) == settle_time(mastodon, known, 0.5) == mastodon.settle_seconds
    assert settle_time(mastodon, unknown, 0.5) > 66
    assert settle_time(mastodon, known, 30.0) > 66
    assert settle_time(mastodon, known, 30.0) < settle_time(mastodon, known, 45.0)
    assert settle_time(mastodon, known, 10_000.0) <= 300
