"""Who looks at a conversation and who writes an answer: told to the others for some seconds, and kept nowhere."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_POST

from kaja.inbox.queries import get_conversation
from kaja.kernel.signals import notify_fleeting
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission

WHATS = ("looking", "writing", "gone")
NAME = 80


@require_POST
@workspace_view(Permission.ANSWER)
def presence(request: WorkspaceRequest, conversation_id: UUID) -> HttpResponse:
    """Say what somebody does with a conversation; the page says it again every few seconds, and forgets after 30."""
    get_conversation(conversation_id)  # of others nothing is told
    what = request.POST.get("what", "")
    if what in WHATS:
        said = {"who": str(request.user.pk), "name": str(request.user)[:NAME], "what": what}
        notify_fleeting(request.workspace.id, "presence", conversation_id, said)
    return HttpResponse(status=204)
