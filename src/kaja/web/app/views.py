"""What the browser asks about the application as a whole, whoever sits before it."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_safe

from kaja.web.app.manifest import describe_app
from kaja.web.app.shell import render_worker
from kaja.web.frame.views import find_last_workspace
from kaja.web.kit.page import address
from kaja.web.workspace import sign_in_first

PLACES = {
    "new": "composer:new",
    "inbox": "inbox:list",
    "calendar": "calendar:index",
    "needs": "needs_you:list",
}
"""Where shortcuts lead, which know no workspace."""


def _asked_each_time(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, no_cache=True)
    return response


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Name, icons, colours and shortcuts. Browsers ask without a cookie, so the language is the browser's."""
    return _asked_each_time(JsonResponse(describe_app(), content_type="application/manifest+json"))


@require_safe
def worker(request: HttpRequest) -> HttpResponse:
    """The browser's worker. It stands at the root, because it answers for no address above its own folder."""
    return _asked_each_time(HttpResponse(render_worker(), content_type="text/javascript; charset=utf-8"))


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """The page that the worker keeps for when there is no network. It holds nothing of anybody."""
    return _asked_each_time(render(request, "app/offline.html"))


@require_safe
def go(request: HttpRequest, place: str) -> HttpResponse:
    """A shortcut: the place in the workspace in which the person was last."""
    if place not in PLACES:
        raise Http404
    if not request.user.is_authenticated:
        return sign_in_first(request)
    workspace = find_last_workspace(request)
    if workspace is None:
        return redirect("home")
    query = request.META.get("QUERY_STRING", "")
    return redirect(address(PLACES[place], workspace.slug) + (f"?{query}" if query else ""))
