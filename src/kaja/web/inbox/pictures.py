"""Pictures from outside, for those who read the inbox: only those that a row of ours names, always through us."""

import hashlib
from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from kaja.channels.practice import is_here
from kaja.channels.queries import list_channels_of
from kaja.channels.sessions import list_private_hosts
from kaja.inbox.threads import find_handle, find_message
from kaja.kernel.tenancy import workspace_scope
from kaja.media.remote import AVATAR, MIME, SHOWN, NoPicture, fetch_picture
from kaja.media.store import StoreAway
from kaja.web.foreign import web_address
from kaja.web.workspace import WorkspaceRequest, workspace_view
from kaja.workspaces.outside import TooMuchAtOnce

KEPT_SECONDS = 86_400
AGAIN_SECONDS = 5


def sign_of(address: str) -> str:
    """Changes with the address, so that a browser asks anew when somebody has another picture."""
    return hashlib.sha256(address.encode()).hexdigest()[:12]


def picture_of(media: object, number: int) -> str:
    """The address of a message's picture: its preview, else the picture itself; empty where it has none."""
    given = media[number] if isinstance(media, list) and number < len(media) else None
    if not isinstance(given, dict):
        return ""
    own = given.get("url") if given.get("kind") in ("image", "gif") else ""
    return web_address(given.get("preview")) or web_address(own)


def list_our_hosts(network: str, address: str) -> list[str]:
    """Our own practice network stands where nobody else may lead us: for its channels, and for its own pictures."""
    return list_private_hosts(network) if is_here(address) else []


@require_safe
@workspace_view(scoped=False)
def face(request: WorkspaceRequest, handle_id: UUID) -> HttpResponse:
    """The avatar of somebody who writes to us. Outside the scope: it may be fetched first."""
    with workspace_scope(request.workspace.id):
        handle = find_handle(handle_id)
    return _serve(request, web_address(handle.avatar) if handle else "", AVATAR, handle.network if handle else "")


@require_safe
@workspace_view(scoped=False)
def picture(request: WorkspaceRequest, message_id: UUID, number: int) -> HttpResponse:
    """A picture that stands with a message, or the preview of a film."""
    with workspace_scope(request.workspace.id):
        message = find_message(message_id)
    address = picture_of(message.media, number) if message else ""
    return _serve(request, address, SHOWN, message.channel.network if message else "")


@require_safe
@workspace_view(scoped=False)
def channel(request: WorkspaceRequest, channel_id: UUID) -> HttpResponse:
    """The avatar of a channel of ours, which stands on the network too."""
    with workspace_scope(request.workspace.id):
        found = list_channels_of([channel_id])
    return _serve(request, web_address(found[0].avatar_url) if found else "", AVATAR, found[0].network if found else "")


def _serve(request: WorkspaceRequest, address: str, side: int, network: str) -> HttpResponse:
    if not address:
        return _bare(404)
    try:
        data = fetch_picture(request.actor, request.workspace.id, address, side, list_our_hosts(network, address))
    except NoPicture:
        return _bare(404)
    except (TooMuchAtOnce, StoreAway):
        return _bare(503)
    response = HttpResponse(data, content_type=MIME)
    response["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    response["Vary"] = "Cookie"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _bare(status: int) -> HttpResponse:
    response = HttpResponse(status=status, content_type="text/plain")
    response["Cache-Control"] = "no-store"
    if status == 503:
        response["Retry-After"] = str(AGAIN_SECONDS)
    return response
