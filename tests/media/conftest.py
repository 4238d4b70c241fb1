"""People who bring files."""

from collections.abc import Callable

import pytest

from kaja.workspaces.actor import Actor
from kaja.workspaces.models import Member, Role, User, Workspace
from kaja.workspaces.queries import actor_of

MakeActor = Callable[..., Actor]


@pytest.fixture
def make_actor(in_workspace: Workspace) -> MakeActor:
    def make(role: str = Role.CURATOR, name: str = "Mari") -> Actor:
        user = User.objects.create_user(f"{name.lower()}-{role}@acme.test", name=name)
        return actor_of(Member.objects.create(user=user, role=role), user)

    return make


@pytest.fixture
def actor(make_actor: MakeActor) -> Actor:
    return make_actor()
