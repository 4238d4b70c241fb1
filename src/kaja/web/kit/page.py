"""Where a page is: its workspace's zone, and the page that a form came from."""

from zoneinfo import ZoneInfo

from django.urls import NoReverseMatch, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from kaja.web.workspace import WorkspaceRequest


def zone_of(request: WorkspaceRequest) -> ZoneInfo:
    """The zone in which the workspace's clocks go."""
    return ZoneInfo(request.workspace.time_zone)


def where_from(request: WorkspaceRequest, otherwise: str = "workspace") -> str:
    """The page of this workspace on which a form was, else the one with the name `otherwise`."""
    origin = request.headers.get("Referer", "")
    here = f"{request.scheme}://{request.get_host()}/w/{request.workspace.slug}/"
    if origin.startswith(here) and url_has_allowed_host_and_scheme(origin, {request.get_host()}):
        return origin
    return reverse(otherwise, args=[request.workspace.slug])


def address(url_name: str, slug: str) -> str:
    """The address of a place, or nothing where this installation has no such place."""
    try:
        return reverse(url_name, args=[slug])
    except NoReverseMatch:
        return ""
