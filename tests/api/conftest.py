"""A workspace, a token, and a client that sends it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from kaja.api.tokens import SCOPES, create_token
from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Member, User, Workspace
from kaja.workspaces.queries import actor_of, get_membership
from tests.needed import Answer
from tests.practice.running import PracticeServer


@dataclass
class ApiClient:
    """Speaks JSON with a bearer token."""

    token: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        return Client(enforce_csrf_checks=True).generic(
            method,
            f"/api/v1{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}", **headers},
        )


def member_of(workspace: Workspace) -> tuple[Member, User]:
    user = User.objects.get(email=f"owner@{workspace.slug}.test")
    member = get_membership(user, workspace.slug)
    assert member is not None
    return member, user


def token_for(workspace: Workspace, scopes: tuple[str, ...] = SCOPES) -> str:
    member, user = member_of(workspace)
    with workspace_scope(workspace.id):
        return create_token(actor_of(member, user), "a script", scopes)[1]


@pytest.fixture
def client(workspace: Workspace) -> ApiClient:
    return ApiClient(token_for(workspace))


@pytest.fixture
def reader(workspace: Workspace) -> ApiClient:
    return ApiClient(token_for(workspace, ("view",)))


@pytest.fixture
def stranger(other_workspace: Workspace) -> ApiClient:
    return ApiClient(token_for(other_workspace))


@pytest.fixture
def practice(tmp_path: Path, settings: Any) -> Iterator[PracticeServer]:
    """A practice network of the test's own."""
    server = PracticeServer(tmp_path / "practice")
    server.adopt(settings)
    yield server
    assert server.stop() == 0
