"""Consent at a server that the operator allowed without encryption: a browser gets there, and is told."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.networks.mastodon.server import INSTANCE
from tests.walls.echo import EchoServer


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_browser_reaches_the_servers_consent(page: Page, settings: Any) -> None:
    settings.PRIVATE_HOSTS_ALLOWED = ["127.0.0.1"]
    with EchoServer() as server:
        server.answers = {
            "/api/v2/instance": INSTANCE,
            "/api/v1/apps": {"client_id": "kaja", "client_secret": "planted"},
            "/.well-known/oauth-authorization-server": {"code_challenge_methods_supported": ["S256"]},
            "/oauth/authorize": {"asks": "for consent"},
        }
        page.goto("/w/acme/channels/connect/mastodon/")
        page.locator("[name=instance]").fill(server.url)
        page.get_by_role("button", name="Go on to your server").click()
        expect(page.get_by_text("is used without encryption")).to_be_visible()
        page.get_by_role("link", name="Go on to your server").click()
        page.wait_for_url(re.compile(re.escape(server.url) + "/oauth/authorize"))
        assert "for consent" in page.content()
