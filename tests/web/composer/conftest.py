"""A signed-in person and channels to write for."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from kaja.channels.models import Channel
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Member, Role, User, Workspace

Send = Callable[..., Any]


def sign_in(workspace: Workspace, role: str = Role.CURATOR, name: str = "Mari") -> Client:
    """A browser of a member."""
    user = User.objects.create_user(f"{name.lower()}@{workspace.slug}.test", name=name)
    with workspace_scope(workspace.id):
        Member.objects.create(user=user, role=role)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def browser(workspace: Workspace) -> Client:
    return sign_in(workspace)


def make_channel(workspace: Workspace, name: str, network: str = "practice", **fields: Any) -> Channel:
    with workspace_scope(workspace.id):
        return Channel.objects.create(network=network, account_id=name, name=name, handle=name.lower(), **fields)


@pytest.fixture
def channel(workspace: Workspace) -> Channel:
    return make_channel(workspace, "Acme", facts={"limits": {"characters": 500}})


@pytest.fixture
def send(browser: Client) -> Send:
    """POST JSON to the composer: `send("save", text="hello", channels=[...])`."""

    def call(what: str, *, text: str | None = None, client: Client | None = None, **fields: Any) -> Any:
        if text is not None:
            fields["document"] = {"parts": [{"text": text, "media": []}]}
        return (client or browser).post(f"/w/acme/posts/{what}", json.dumps(fields), content_type="application/json")

    return call


@pytest.fixture
def channels(workspace: Workspace) -> dict[str, Channel]:
    return {
        "practice": make_channel(workspace, "Blue Door Bakery"),
        "bluesky": make_channel(workspace, "Blue Door", "bluesky"),
        "mastodon": make_channel(workspace, "Blue Door Social", "mastodon", base_url="https://mastodon.test"),
        "wordpress": make_channel(workspace, "The Door Blog", "wordpress", base_url="https://blog.test"),
    }
