"""Addresses in any script: what is typed becomes what can be called, and is shown so that it misleads nobody.

https://кафе.рф/меню is https://xn--80akn5b.xn--p1ai/%D0%BC%D0%B5%D0%BD%D1%8E to a server (RFC 3987; names by UTS 46).
"""

import re
from urllib.parse import quote, urlsplit, urlunsplit

import idna
import regex

# Everything that an address may hold as it stands; % because what is escaped stays escaped.
SAFE = "!#$%&'()*+,/:;=?@[]~"
_CONTROL = re.compile(r"[\x00-\x1f\x7f\\]")

# Scripts that are written together (UTS 39, highly restrictive), each with Latin.
_TOGETHER = tuple(
    regex.compile(rf"[{scripts}\p{{Latin}}\p{{Common}}\p{{Inherited}}]+")
    for scripts in (
        r"\p{Han}\p{Hiragana}\p{Katakana}",
        r"\p{Han}\p{Bopomofo}",
        r"\p{Han}\p{Hangul}",
    )
)
_SCRIPTS = (
    *("Arabic", "Armenian", "Bengali", "Cyrillic", "Devanagari", "Ethiopic", "Georgian", "Greek", "Gujarati"),
    *("Gurmukhi", "Hebrew", "Kannada", "Khmer", "Lao", "Latin", "Malayalam", "Myanmar", "Oriya", "Sinhala", "Tamil"),
    *("Telugu", "Thaana", "Thai", "Tibetan"),
)
_ALONE = tuple(regex.compile(rf"[\p{{{script}}}\p{{Common}}\p{{Inherited}}]+") for script in _SCRIPTS)
_LIKE_LATIN = regex.compile(r"[абгеһикмнопрстухіјӏѕԁԛԝьъҽүҡӓӧοαρυνικτωχγηεωβϲ0-9-]+")
"""Letters of Cyrillic and Greek that can be taken for Latin ones: a name of nothing else is shown as it is called."""


def encode_host(host: str) -> str:
    """The name as DNS knows it, lower case. Raises ValueError for what is no name."""
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueError(f"not a host name: {error}") from error


def to_uri(address: str) -> str:
    """An http(s) address in ASCII, ready to be called; one that is so already stays as it is, letter by letter.

    Raises ValueError for what is no address.
    """
    if address.isascii() and " " not in address:
        return address
    if _CONTROL.search(address):
        raise ValueError("a control character or backslash in an address")
    parts = urlsplit(address.strip(" "))
    user, at, host = parts.netloc.rpartition("@")
    name, port = re.fullmatch(r"(.*?)(:\d*)?", host).groups()  # type: ignore[union-attr]  # it always matches
    netloc = f"{quote(user, SAFE)}{at}{encode_host(name)}{port or ''}"
    rest = (quote(part, SAFE) for part in (parts.path, parts.query, parts.fragment))
    return urlunsplit((parts.scheme, netloc, *rest))


def read_location(header: str) -> str:
    """Where a server sends us: headers are read as Latin-1, and servers write addresses in UTF-8."""
    try:
        return header.encode("latin-1").decode()
    except UnicodeError:
        return header


def convert_address(address: str) -> str:
    """The same; what is no address stays as it is."""
    try:
        return to_uri(address)
    except ValueError:
        return address


def show_host(host: str) -> str:
    """A host name for people: in its own script where that cannot be taken for another name, else as it is called."""
    labels = host.lower().split(".")
    decoded = [_decode(label) for label in labels]
    last = decoded[-1]
    shown = [
        plain if plain == label or _is_clear(plain, last) else label
        for label, plain in zip(labels, decoded, strict=True)
    ]
    return ".".join(shown)


def _decode(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        plain = idna.decode(label)
        return plain if idna.encode(plain).decode() == label else label
    except (idna.IDNAError, UnicodeError):
        return label


def _is_clear(label: str, top: str) -> bool:
    """Whether a reader of its script cannot mistake it."""
    if not any(script.fullmatch(label) for script in (*_ALONE, *_TOGETHER)):
        return False
    return not (top.isascii() and _LIKE_LATIN.fullmatch(label))
