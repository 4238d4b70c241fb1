"""Every answer carries the security headers."""

import pytest
from django.conf import settings
from django.test import Client

from kaja.config.headers import content_security_policy

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/account/login/", "/there/is/no/such/page"])
def test_policy_allows_nothing_inline(client: Client, path: str) -> None:
    headers = client.get(path).headers
    rules = dict(rule.strip().split(" ", 1) for rule in headers["Content-Security-Policy"].split(";"))
    assert rules["script-src"] == "'self'"
    assert rules["style-src"] == "'self'"
    assert rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]


def test_pictures_of_the_practice_network_are_allowed_although_it_is_plain_http() -> None:
    policy = content_security_policy("http://127.0.0.1:8001/some/path")
    assert "img-src 'self' data: blob: https: http://127.0.0.1:8001;" in policy
    assert "/some/path" not in policy


def test_session_cookie_is_kept_from_scripts() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.CSRF_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_health_needs_no_known_host(client: Client) -> None:
    assert client.get("/healthz", headers={"host": "10.1.2.3"}).content == b"ok\n"
    assert client.get("/readyz", headers={"host": "10.1.2.3"}).content == b"ok\n"
    assert client.get("/account/login/", headers={"host": "10.1.2.3"}).status_code == 400
