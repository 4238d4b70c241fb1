"""The bodies of requests: JSON, forms, files, bytes."""

import json as jsonlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kaja.networks.kit.wire import FileBody, Streamed

_JSON = jsonlib.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Files = Mapping[str, tuple[str, bytes | FileBody, str]]
"""Multipart files: field name to (file name, content, MIME type)."""


def encode_body(
    json: Any, data: Mapping[str, str] | None, files: Files | None, content: bytes | FileBody | None
) -> tuple[bytes | Streamed, str]:
    """The body and its type; at most one of the four is given."""
    if json is not None:
        return _JSON.encode(json).encode(), "application/json"
    if files is not None:
        return _encode_form(data or {}, files)
    if data is not None:
        return urlencode(data).encode(), "application/x-www-form-urlencoded"
    if isinstance(content, FileBody):
        return Streamed((content,)), "application/octet-stream"
    return content or b"", "application/octet-stream" if content else ""


def _encode_form(data: Mapping[str, str], files: Files) -> tuple[bytes | Streamed, str]:
    """A form with files. Those that are sent in pieces are encoded with marks in their places."""
    # Slow to import, and most processes never send a file.
    import httpx2

    streamed: dict[bytes, FileBody] = {}
    held: dict[str, tuple[str, bytes, str]] = {}
    for field_name, (name, content, mime) in files.items():
        if isinstance(content, FileBody):
            mark = secrets.token_hex(32).encode()
            streamed[mark] = content
            content = mark
        held[field_name] = (name, content, mime)
    request = httpx2.Request("POST", "http://multipart.invalid/", data=dict(data), files=held)
    body, content_type = request.read(), request.headers["content-type"]
    if not streamed:
        return body, content_type
    parts: list[bytes | FileBody] = []
    for mark, file in streamed.items():  # in their order in the form
        before, _, body = body.partition(mark)
        parts += [before, file]
    return Streamed((*parts, body)), content_type
