"""Addresses of our own pages, whole: always those of `KAJA_BASE_URL`, never what a request said its host was."""

from collections.abc import Callable
from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware


def absolute(request: HttpRequest, location: str | None = None) -> str:
    """What `request.build_absolute_uri` gives: a mail or a network that gets it must not follow a forged `Host`."""
    here = settings.BASE_URL + request.path
    return urljoin(here, request.get_full_path() if location is None else str(location))


@sync_and_async_middleware
def own_addresses(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: every request builds addresses from the setting, in our code and in libraries."""
    from asgiref.sync import iscoroutinefunction

    def settle(request: HttpRequest) -> None:
        request.build_absolute_uri = lambda location=None: absolute(request, location)  # type: ignore[method-assign]

    if iscoroutinefunction(get_response):

        async def later(request: HttpRequest) -> HttpResponseBase:
            settle(request)
            response: HttpResponseBase = await get_response(request)
            return response

        return later  # type: ignore[return-value]

    def at_once(request: HttpRequest) -> HttpResponseBase:
        settle(request)
        return get_response(request)

    return at_once
