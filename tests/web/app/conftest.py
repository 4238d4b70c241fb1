"""A browser whose worker is on: everywhere else it is off, so that pages are tested and nothing stands between."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from tests.waiting import wait_until
from tests.web.conftest import OpenWindow

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
WithWorker = Callable[..., Page]


@pytest.fixture
def with_worker(open_window: OpenWindow) -> WithWorker:
    """`with_worker(client)`: a page of a phone on which the worker has begun."""

    def open_one(client: Client, **options: Any) -> Page:
        page = open_window(client, **{**PHONE, "service_workers": "allow", **options})
        page.goto("/w/acme/needs-you/")
        page.evaluate("navigator.serviceWorker.ready.then(() => null)")
        wait_until(lambda: page.evaluate("navigator.serviceWorker.controller !== null"))
        return page

    return open_one
