"""Steps that can be taken back: by registered kinds, once, and not by an older Kaja's leftovers."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.contrib.messages.storage.fallback import FallbackStorage
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.test import RequestFactory
from django.urls import get_resolver

from kaja.web.kit import undo
from kaja.web.workspace import WorkspaceRequest
from kaja.workspaces.models import Workspace
from tests.people import browser

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def pages() -> None:
    get_resolver().url_patterns  # noqa: B018  # the pages bring their ways back along


@pytest.fixture
def request_in(workspace: Workspace) -> Callable[[], WorkspaceRequest]:
    session = SessionStore()

    def make() -> WorkspaceRequest:
        request = RequestFactory().post("/")
        request.session = session
        request.workspace = workspace  # type: ignore[attr-defined]
        request._messages = FallbackStorage(request)  # type: ignore[attr-defined]
        return request  # type: ignore[return-value]

    return make


def test_kind_has_one_way_back() -> None:
    with pytest.raises(ValueError, match="two ways back of the kind plan"):
        undo.undoes("plan")(lambda request, data: ("", []))


def test_step_of_a_kind_that_nobody_takes_back_is_not_kept(request_in: Callable[[], WorkspaceRequest]) -> None:
    with pytest.raises(LookupError):
        undo.keep_step(request_in(), "nothing", [{}])


def test_only_the_last_steps_are_kept_and_each_is_taken_once(request_in: Callable[[], WorkspaceRequest]) -> None:
    kept = [undo.keep_step(request_in(), "plan", [{"n": n}]) for n in range(undo.KEPT + 5)]
    keys = [UUID(address.rsplit("/", 1)[1]) for address in kept]
    assert undo.take_step(request_in(), keys[0]) is None
    assert undo.take_step(request_in(), keys[-1]) == ("plan", [{"n": undo.KEPT + 4}])
    assert undo.take_step(request_in(), keys[-1]) is None


def test_step_that_another_version_kept_is_too_long_ago(workspace: Workspace) -> None:
    client = browser(workspace)
    key = "01900000-0000-7000-8000-000000000000"
    session = client.session
    session[undo.KEY] = {key: {"workspace": str(workspace.id), "kind": "of yesterday", "data": [{}], "at": 1.0}}
    session.save()
    html = client.post(f"/w/acme/undo/{key}", follow=True).content.decode()
    assert "is too long ago" in html
