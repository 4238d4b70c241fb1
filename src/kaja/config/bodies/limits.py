"""How large a body may be, by its address and by who sends it. Asked before more than a few bytes are taken."""

import io
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.core.handlers.asgi import ASGIRequest
from django.urls import Resolver404, resolve

from kaja.api.gate import PREFIX
from kaja.api.tokens import find_bearer
from kaja.kernel.connections import release_connections
from kaja.media import videos
from kaja.workspaces.models import User
from kaja.workspaces.policy import Permission, can
from kaja.workspaces.queries import actor_of, get_membership

SMALL = 256_000
"""Bytes that anybody may send anywhere; they stay in memory."""
BARE = 8_000
"""Bytes that may come with a request that has no use for them."""
LARGEST = videos.MAX_BYTES + 1_000_000
"""Bytes of an upload: the largest file, and room for the form around it."""
UPLOADS = frozenset({"w/<slug:slug>/posts/upload", "api/v1/media"})
"""Routes that take files, from people who may write."""
HOOK = 1_000_000
"""Bytes of a hook: networks tell of hundreds of things at once."""
HOOKS = "hooks/<slug:network>"
"""The route that networks call; a signature over the body, not a session, says who they are."""
WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


@dataclass(frozen=True)
class Allowed:
    """What a sender may send to an address."""

    most: int
    person: str = ""
    """Whose upload it is; empty for what is no upload."""


def is_bare(scope: dict[str, Any]) -> bool:
    """Whether nobody would read a body."""
    return scope["method"] in WITHOUT_BODY or scope["path"] in {"/healthz", "/readyz"}


def find_allowed(scope: dict[str, Any]) -> Allowed:
    """Who sends it, and what they may send. Asks the database, and gives the connection back."""
    try:
        return _find(ASGIRequest(scope, io.BytesIO()))
    finally:
        release_connections()


def _find(request: ASGIRequest) -> Allowed:
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return Allowed(SMALL)
    if match.route == HOOKS and request.method == "POST":
        return Allowed(HOOK)
    takes_files = match.route in UPLOADS and (request.content_type or "") == "multipart/form-data"
    if request.path.startswith(PREFIX):
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        bearer = find_bearer(secret.strip()) if scheme.lower() == "bearer" else None
        if bearer is None:
            return Allowed(SMALL)
        if takes_files and can(bearer.actor, Permission.WRITE):
            return Allowed(LARGEST, str(bearer.token.user_id))
        return Allowed(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
    engine = import_module(settings.SESSION_ENGINE)
    request.session = engine.SessionStore(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    user = get_user(request)
    if not isinstance(user, User):
        return Allowed(SMALL)
    member = get_membership(user, match.kwargs["slug"]) if takes_files else None
    if member is not None and can(actor_of(member, user), Permission.WRITE):
        return Allowed(LARGEST, str(user.pk))
    return Allowed(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
