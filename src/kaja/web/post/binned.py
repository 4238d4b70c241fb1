"""The bin: what was put there, by whom and when, and the way back."""

from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from kaja.content.models import Post
from kaja.content.queries import list_bin
from kaja.kernel.pages import Page
from kaja.web.kit.listing import Asked, Empty, Listing
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.queries import list_deleters

Row = dict[str, Any]


def _binned(asked: Asked) -> Page[Row]:
    def describe(posts: list[Post]) -> list[Row]:
        people = list_deleters([post.id for post in posts])
        return [{"post": post, "who": people.get(str(post.id), "")} for post in posts]

    return list_bin(asked.cursor, asked.limit).map(describe)


BIN: Listing[Row] = Listing(
    "bin",
    _binned,
    Empty(
        "trash-2",
        _("The bin is empty"),
        _("What somebody puts into the bin waits here, with the way back."),
    ),
    newest_first=True,
)


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """What was put there last comes first."""
    return render_page(request, "post/bin.html", {"shown": BIN.read(request)})
