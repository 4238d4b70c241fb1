"""Who looks at a conversation and who writes an answer: told to the others for some seconds, and kept nowhere."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from kaja.kernel.signals import notify_fleeting
from kaja.web.workspace import WorkspaceRequest, workspace_view

WHATS = ("looking", "writing", "gone")
NAME = 80


@require_POST
@workspace_view()
def presence(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """Say what somebody does with a conversation; the page says it again every few seconds, and forgets after 30."""
    what = request.POST.get("what", "")
    if what in WHATS:
        said = {"who": str(request.user.pk), "name": str(request.user)[:NAME], "what": what}
        notify_fleeting(request.workspace.id, "presence", conversation_id, said)
    return HttpResponse(status=204)
