"""`GET /reach/<nonce>`: an answer that only this installation can give, so that it knows itself when it looks."""

import re

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kaja.reach.looking import prove

_NONCE = re.compile(r"[0-9a-f]{32}")


@require_safe
def answer_nonce(request: HttpRequest, nonce: str) -> HttpResponse:
    """The installation's word over the nonce; it opens nothing and reads no table."""
    if not _NONCE.fullmatch(nonce):
        return HttpResponse(status=404, content_type="text/plain")
    response = HttpResponse(prove(nonce), content_type="text/plain")
    response["Cache-Control"], response["X-Robots-Tag"] = "no-store", "noindex"
    return response
