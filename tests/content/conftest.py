"""Channels and people to write posts with."""

from collections.abc import Callable

import pytest

from kaja.channels.models import Channel
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


def make_channel(name: str = "Acme", network: str = "practice", **fields: object) -> Channel:
    """A connected channel of the entered workspace."""
    return Channel.objects.create(network=network, account_id=name, name=name, handle=name.lower(), **fields)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return make_channel()
