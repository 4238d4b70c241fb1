"""A file goes out only to members of its workspace, as what it is and nothing else, in ranges where asked."""

from typing import cast
from uuid import UUID

from django.http import HttpResponse, JsonResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from kaja.kernel.tenancy import workspace_scope
from kaja.media.queries import get_asset, page_assets
from kaja.media.renditions import ensure_rendition, parse_crop
from kaja.media.serving import serve_file
from kaja.media.store import Store, StoreAway, open_media_store, open_rendition_store
from kaja.media.stored import refuse_away_files, refuse_missing_file
from kaja.web.kit.json import json_answer
from kaja.web.media.addresses import is_ours
from kaja.web.media.describing import describe_asset
from kaja.web.workspace import WorkspaceRequest, workspace_view

LONGEST_RANGE = 8 * 1024 * 1024
SHOWN, TEXT_MOST = 40, 100
KINDS = ("image", "gif", "video")


def serve(request: WorkspaceRequest, store: Store, name: str, mime: str, filename: str) -> HttpResponse:
    """A stored file. The bytes behind an address never change, so a browser may keep them for ever."""
    try:
        response = serve_file(request, store, name, mime, longest=LONGEST_RANGE)
    except FileNotFoundError:
        raise refuse_missing_file(filename) from None
    except StoreAway as error:
        raise refuse_away_files(error) from error
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Vary"] = "Cookie"
    disposition = content_disposition_header("download" in request.GET, filename)
    if disposition:
        response["Content-Disposition"] = disposition
    return cast(HttpResponse, response)  # or a streaming one


@require_safe
@workspace_view(scoped=False)
def file(request: WorkspaceRequest, asset_id: UUID) -> HttpResponse:
    """The file, or a cut-out: `?crop=` names the rectangle, `&by=` shows that Kaja itself made the address.

    Outside the scope: no transaction waits while a picture is cut.
    """
    with workspace_scope(request.workspace.id):
        asset = get_asset(asset_id)
    wanted = request.GET.get("crop")
    if not wanted or asset.kind != "image":
        return serve(request, open_media_store(), asset.file, asset.mime, asset.filename)
    if not is_ours(asset_id, wanted, request.GET.get("by", "")):
        return HttpResponse(status=403)
    try:
        name = ensure_rendition(asset, parse_crop(wanted))
    except StoreAway as error:
        raise refuse_away_files(error) from error
    return serve(request, open_rendition_store(), name, asset.mime, asset.filename)


@require_safe
@workspace_view(scoped=False)
def thumbnail(request: WorkspaceRequest, asset_id: UUID) -> HttpResponse:
    """The small picture of a file. Outside the scope, because the store may be far away."""
    with workspace_scope(request.workspace.id):
        asset = get_asset(asset_id)
    return serve(request, open_media_store(), asset.thumbnail or asset.file, "image/webp", asset.filename)


@require_safe
@workspace_view()
@json_answer
def library(request: WorkspaceRequest) -> JsonResponse:
    """A page of the workspace's files, the newest first: `kind` (several with commas) and `q` narrow it."""
    kinds = [kind for kind in request.GET.get("kind", "").split(",") if kind in KINDS]
    text = request.GET.get("q", "").replace("\0", "").strip()[:TEXT_MOST]
    page = page_assets(text, kinds, request.GET.get("after", ""), SHOWN)
    slug = request.workspace.slug
    return JsonResponse({"files": [describe_asset(slug, each) for each in page.rows], "next": page.next_cursor})
