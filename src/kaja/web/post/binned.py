"""The bin: what was put there, by whom and when, and the way back."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from kaja.content.queries import list_bin
from kaja.web.workspace import WorkspaceRequest, render_page, workspace_view
from kaja.workspaces.queries import list_deleters


@require_safe
@workspace_view()
def index(request: WorkspaceRequest) -> HttpResponse:
    """Newest first, in pages."""
    page = list_bin(request.GET.get("after", ""))
    people = list_deleters([post.id for post in page.rows])
    rows = [{"post": post, "who": people.get(str(post.id), "")} for post in page.rows]
    context = {"rows": rows, "older": page.next_cursor, "paged": bool(request.GET.get("after"))}
    return render_page(request, "post/bin.html", context)
