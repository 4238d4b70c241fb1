"""A signed-in person reads every page in their own language."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.decorators import sync_only_middleware


@sync_only_middleware
class PersonMiddleware:
    """Activate the person's language; without one, the browser's stays (LocaleMiddleware)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # A request without a session cookie is nobody's, and asks the database nothing.
        user = request.user if request.session.session_key else None
        if user is None or not user.is_authenticated or not user.language:
            return self.get_response(request)
        with translation.override(user.language):
            return self.get_response(request)
