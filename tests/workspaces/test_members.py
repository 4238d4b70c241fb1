"""Inviting, joining, roles, leaving."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from kaja.kernel.clock import now
from kaja.kernel.problems import NotAllowed, NotFound, Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.actions import accept_invitation, change_role, invite, remove_member, revoke_invitation
from kaja.workspaces.models import AuditEntry, Invitation, Member, Role, User, Workspace
from kaja.workspaces.queries import get_membership, get_open_invitation, hash_token
from tests.conftest import make_workspace
from tests.people import PASSWORD, actor, add_member, member_of


def make_invitation(workspace: Workspace, email: str = "jaan@kohvik.test", role: str = Role.DESIGNER) -> str:
    with workspace_scope(workspace.id):
        return invite(actor(workspace), email=email, role=role)[1]


def test_link_makes_a_member_once(workspace: Workspace) -> None:
    token = make_invitation(workspace)
    jaan = User.objects.create_user("jaan@kohvik.test", PASSWORD)
    assert accept_invitation(jaan, token).role == Role.DESIGNER
    assert get_membership(jaan, workspace.slug) is not None
    thief = User.objects.create_user("thief@elsewhere.test", PASSWORD)
    with pytest.raises(NotFound) as refused:
        accept_invitation(thief, token)
    assert refused.value.problems[0].code == "invitation_closed"
    assert get_membership(thief, workspace.slug) is None


def test_token_is_not_stored(workspace: Workspace) -> None:
    token = make_invitation(workspace)
    with workspace_scope(workspace.id):
        row = Invitation.objects.get()
        assert bytes(row.token_hash) == hash_token(token)
        logged = str(list(AuditEntry.objects.values()))
    with connection.cursor() as cursor, workspace_scope(workspace.id):
        cursor.execute("SELECT row_to_json(i)::text FROM workspaces_invitation i")
        stored = cursor.fetchone()[0]
    assert token not in stored
    assert token not in logged


def test_expired_invitation_opens_nothing(workspace: Workspace) -> None:
    token = make_invitation(workspace)
    with workspace_scope(workspace.id):
        Invitation.objects.update(expires_at=now() - timedelta(seconds=1))
    assert get_open_invitation(token) is None
    jaan = User.objects.create_user("jaan@kohvik.test", PASSWORD)
    with pytest.raises(NotFound):
        accept_invitation(jaan, token)


def test_second_invitation_replaces_the_first(workspace: Workspace) -> None:
    first = make_invitation(workspace)
    second = make_invitation(workspace, role=Role.GUEST)
    assert get_open_invitation(first) is None
    found = get_open_invitation(second)
    assert found is not None
    assert found.role == Role.GUEST


def test_revoked_invitation_opens_nothing(workspace: Workspace) -> None:
    token = make_invitation(workspace)
    with workspace_scope(workspace.id):
        revoke_invitation(actor(workspace), Invitation.objects.get().id)
    assert get_open_invitation(token) is None


@pytest.mark.parametrize("email", ["", "mari", "a b@c.test"])
def test_bad_address_is_refused(workspace: Workspace, email: str) -> None:
    with workspace_scope(workspace.id), pytest.raises(Refused) as refused:
        invite(actor(workspace), email=email, role=Role.GUEST)
    assert refused.value.problems[0].field == "email"


def test_member_is_not_invited_again(workspace: Workspace) -> None:
    with workspace_scope(workspace.id), pytest.raises(Refused) as refused:
        invite(actor(workspace), email="OWNER@acme.test", role=Role.GUEST)
    assert refused.value.problems[0].code == "member_already"


def test_inviting_needs_manage(workspace: Workspace) -> None:
    add_member(workspace, "content@acme.test")
    with workspace_scope(workspace.id):
        with pytest.raises(NotAllowed):
            invite(actor(workspace, "content@acme.test"), email="x@y.test", role=Role.CURATOR)
        assert not Invitation.objects.exists()


def test_last_curator_can_neither_step_down_nor_leave(workspace: Workspace) -> None:
    owner = member_of(workspace)
    with workspace_scope(workspace.id):
        for attempt in (
            lambda: change_role(actor(workspace), owner.id, Role.GUEST),
            lambda: remove_member(actor(workspace), owner.id),
        ):
            with pytest.raises(Refused) as refused:
                attempt()
            assert refused.value.problems[0].code == "last_curator"
        assert Member.objects.get(id=owner.id).role == Role.CURATOR


def test_member_leaves_alone_but_removes_nobody(workspace: Workspace) -> None:
    add_member(workspace, "a@acme.test")
    add_member(workspace, "b@acme.test")
    a, b = member_of(workspace, "a@acme.test"), member_of(workspace, "b@acme.test")
    with workspace_scope(workspace.id):
        with pytest.raises(NotAllowed):
            remove_member(actor(workspace, "a@acme.test"), b.id)
        remove_member(actor(workspace, "a@acme.test"), a.id)
        assert set(Member.objects.values_list("user__email", flat=True)) == {"owner@acme.test", "b@acme.test"}


def test_member_of_another_workspace_is_not_found(workspace: Workspace, other_workspace: Workspace) -> None:
    foreign = member_of(other_workspace)
    with workspace_scope(workspace.id):
        for attempt in (
            lambda: change_role(actor(workspace), foreign.id, Role.GUEST),
            lambda: remove_member(actor(workspace), foreign.id),
        ):
            with pytest.raises(NotFound):
                attempt()
    assert member_of(other_workspace).role == Role.CURATOR


@pytest.mark.django_db(transaction=True)
def test_one_link_used_many_times_at_once_opens_once() -> None:
    workspace = make_workspace("acme", "owner@acme.test")[0]
    token = make_invitation(workspace)
    with workspace_scope(workspace.id):
        email = Invitation.objects.get().email
    people = [User.objects.create_user(email, PASSWORD)] * 4
    outcomes: list[Any] = []
    gate = threading.Barrier(len(people))

    def take(person: User) -> None:
        gate.wait()
        try:
            accept_invitation(person, token)
            outcomes.append("in")
        except NotFound:
            outcomes.append("out")
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert sorted(outcomes) == ["in", "out", "out", "out"]
    with workspace_scope(workspace.id):
        assert Member.objects.count() == 2
