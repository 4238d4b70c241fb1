"""What holds for every page of a person: their language, and how often the account pages may be tried."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.decorators import sync_only_middleware

from kaja.kernel.limits import count_seconds, take
from kaja.web.accounts.devices import mark_device
from kaja.web.accounts.factors import has_second_factor
from kaja.web.accounts.limits import of_page, say_wait
from kaja.web.accounts.review import asks_now, is_work
from kaja.web.accounts.sessions import keep_session
from kaja.web.workspace import is_fragment


@sync_only_middleware
class PersonMiddleware:
    """Activate the person's language; without one, the browser's stays (LocaleMiddleware)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        # A request without a session cookie is nobody's, and asks the database nothing.
        user = request.user if request.session.session_key else None
        if user is not None and user.is_authenticated:
            if not keep_session(request):
                user = None
            elif user.review and asks_now(request):
                return redirect("account_review")
            elif settings.SECOND_FACTOR == "required" and is_work(request) and not has_second_factor(request):
                return set_up_first(request)
        if user is None or not user.is_authenticated or not user.language:
            return self.get_response(request)
        with translation.override(user.language):
            return self.get_response(request)


@sync_only_middleware
class LimitMiddleware:
    """Counts what is sent to the account pages, and says 429 with `Retry-After` when it is too much."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if wait := getattr(request, "retry_after", 0):
            response.status_code = 429
            response.headers["Retry-After"] = str(wait)
        mark_device(request, response)
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        name = request.resolver_match.url_name if request.resolver_match else None
        if not name or not (asked := of_page(request, name)):
            return None
        if not (wait := take(*asked)):
            return None
        request.retry_after = count_seconds(wait)  # type: ignore[attr-defined]
        return too_many(request, count_seconds(wait))


def set_up_first(request: HttpRequest) -> HttpResponse:
    """On to the second factor, whatever was asked for: a fragment has the browser load its page anew."""
    if is_fragment(request):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    return redirect("mfa_index")


def too_many(request: HttpRequest, seconds: int) -> HttpResponse:
    """The page that asks to wait."""
    return HttpResponse(
        render_to_string("errors/429.html", {"bare": True, "wait": say_wait(seconds)}, None), status=429
    )
