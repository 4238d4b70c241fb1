"""A file goes out only to members of its workspace, as what it is and nothing else, in ranges where asked."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import IO
from uuid import UUID

from django.core.files.storage import Storage, default_storage
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from kaja.kernel.problems import NotFound, Problem, gettext_noop
from kaja.kernel.tenancy import workspace_scope
from kaja.media.queries import get_asset
from kaja.media.renditions import ensure_rendition, parse_crop, rendition_storage
from kaja.web.media.addresses import is_ours
from kaja.web.workspace import WorkspaceRequest, workspace_view

BLOCK = 128 * 1024
"""Bytes of a file that one reader has in memory: whoever reads slowly holds no more."""
LONGEST_RANGE = 8 * 1024 * 1024
RANGE = re.compile(r"bytes=(\d*)-(\d*)$")


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of a single-range header; None when the whole file is meant.

    Raises ValueError when no byte of the file is in the range (RFC 9110, 14.1.2).
    """
    match = RANGE.match(header.strip())
    if not match or match[1] == match[2] == "":
        return None
    if match[1] == "":
        first, last = max(0, size - int(match[2])), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size), size - 1)
    if first >= size or first > last:
        raise ValueError("range not satisfiable")
    return first, last


async def _blocks(file: IO[bytes], first: int, length: int) -> AsyncIterator[bytes]:
    """`length` bytes of the file in pieces; asynchronous, because a server would first collect a synchronous one.

    Reading is quick and shares a few threads; waiting for a slow reader takes none.
    """
    try:
        await asyncio.to_thread(file.seek, first)
        while length > 0 and (block := await asyncio.to_thread(file.read, min(BLOCK, length))):
            length -= len(block)
            yield block
    finally:
        file.close()


def serve(
    request: WorkspaceRequest, name: str, mime: str, filename: str, storage: Storage = default_storage
) -> HttpResponseBase:
    """A stored file. The bytes behind an address never change, so a browser may keep them for ever."""
    try:
        size = storage.size(name)
        span = parse_range(request.headers.get("Range", ""), size)
        stored = storage.open(name)
    except FileNotFoundError:
        raise NotFound(
            Problem(
                code="media_file_missing",
                message=gettext_noop("The file “%(filename)s” is gone from the media storage."),
                params={"filename": filename},
            )
        ) from None
    except ValueError:
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    first, last = span or (0, size - 1)
    if span:
        last = min(last, first + LONGEST_RANGE - 1)  # a player asks again for what follows
    length = last - first + 1
    response: HttpResponseBase
    if request.method == "HEAD" or length <= BLOCK:
        with stored:
            stored.seek(first)
            content = b"" if request.method == "HEAD" else stored.read(length)
        response = HttpResponse(content, status=206 if span else 200, content_type=mime)
    else:
        response = StreamingHttpResponse(_blocks(stored, first, length), status=206 if span else 200, content_type=mime)
    response["Content-Length"] = str(length)
    if span:
        response["Content-Range"] = f"bytes {first}-{last}/{size}"
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, max-age=31536000, immutable"
    response["Vary"] = "Cookie"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    disposition = content_disposition_header("download" in request.GET, filename)
    if disposition:
        response["Content-Disposition"] = disposition
    return response


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
        return serve(request, asset.file, asset.mime, asset.filename)  # type: ignore[return-value]  # streaming
    if not is_ours(asset_id, wanted, request.GET.get("by", "")):
        return HttpResponse(status=403)
    name = ensure_rendition(asset, parse_crop(wanted))
    return serve(request, name, asset.mime, asset.filename, rendition_storage())  # type: ignore[return-value]


@require_safe
@workspace_view()
def thumbnail(request: WorkspaceRequest, asset_id: UUID) -> HttpResponse:
    """The small picture of a file."""
    asset = get_asset(asset_id)
    name = asset.thumbnail or asset.file
    return serve(request, name, "image/webp", asset.filename)  # type: ignore[return-value]  # a streaming response
