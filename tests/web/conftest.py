"""A practice network beside the pages; windows of a real browser for the tests that want some."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.servers.basehttp import ThreadedWSGIServer
from django.test import Client
from django.test.testcases import LiveServerThread
from playwright.sync_api import Browser, BrowserContext, Page

from kaja.workspaces.models import Workspace
from tests.chromium import PATIENCE
from tests.people import browser as curator_of
from tests.practice.running import PracticeServer
from tests.waiting import wait_until

OpenWindow = Callable[..., Page]


class CountingServer(ThreadedWSGIServer):
    """The live server, which knows how many connections browsers have to it; each has a thread of its own."""

    open_lines = 0
    _change = threading.Lock()

    @classmethod
    def count(cls, more: int) -> None:
        with cls._change:
            cls.open_lines += more

    def process_request(self, request: Any, client_address: Any) -> None:
        self.count(1)
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.count(-1)


LiveServerThread.server_class = CountingServer


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PracticeServer]:
    server = PracticeServer(Path(tmp_path_factory.mktemp("practice")))
    yield server
    assert server.stop() == 0


@pytest.fixture
def practice(running: PracticeServer, settings: Any) -> Iterator[PracticeServer]:
    running.adopt(settings)
    yield running
    running.reset()


@pytest.fixture
def open_window(chromium: Browser, live_server: Any) -> Iterator[OpenWindow]:
    """`open_window(client)`: a page of a new browser with that client's session. All are closed after the test, and
    none may have complained.
    """
    opened: list[BrowserContext] = []
    said: list[str] = []

    def open_one(client: Client, **options: Any) -> Page:
        context = chromium.new_context(
            base_url=live_server.url,
            **{"viewport": {"width": 1440, "height": 1000}, "service_workers": "block", **options},
        )
        opened.append(context)
        context.set_default_timeout(PATIENCE)
        cookie = client.cookies["kaja_session"].value
        context.add_cookies([{"name": "kaja_session", "value": cookie, "url": live_server.url}])
        # The test server has a thread for every open page's events, and each would keep its connection to the database.
        context.route("**/live?*", lambda route: route.abort())
        context.on("console", lambda line: said.append(line.text) if line.type in ("error", "warning") else None)
        context.on("weberror", lambda error: said.append(str(error.error)))
        return context.new_page()

    yield open_one
    for context in opened:
        context.close()
    # A request may still be under way: the tables are emptied after this, and it would leave something in them.
    wait_until(lambda: CountingServer.open_lines == 0)
    expected = re.compile(r"Failed to load resource|net::ERR|Service Worker registration blocked by Playwright")
    assert [line for line in said if not expected.search(line)] == []


@pytest.fixture
def page(open_window: OpenWindow, workspace: Workspace) -> Page:
    """The window of the workspace's curator."""
    return open_window(curator_of(workspace))
