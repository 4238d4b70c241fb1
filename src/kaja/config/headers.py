"""Security headers that Django does not set by itself."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]

PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), usb=(), browsing-topics=()"
)


def content_security_policy(practice_url: str) -> str:
    """The policy of every page: nothing inline, nothing from elsewhere but pictures and videos.

    Avatars and remote media come from any https host. A form that starts an OAuth round trip is answered with a
    redirect to the network, and browsers hold `form-action` against that redirect too.
    """
    parts = urlsplit(practice_url)
    practice = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    rules = {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "font-src": "'self'",
        "connect-src": "'self'",
        "img-src": f"'self' data: blob: https: {practice}",
        "media-src": f"'self' blob: https: {practice}",
        "form-action": f"'self' https: {practice}",
        "frame-src": "'none'",
        "frame-ancestors": "'none'",
        "object-src": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value.strip()}" for name, value in rules.items())


class SecurityHeadersMiddleware:
    """Adds the headers to every answer; a view may set its own policy first (an uploaded file gets a stricter one)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.policy = content_security_policy(settings.PRACTICE_URL)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", self.policy)
        # Also where a request was refused before Django's own middleware saw it.
        response.headers.setdefault("X-Frame-Options", "DENY")
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        return response
