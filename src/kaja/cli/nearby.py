"""Asking the programs of this installation, which stand beside us: never through a proxy of the environment."""

import http.client
import urllib.request

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def open_nearby(url: str | urllib.request.Request, seconds: float = 5) -> http.client.HTTPResponse:
    """The answer of a part of Kaja on this machine. Raises OSError (URLError, HTTPError) as urlopen does."""
    answer: http.client.HTTPResponse = _direct.open(url, timeout=seconds)
    return answer
