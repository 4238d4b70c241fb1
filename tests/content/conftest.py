"""Channels to write posts for."""

import pytest

from kaja.channels.models import Channel
from kaja.workspaces.models import Workspace
from tests.media.conftest import MakeActor, actor, make_actor

__all__ = ["MakeActor", "actor", "channel", "make_actor", "make_channel"]


def make_channel(name: str = "Acme", network: str = "practice", **fields: object) -> Channel:
    """A connected channel of the entered workspace."""
    return Channel.objects.create(network=network, account_id=name, name=name, handle=name.lower(), **fields)


@pytest.fixture
def channel(in_workspace: Workspace) -> Channel:
    return make_channel()
