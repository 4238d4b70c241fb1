"""The bodies of requests: JSON, forms, files, bytes."""

import json as jsonlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2

from kaja.networks.kit.wire import FileBody, Streamed

Files = Mapping[str, tuple[str, bytes | FileBody, str]]
"""Multipart files: field name to (file name, content, MIME type). At most one is a file that is sent in pieces."""


def encode_body(
    json: Any, data: Mapping[str, str] | None, files: Files | None, content: bytes | FileBody | None
) -> tuple[bytes | Streamed, str]:
    """The body and its type; at most one of the four is given."""
    if json is not None:
        return jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"
    if files is not None:
        return _encode_form(data or {}, files)
    if data is not None:
        return urlencode(data).encode(), "application/x-www-form-urlencoded"
    if isinstance(content, FileBody):
        return Streamed(b"", content), "application/octet-stream"
    return content or b"", "application/octet-stream" if content else ""


def _encode_form(data: Mapping[str, str], files: Files) -> tuple[bytes | Streamed, str]:
    """A form with files. One that is sent in pieces is encoded with a mark in its place."""
    mark, streamed = secrets.token_hex(32).encode(), None
    held: dict[str, tuple[str, bytes, str]] = {}
    for field_name, (name, content, mime) in files.items():
        if isinstance(content, FileBody):
            streamed = content
        held[field_name] = (name, mark if isinstance(content, FileBody) else content, mime)
    request = httpx2.Request("POST", "http://multipart.invalid/", data=dict(data), files=held)
    body, content_type = request.read(), request.headers["content-type"]
    if streamed is None:
        return body, content_type
    before, _, after = body.partition(mark)
    return Streamed(before, streamed, after), content_type
