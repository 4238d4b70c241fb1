"""HTML that cannot forget to escape: everything that is not made by `tag` is text."""

import gettext
import re
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

LOCALE = Path(__file__).parent.parent / "locale"
VOID = {"input", "link", "meta", "img", "br", "hr"}
# Punctuation at the end belongs to the sentence, not to the address.
_LINK = re.compile(
    r"((?<![A-Za-z0-9@＠$#＃/.])https?://[^\s<>\"“”«»\x00-\x1f]*[^\s<>\"“”«»\x00-\x1f.,;:!?'…。、！？)\]}])",
    re.IGNORECASE,
)

Translate = Callable[[str], str]


class Html(str):
    """Markup that is safe as it stands."""

    __slots__ = ()


Child = Html | str | int | None | Iterable["Child"]


def render(child: Child) -> str:
    """Markup of anything that may stand inside an element."""
    if isinstance(child, Html):
        return str(child)
    if child is None:
        return ""
    if isinstance(child, str):
        return escape(child)
    if isinstance(child, int):
        return str(child)
    return "".join(map(render, child))


def tag(_name: str, *children: Child, **attributes: str | int | bool | None) -> Html:
    """An element. `class_` and `for_` lose their underscore, others become hyphens; True is a bare attribute."""
    given = "".join(
        f" {name.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{escape(str(value))}"')
        for name, value in attributes.items()
        if value is not None and value is not False
    )
    if _name in VOID:
        return Html(f"<{_name}{given}>")
    return Html(f"<{_name}{given}>{render(children)}</{_name}>")


def linked(text: str) -> list[Child]:
    """A text whose web addresses are links."""
    return [
        tag("a", piece, href=piece, rel="nofollow noopener noreferrer") if index % 2 else piece
        for index, piece in enumerate(_LINK.split(text))
    ]


def get_translation(accept: str) -> tuple[str, Translate]:
    """The language that an Accept-Language header likes best of those that Kaja speaks, and its catalogue."""
    wanted: list[tuple[float, str]] = []
    for item in accept[:200].split(","):
        name, _, quality = item.strip().partition(";q=")
        try:
            wanted.append((-float(quality or 1), name.strip().lower()))
        except ValueError:
            continue
    for _quality, name in sorted(wanted, key=lambda pair: pair[0]):
        if name.startswith("en"):
            break
        # Whatever script a Chinese reader asks for, the traditional catalogue is nearer than English.
        code = "zh_Hant" if name.startswith("zh") else name.partition("-")[0]
        if not re.fullmatch(r"[a-z]{2,3}|zh_Hant", code):
            continue
        try:
            found = gettext.translation("django", LOCALE, [code])
        except OSError:
            continue
        return code.replace("_", "-"), found.gettext
    return "en", str
