"""Statements: written by many, approved by who was named, and offered only as they were approved."""

import pytest

from kaja.crisis.actions import (
    Ending,
    approve_statement,
    choose_approvers,
    delete_statement,
    end_crisis,
    withdraw_approval,
    write_statement,
)
from kaja.crisis.models import Crisis, Statement
from kaja.crisis.queries import list_approved, list_lines
from kaja.kernel.ids import new_id
from kaja.kernel.problems import Conflict, NotAllowed, NotFound, Refused
from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Notice, Role, Workspace
from tests.crisis.begun import begin
from tests.people import actor, add_member

WORDS = {"en": "We are looking into it.", "et": "Uurime seda.", "ru": " "}


@pytest.fixture
def crisis(in_workspace: Workspace) -> Crisis:
    """Approved by Ana alone, who may otherwise only look."""
    ana = add_member(in_workspace, "ana@acme.test", Role.APPROVER, "Ana")
    made = begin(in_workspace)
    return choose_approvers(actor(in_workspace), made.id, [ana.id])


@pytest.fixture
def ana(in_workspace: Workspace, crisis: Crisis) -> Actor:
    return actor(in_workspace, "ana@acme.test")


def write(workspace: Workspace, crisis: Crisis, title: str = "First words") -> Statement:
    return write_statement(actor(workspace), crisis.id, title, WORDS, new_id=new_id())


def test_a_draft_is_offered_to_nobody_until_who_was_named_approves_it(
    in_workspace: Workspace, crisis: Crisis, ana: Actor
) -> None:
    row = write(in_workspace, crisis)
    assert row.texts == {"en": "We are looking into it.", "et": "Uurime seda."}
    assert list_approved() == []
    [notice] = Notice.objects.filter(kind="crisis.statement")
    assert notice.member.user_id == ana.user_id
    with pytest.raises(NotAllowed) as caught:
        approve_statement(actor(in_workspace), crisis.id, row.id, row.version)
    assert caught.value.problems[0].code == "statement_not_yours"
    approve_statement(ana, crisis.id, row.id, row.version)
    [offered] = list_approved()
    assert (offered.approved_name, offered.approved_by_id) == ("Ana", ana.user_id)
    line = list_lines(crisis)[-1]
    assert (line.what, line.name, line.text) == ("approved", "Ana", "We are looking into it.\n\nUurime seda.")


def test_other_words_are_a_draft_again(in_workspace: Workspace, crisis: Crisis, ana: Actor) -> None:
    row = write(in_workspace, crisis)
    approve_statement(ana, crisis.id, row.id, row.version)
    same = write_statement(actor(in_workspace), crisis.id, row.title, WORDS, statement_id=row.id)
    assert same.approved_at is not None
    write_statement(actor(in_workspace), crisis.id, row.title, {"en": "It was nothing."}, statement_id=row.id)
    assert list_approved() == []


def test_what_changed_while_it_was_read_is_not_approved(in_workspace: Workspace, crisis: Crisis, ana: Actor) -> None:
    row = write(in_workspace, crisis)
    write_statement(actor(in_workspace), crisis.id, row.title, {"en": "Something else."}, statement_id=row.id)
    with pytest.raises(Conflict):
        approve_statement(ana, crisis.id, row.id, row.version)
    assert list_approved() == []
    approve_statement(ana, crisis.id, row.id, row.version + 1)
    assert len(list_approved()) == 1


def test_an_approval_is_taken_back_by_who_gives_them(in_workspace: Workspace, crisis: Crisis, ana: Actor) -> None:
    row = write(in_workspace, crisis)
    approve_statement(ana, crisis.id, row.id, row.version)
    for refused in (withdraw_approval, delete_statement):
        with pytest.raises(NotAllowed):
            refused(actor(in_workspace), crisis.id, row.id)
    withdraw_approval(ana, crisis.id, row.id)
    assert list_approved() == []
    delete_statement(actor(in_workspace), crisis.id, row.id)
    with pytest.raises(NotFound):
        approve_statement(ana, crisis.id, row.id, row.version)


def test_after_the_end_none_is_offered_and_none_is_written(in_workspace: Workspace, crisis: Crisis, ana: Actor) -> None:
    row = write(in_workspace, crisis)
    approve_statement(ana, crisis.id, row.id, row.version)
    end_crisis(actor(in_workspace), crisis.id, Ending())
    assert list_approved() == []
    assert Statement.objects.get().approved_at is not None  # for the review
    with pytest.raises(Conflict):
        write(in_workspace, crisis, "Too late")


def test_a_statement_has_a_title_and_words(in_workspace: Workspace, crisis: Crisis) -> None:
    add_member(in_workspace, "guest@acme.test", Role.GUEST)
    for title, texts in (("", WORDS), ("x", {"en": " "})):
        with pytest.raises(Refused):
            write_statement(actor(in_workspace), crisis.id, title, texts)
    with pytest.raises(NotAllowed):
        write_statement(actor(in_workspace, "guest@acme.test"), crisis.id, "x", WORDS)
