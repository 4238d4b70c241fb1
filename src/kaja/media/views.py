"""`GET /files/<token>.<ending>`: a file for whoever has the link, which names nobody and asks for no cookie.

Whatever is wrong with a link, the answer is the same: it is not there.
"""

import threading

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.http import require_safe

from kaja.kernel.limits import Limit, caller_of, count_seconds, take
from kaja.kernel.problems import Refused
from kaja.kernel.tenancy import workspace_scope
from kaja.media.links import Link, digest_of, open_link
from kaja.media.models import Asset
from kaja.media.renditions import ensure_rendition
from kaja.media.serving import serve_file
from kaja.media.store import Store, StoreAway, open_media_store, open_rendition_store
from kaja.reach.actions import note_arrival

FETCHES = Limit("media: fetched by a link", 3000, 600)
"""Of one address: a film that is asked for in ranges of a megabyte takes a thousand."""
AT_ONCE = 200
"""Readers in one process."""
RETRY_SECONDS = 30


class _Readers:
    """How many read at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.count = 0

    def come(self) -> bool:
        with self._lock:
            if self.count >= AT_ONCE:
                return False
            self.count += 1
            return True

    def go(self) -> None:
        with self._lock:
            self.count -= 1


readers = _Readers()


def _bare(status: int, seconds: float = 0.0) -> HttpResponseBase:
    response = HttpResponse(status=status, content_type="text/plain")
    if seconds:
        response["Retry-After"] = str(count_seconds(seconds))
    return _closed(response)


def _closed(response: HttpResponseBase) -> HttpResponseBase:
    """Kept by nobody, found by no search engine."""
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


@require_safe
def fetch(request: HttpRequest, token: str, ending: str) -> HttpResponseBase:
    """The file behind a link."""
    link = open_link(token)
    if link is None:
        return _bare(404)
    if wait := take((FETCHES, caller_of(request))):
        return _bare(429, wait)
    with workspace_scope(link.workspace):
        asset = Asset.objects.filter(id=link.asset).first()
    if asset is None or digest_of(asset) != link.file:
        return _bare(404)
    if not readers.come():
        return _bare(503, RETRY_SECONDS)
    try:
        store, name = _find(asset, link)
        if name.rpartition(".")[2] != ending:
            raise FileNotFoundError(name)
        response = serve_file(request, store, name, link.mime or asset.mime, etag=f'"{token[-20:]}"', done=readers.go)
    except StoreAway:
        readers.go()
        return _bare(503, RETRY_SECONDS)
    except (FileNotFoundError, Refused):
        readers.go()
        return _bare(404)
    except BaseException:
        readers.go()
        raise
    note_arrival(request, "file")
    return _closed(response)


def _find(asset: Asset, link: Link) -> tuple[Store, str]:
    if link.crop is None and link.rules is None:
        return open_media_store(), asset.file
    return open_rendition_store(), ensure_rendition(asset, link.crop, link.rules)
