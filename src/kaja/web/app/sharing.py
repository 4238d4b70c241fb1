"""What a phone's share sheet gives becomes a draft; the browser's worker brings it, or nobody does."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from pydantic import BaseModel, ConfigDict, Field

from kaja.content import actions, queries
from kaja.content.document import Document, PartDocument
from kaja.kernel.problems import Problem, gettext_noop
from kaja.media.item import MediaItem
from kaja.web.flash import flash
from kaja.web.kit.json import json_answer, parse_body
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.policy import Permission


class Shared(BaseModel):
    """A thing that was shared, its files already taken in. `id`: the key that the device chose."""

    model_config = ConfigDict(extra="forbid")
    id: UUID
    title: str = Field(default="", max_length=2_000)
    text: str = Field(default="", max_length=100_000)
    url: str = Field(default="", max_length=4_000)
    media: list[UUID] = Field(default_factory=list, max_length=40)


def join_words(*words: str) -> str:
    """Title, text and address in a row of paragraphs; what stands in another one already is said once."""
    said: list[str] = []
    for word in filter(None, (" ".join(word.split()) if "\n" not in word else word.strip() for word in words)):
        if not any(word in other for other in said):
            said = [other for other in said if other not in word] + [word]
    return "\n\n".join(said)


UNREADABLE = Problem(
    code="shared_invalid",
    message=gettext_noop("Kaja could not read what was shared (%(detail)s)."),
    fix=gettext_noop("Share it again, or write the post in Kaja."),
)


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def share(request: WorkspaceRequest) -> JsonResponse:
    """The draft of a shared thing, for any channel. The same key again is the same draft, as it stands by now."""
    given = parse_body(Shared, request, UNREADABLE)
    post = queries.find_post(given.id)
    if post is None:
        text, media = join_words(given.title, given.text, given.url), [MediaItem(asset=each) for each in given.media]
        document = Document(parts=(PartDocument(text=text, media=tuple(media)),))
        post = actions.create_post(request.actor, document, post_id=given.id, first=True)
    return JsonResponse({"edit": reverse("composer:edit", args=[request.workspace.slug, post.id])})


@csrf_exempt  # the share sheet knows no token; nothing is written, the composer's page is only filled
@require_POST
def take_share(request: HttpRequest) -> HttpResponse:
    """A share that no worker took (the browser has thrown it away): its words still come, its files cannot."""
    text = join_words(*(request.POST.get(name, "") for name in ("title", "text", "url")))[:20_000]
    if request.FILES and request.user.is_authenticated:
        flash(request, _("The pictures did not come along this time: share them once more."), "warning")
    return redirect(f"{reverse('app:go', args=['new'])}?{urlencode({'text': text})}")
