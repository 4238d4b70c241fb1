"""Debian's Chromium for tests, started in one place."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.system import find_program

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


PATIENCE = 60_000
"""Milliseconds until what should show counts as missing; many times what a busy machine takes."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """For one module, because its driver keeps an event loop in this thread."""
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    # Django must not take the driver's loop for asynchronous code of ours.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=find_program("chromium"), args=FLAGS, timeout=3 * PATIENCE)
        yield browser
        browser.close()
    if before is None:
        del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
