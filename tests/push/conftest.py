"""A push service that may be reached, and a person's device at it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from kaja.kernel.sessions import name_of
from kaja.push.actions import add_device
from kaja.push.models import Device
from kaja.push.server_key import ensure_server_key
from kaja.workspaces.models import Workspace
from tests.people import browser, member_of
from tests.push.receiving import BrowserKeys, PushService


@pytest.fixture
def service(settings: Any) -> Iterator[PushService]:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    running = PushService()
    yield running
    running.stop()


@pytest.fixture
def keys() -> BrowserKeys:
    return BrowserKeys()


@pytest.fixture
def client(workspace: Workspace) -> Client:
    return browser(workspace)


@pytest.fixture
def device(workspace: Workspace, service: PushService, keys: BrowserKeys, client: Client) -> Device:
    """The curator's."""
    ensure_server_key()
    session = name_of(client.cookies["kaja_session"].value)
    return add_device(member_of(workspace).user, session, "Firefox/150 Android", service.subscription(keys))
