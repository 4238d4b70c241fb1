"""Earlier versions of a post: looked at, compared, brought back."""

from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from kaja.content import actions, queries
from kaja.content.differences import list_differences
from kaja.kernel.tenancy import workspace_scope
from kaja.web.flash import flash
from kaja.web.workspace import WorkspaceRequest, render_fragment, workspace_view
from kaja.workspaces.policy import Permission


@require_GET
@workspace_view()
def history(request: WorkspaceRequest, post_id: UUID) -> HttpResponse:
    """The list of versions for the composer's dialog; what one changed is asked for when it is opened."""
    post = queries.get_post(post_id)
    return render_fragment(request, "composer/history.html", {"post": post, "versions": queries.list_revisions(post)})


@require_GET
@workspace_view(scoped=False)
def version(request: WorkspaceRequest, post_id: UUID, number: int) -> HttpResponse:
    """What one version changed against the one before. Compared outside any transaction: it may take a moment."""
    with workspace_scope(request.workspace.id):
        post = queries.get_post(post_id, deleted=True)
        older, content = queries.get_version(post.id, number)
        names = queries.list_channel_names()
    found = list_differences(older, content, names) if older else []
    with workspace_scope(request.workspace.id):
        return render_fragment(request, "composer/version.html", {"differences": found, "first": older is None})


@require_POST
@workspace_view(Permission.WRITE)
def restore(request: WorkspaceRequest, post_id: UUID, number: int) -> HttpResponse:
    """Bring a version back as the newest one and open the composer with it."""
    actions.restore_revision(request.actor, post_id, number)
    flash(request, _("Version %(number)s is back. The one before is kept in the history.") % {"number": number}, "done")
    return HttpResponseRedirect(reverse("composer:edit", args=[request.workspace.slug, post_id]))
