"""Crisis mode: started once, told to everybody, what rules do outward stops, and the log that nobody changes."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from kaja.channels.models import Channel
from kaja.crisis.actions import (
    CrisisForm,
    Ending,
    choose_approvers,
    end_crisis,
    record_decision,
    start_crisis,
)
from kaja.crisis.models import Crisis, LogLine
from kaja.crisis.queries import find_current, list_lines
from kaja.delivery.models import Delivery, State
from kaja.delivery.sources import NotSo
from kaja.inbox.acts import do_act
from kaja.inbox.models import Alarm, MessageAct
from kaja.inbox.rules.actions import apply_rules, list_hits
from kaja.inbox.source import ActSource
from kaja.kernel import clock
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Refused
from kaja.workspaces.models import AuditEntry, Notice, Role, Workspace
from kaja.workspaces.queries import is_in_crisis
from tests.crisis.begun import begin
from tests.inbox.rules.test_hiding import acts_of, hide
from tests.inbox.rules.test_rules import hear, stand
from tests.people import actor, add_member, member_of


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return Channel.objects.create(network="practice", account_id="1", name="Bakery")


def said(crisis: Crisis) -> list[tuple[str, str]]:
    return [(line.what, line.name) for line in list_lines(crisis)]


def test_it_starts_once_is_told_to_everybody_and_stands_in_the_workspace(in_workspace: Workspace) -> None:
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    assert not is_in_crisis(in_workspace.id)
    moment = clock.now()
    alarm = Alarm.objects.create(kind="volume", began_at=moment, last_at=moment, count=40)
    chosen = new_id()
    form = CrisisForm("  Glass in\nthe bread ", "Two wrote of it.", alarm.id)
    crisis = start_crisis(actor(in_workspace), form, new_id=chosen)
    assert start_crisis(actor(in_workspace), form, new_id=chosen) == crisis  # the press that was repeated
    assert (crisis.name, crisis.alarm_id, crisis.id) == ("Glass in the bread", alarm.id, chosen)
    assert is_in_crisis(in_workspace.id)
    with pytest.raises(Conflict):
        begin(in_workspace)
    assert find_current() == crisis
    assert said(crisis) == [("start", "owner@acme.test")]
    told = Notice.objects.filter(kind="crisis.started").values_list("member__user__email", flat=True)
    assert sorted(told) == ["ana@acme.test", "owner@acme.test"]
    assert AuditEntry.objects.filter(action="crisis.start", target_id=str(crisis.id)).count() == 1


def test_who_may_not_manage_starts_none_and_a_crisis_has_a_name(in_workspace: Workspace) -> None:
    add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER)
    with pytest.raises(NotAllowed):
        start_crisis(actor(in_workspace, "maria@acme.test"), CrisisForm("x"))
    with pytest.raises(Refused) as caught:
        start_crisis(actor(in_workspace), CrisisForm(" \n"))
    assert caught.value.problems[0].field == "name"
    with pytest.raises(NotFound):
        start_crisis(actor(in_workspace), CrisisForm("x", alarm_id=new_id()))
    assert not Crisis.objects.exists()
    assert not is_in_crisis(in_workspace.id)


def test_what_rules_had_planned_is_stopped_and_what_people_pressed_for_goes_on(
    in_workspace: Workspace, channel: Channel
) -> None:
    hide(in_workspace)
    by_rule, by_hand = hear(channel, "refund!", "a"), hear(channel, "hello", "b")
    apply_rules([by_rule.id])
    do_act(actor(in_workspace), by_hand.id, "hide")
    crisis = begin(in_workspace)
    states = {
        act.message_id: Delivery.objects.get(id=act.delivery_id or new_id()).state for act in MessageAct.objects.all()
    }
    assert states == {by_rule.id: State.CANCELLED, by_hand.id: State.SCHEDULED}
    assert [(line.what, line.params) for line in list_lines(crisis)][1] == ("stopped", {"count": 1})


def test_while_it_lasts_a_rule_does_all_but_what_others_see(in_workspace: Workspace, channel: Channel) -> None:
    hide(in_workspace)
    crisis = begin(in_workspace)
    message = hear(channel, "refund!")
    assert apply_rules([message.id]) == 1
    assert (acts_of(message), stand(message)[3]) == ([], ["money"])
    [hit] = list_hits()
    assert hit.problem is not None
    assert hit.problem["code"] == "in_crisis"
    end_crisis(actor(in_workspace), crisis.id, Ending())
    later = hear(channel, "another refund!")
    apply_rules([later.id])
    assert acts_of(later) == [("hide", "Refunds")]


def test_a_rules_act_that_a_worker_holds_already_is_not_prepared(in_workspace: Workspace, channel: Channel) -> None:
    """Whatever planned it: the last question before the call is asked of the row and its workspace together."""
    hide(in_workspace)
    message = hear(channel, "refund!")
    apply_rules([message.id])
    act = MessageAct.objects.get()
    begin(in_workspace)

    row = SimpleNamespace(id=new_id(), source_id=act.id, workspace_id=act.workspace_id)
    work: Any = SimpleNamespace(row=row, at=clock.now())
    assert ActSource().prepare([work])[row.id] == NotSo.WITHDRAWN
    Workspace.objects.filter(id=in_workspace.id).update(crisis_at=None)
    assert ActSource().prepare([work])[row.id] != NotSo.WITHDRAWN


def test_decisions_have_a_moment_and_a_name_and_cannot_be_changed(in_workspace: Workspace) -> None:
    crisis = begin(in_workspace)
    add_member(in_workspace, "maria@acme.test", Role.COMMUNITY_MANAGER, "Maria")
    add_member(in_workspace, "ana@acme.test", Role.ANALYST)
    before = clock.now()
    line = record_decision(actor(in_workspace, "maria@acme.test"), crisis.id, " We close the shop.\n")
    assert (line.text, line.name) == ("We close the shop.", "Maria")
    assert before - timedelta(seconds=1) <= line.at <= clock.now() + timedelta(seconds=1)
    with pytest.raises(NotAllowed):
        record_decision(actor(in_workspace, "ana@acme.test"), crisis.id, "x")
    with pytest.raises(Refused):
        record_decision(actor(in_workspace), crisis.id, " ")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LogLine.objects.filter(id=line.id).update(text="We never said so.")
    assert LogLine.objects.get(id=line.id).text == "We close the shop."
    end_crisis(actor(in_workspace), crisis.id, Ending(lesson="Look at the flour."))
    with pytest.raises(Conflict):
        record_decision(actor(in_workspace), crisis.id, "too late")
    assert said(crisis) == [("start", "owner@acme.test"), ("decision", "Maria"), ("end", "owner@acme.test")]
    assert Crisis.objects.get().lesson == "Look at the flour."


def test_approvers_are_members_and_at_least_one(in_workspace: Workspace, other_workspace: Workspace) -> None:
    crisis = begin(in_workspace)
    maria = add_member(in_workspace, "maria@acme.test", Role.APPROVER, "Maria")
    stranger = member_of(other_workspace).user_id
    with pytest.raises(Refused):
        choose_approvers(actor(in_workspace), crisis.id, [stranger])
    with pytest.raises(NotAllowed):
        choose_approvers(actor(in_workspace, "maria@acme.test"), crisis.id, [maria.id])
    choose_approvers(actor(in_workspace), crisis.id, [maria.id, stranger])
    assert Crisis.objects.get().approvers == [str(maria.id)]
    assert list_lines(crisis)[-1].params == {"names": ["Maria"]}
