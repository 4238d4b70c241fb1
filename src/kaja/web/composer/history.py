"""Earlier versions of a post: looked at, compared, brought back."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kaja.content import actions, queries
from kaja.content.differences import list_versions
from kaja.web.flash import flash
from kaja.web.workspace import WorkspaceRequest, render_fragment, workspace_view
from kaja.workspaces.policy import Permission


@require_GET
@workspace_view()
def history(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """The list of versions, each with what it changed, for the composer's dialog."""
    post = queries.get_post(post_id)
    versions = list_versions(queries.list_revisions(post), queries.channel_names())
    return render_fragment(request, "composer/history.html", {"post": post, "versions": versions})


@require_POST
@workspace_view(Permission.WRITE)
def restore(request: WorkspaceRequest, post_id: UUID, number: int) -> HttpResponse:
    """Bring a version back as the newest one and open the composer with it."""
    actions.restore_revision(request.actor, post_id, number)
    flash(request, _("Version %(number)s is back. The one before is kept in the history.") % {"number": number}, "done")
    return HttpResponseRedirect(reverse("composer:edit", args=[request.workspace.slug, post_id]))
