"""Faces of those who write on our own practice network, which stands where nobody else may lead us."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from kaja.kernel.tenancy import workspace_scope
from kaja.workspaces.models import Workspace
from tests.media.outside import Outside
from tests.media.pictures import gradient, save
from tests.people import browser
from tests.web.inbox.conversations import make_handle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def outside() -> Iterator[Outside]:
    server = Outside()
    yield server
    server.stop()


def test_the_practice_network_shows_its_own_pictures_and_leads_nobody_else_there(
    workspace: Workspace, client: Client, outside: Outside, settings: Any
) -> None:
    settings.PRIVATE_HOSTS_ALLOWED, settings.PRACTICE_URL = [], outside.url
    addresses = [outside.put(f"/people/{name}.png", save(gradient(), "PNG")) for name in ("a", "b", "c")]

    def ask(network: str, address: str) -> int:
        with workspace_scope(workspace.id):
            somebody = make_handle(address, network=network, avatar=address)
        status: int = client.get(f"/w/acme/inbox/people/{somebody.id}/picture").status_code
        return status

    assert ask("practice", addresses[0]) == 200
    assert ask("mastodon", addresses[1]) == 404
    settings.PRACTICE_URL = "http://127.0.0.1:1"  # another port is another place
    assert ask("practice", addresses[2]) == 404
    assert outside.asked == ["/people/a.png"]
