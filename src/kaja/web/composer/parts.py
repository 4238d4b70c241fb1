"""Pieces of a post made on request: a thread cut from a long text, an uploaded file, the card of a link."""

import io
from uuid import UUID

from django.conf import settings
from django.http import JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kaja.channels.queries import list_channels_of
from kaja.content.links import FoundCard, fetch_card
from kaja.content.threads import split_for
from kaja.kernel.problems import Problem, Refused, gettext_noop
from kaja.media.models import Asset
from kaja.media.refusals import UploadRefused
from kaja.media.upload import upload_asset
from kaja.networks.kit.http import Session
from kaja.web.kit.json import json_answer, parse_json
from kaja.web.media.describing import describe_asset
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.often import LINK_CARDS, count
from kaja.workspaces.outside import ask_outside
from kaja.workspaces.policy import Permission


def _ids(values: object) -> list[UUID]:
    found = []
    for value in values if isinstance(values, list) else []:
        try:
            found.append(UUID(str(value)))
        except ValueError:
            continue
    return found


def _options(values: object) -> dict[UUID, dict[str, object]]:
    """What was chosen for a channel may count, too: a content warning, for example."""
    given = values if isinstance(values, dict) else {}
    return {key: given[str(key)] for key in _ids(list(given)) if isinstance(given.get(str(key)), dict)}


@require_POST
@workspace_view(Permission.WRITE)
@json_answer
def cut(request: WorkspaceRequest) -> JsonResponse:
    """Cut a text, or the parts of a thread that are still too long, for the given channels."""
    asked = parse_json(request)
    given = asked.get("parts")
    texts = [str(part) for part in given][:100] if isinstance(given, list) else [str(asked.get("text", ""))]
    texts = [text[:200_000] for text in texts]
    channels = list_channels_of(_ids(asked.get("channels")))
    pieces = split_for(texts, channels, _options(asked.get("options")))
    # Which of the given parts each comes from: pictures stay with the beginning of theirs.
    origins = [number for number, found in enumerate(pieces) for part in found] or [0]
    parts = [part for found in pieces for part in found] or texts[:1]
    if len(parts) > 100:
        raise Refused(
            Problem(
                code="thread_too_long",
                message=gettext_noop("This text would become a thread of %(count)s posts; at most 100 are possible."),
                field="parts.0.text",
                fix=gettext_noop("Shorten it, or publish it as an article."),
                params={"count": len(parts)},
            )
        )
    said = ""
    if len(parts) == 1:
        said = _("It fits into one post; there is nothing to cut.")
    elif parts == texts:
        said = _("Each part fits; there is nothing to cut.")
    return JsonResponse({"parts": parts, "origins": origins, "said": said})


@require_POST
@workspace_view(Permission.WRITE, scoped=False)
@json_answer
def upload(request: WorkspaceRequest) -> JsonResponse:
    """One file, outside the scope: bytes move. It belongs to the workspace from now on; putting it on the post is the
    page's own step."""
    given = request.FILES.get("file")
    if given is None or given.file is None:
        raise Refused(
            Problem(
                code="media_missing",
                message=gettext_noop("No file arrived."),
                field="media",
                fix=gettext_noop("Choose it again."),
            )
        )
    asset = upload_asset(request.actor, request.workspace.id, given.file, given.name or "file", given.size or 0)
    return JsonResponse(describe_asset(request.workspace.slug, asset), status=201)


@require_POST
@workspace_view(Permission.WRITE, scoped=False)
@json_answer
def card(request: WorkspaceRequest) -> JsonResponse:
    """Ask a page for its card. Outside the scope: no transaction waits for a foreign server."""
    url = str(parse_json(request).get("url", "")).strip()[:2000]
    if not url.startswith(("http://", "https://")):
        raise Refused(
            Problem(
                code="link_not_web",
                message=gettext_noop("“%(url)s” is not a web address."),
                field="link_card.url",
                fix=gettext_noop("It begins with https://."),
                params={"url": url[:80]},
            )
        )
    count(LINK_CARDS, request.actor.user_id)
    session = Session(allow_private=settings.PRIVATE_HOSTS_ALLOWED)
    found, picture = ask_outside(request.actor, request.workspace.id, lambda: fetch_card(url, session))
    asset = _keep_picture(request, found, picture)
    shown = {"url": found.url, "title": found.title, "description": found.description}
    return JsonResponse(
        {
            "card": {**shown, "image": str(asset.id) if asset else None},
            "asset": describe_asset(request.workspace.slug, asset) if asset else None,
        }
    )


def _keep_picture(request: WorkspaceRequest, found: FoundCard, picture: bytes) -> Asset | None:
    if not picture:
        return None
    name = found.image_url.rpartition("/")[2].partition("?")[0].rpartition(".")[0] or "card"
    try:
        return upload_asset(
            request.actor, request.workspace.id, io.BytesIO(picture), name, len(picture), alt=found.title, typed=False
        )
    except UploadRefused:
        return None  # a card without its picture is still a card
