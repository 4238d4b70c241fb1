"""Values that the database cannot hold get a page of 400, also where no workspace's page says more."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kaja.kernel.constraints import parse_not_storable
from kaja.web.frame.views import show_bad_request

GetResponse = Callable[[HttpRequest], HttpResponse]


class UnstorableMiddleware:
    """Behind the account pages, which are not ours, and every address outside a workspace."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return show_bad_request(request, exception) if parse_not_storable(exception) else None
