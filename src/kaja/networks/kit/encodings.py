"""Foreign text. Pages are decoded as a browser does: by the labels of the Encoding Standard and no other codec.

Python knows codecs that no browser has: some run quadratically (punycode), some turn text into other text on a
stranger's word (unicode_escape, utf-7), some are no text at all (rot13, zlib). Only what stands in the standard's table
of labels is looked up here; an unknown label is as good as none. Whatever bytes come in, text comes out.
Standard: https://encoding.spec.whatwg.org and "prescan a byte stream" in https://html.spec.whatwg.org (2026-11-29).
"""

import codecs
import json
import re
from functools import cache
from typing import Any

PRESCANNED = 4096
"""Bytes in which the page may name its encoding. The standard says 1,024; browsers look on while the head lasts."""

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))
_SPACE = "\t\n\f\r "
_HEADER = re.compile(r";\s*charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;,\"']+))", re.IGNORECASE)
_PIECE = re.compile(r"<!--.*?(?:-->|$)|<meta(?=[\s/])([^>]*)>|<(?:/?[a-z]|[!/?])[^>]*>", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(r"([^\s/=>\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
_IN_CONTENT = re.compile(r"charset\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s;\"']+))", re.IGNORECASE)


def decode_page(content: bytes, content_type: str = "") -> str:
    """The text of an HTML page: a byte order mark first, then the header, then what the page itself says."""
    for mark, name in _BOMS:
        if content.startswith(mark):
            return _decode(content[len(mark) :], name)
    name = _find_name(_first(_HEADER.search(content_type))) or _prescan(content[:PRESCANNED])
    if name:
        return _decode(content, name)
    try:
        return content.decode()
    except UnicodeDecodeError:
        return _decode(content, "windows-1252")


def decode_json(content: bytes) -> Any:
    """What a network's answer holds. Raises ValueError for whatever is not JSON, also when it is nested endlessly.

    JSON may escape what no text holds and no database keeps: NUL, and half a pair of UTF-16.
    """
    try:
        # Who begins like that writes in UTF-8; what else it may be is only found out where it does not.
        plain = content[:1] in _BEGIN and 0 not in content[:4]
        value = json.loads(content.decode("utf-8", "surrogatepass") if plain else content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return _as_text(value) if _NO_TEXT.search(content) else value


_BEGIN = (b"{", b"[")
_NO_TEXT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])|\xed[\xa0-\xbf]|\0")


def _as_text(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_as_text(item) for item in value]
    if isinstance(value, dict):
        return {_as_text(key): _as_text(item) for key, item in value.items()}
    return value


def _first(match: re.Match[str] | None) -> str:
    return next((group for group in match.groups() if group is not None), "") if match else ""


@cache
def _labels() -> dict[str, str]:
    from webencodings.labels import LABELS  # only who reads a page needs it

    return dict(LABELS)


def _find_name(label: str) -> str:
    """The encoding that a label means; empty for what is no label."""
    return _labels().get(label.strip(_SPACE).lower(), "")


def _prescan(start: bytes) -> str:
    """What the page's first `meta` says about its encoding; empty when it says nothing that is one."""
    for piece in _PIECE.finditer(start.decode("latin-1")):
        if piece[1] is None:
            continue
        said: dict[str, str] = {}
        for found in _ATTRIBUTE.finditer(piece[1]):
            said.setdefault(found[1].lower(), found[2] or found[3] or found[4] or "")
        name = _find_name(said.get("charset", ""))
        if not name and said.get("http-equiv", "").lower() == "content-type":
            name = _find_name(_first(_IN_CONTENT.search(said.get("content", ""))))
        if name:
            # The bytes were readable as ASCII so far, so it is none of these two.
            return {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(name, name)
    return ""


def _decode(content: bytes, name: str) -> str:
    if name == "replacement":  # encodings in which a page can hide what it says
        return "\ufffd" if content else ""
    if name == "gbk":  # one decoder for both; Python's own `gbk` lacks what came later
        name = "gb18030"
    from webencodings import lookup

    found = lookup(name)
    assert found is not None, "names come from the table"
    text: str = found.codec_info.decode(content, _WINDOWS_ROWS if name == "euc-jp" else "replace")[0]
    if "\ufffd" in text and name.startswith("windows-"):
        text = _with_controls(content, text)
    return text.translate(_OTHERWISE[name]) if name in _OTHERWISE else text


_OTHERWISE = {
    "euc-jp": str.maketrans("〜‖−¢£¬", "～∥－￠￡￢"),
    "koi8-u": str.maketrans("╝╬", "ўЎ"),
    "gb18030": str.maketrans("\ue5e5\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793", "\u3000︐︒︑︓︔︕︖"),
}
"""Letters for which the standard's tables and Python's differ, as Chromium's decoders were asked on 2026-11-29."""


def _with_controls(content: bytes, text: str) -> str:
    """Bytes from 80 to 9F that a Windows code page leaves open are the control characters of these numbers."""
    return "".join(
        chr(byte) if letter == "\ufffd" and byte < 0xA0 else letter
        for byte, letter in zip(content, text, strict=True)  # one byte is one letter in these
    )


def _from_shift_jis(error: UnicodeError) -> tuple[str, int]:
    """An error handler for EUC-JP: the rows that Windows added, which Python's codec lacks but has in Shift_JIS."""
    assert isinstance(error, UnicodeDecodeError)
    pair = error.object[error.start : error.start + 2]
    if len(pair) == 2 and min(pair) >= 0xA1:
        row, cell = pair[0] - 0xA1, pair[1] - 0xA1
        lead = row // 2 + (0x81 if row < 62 else 0xC1)
        trail = cell + (0x40 if cell < 63 else 0x41) if row % 2 == 0 else cell + 0x9F
        try:
            return bytes((lead, trail)).decode("cp932"), error.start + 2
        except UnicodeDecodeError:
            pass
    return "\ufffd", error.start + 1


_WINDOWS_ROWS = "kaja-windows-rows"
codecs.register_error(_WINDOWS_ROWS, _from_shift_jis)
