"""Templates as HTML with Django's tags taken out of the way: which variable stands where."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kaja.networks.folders import list_template_folders

TEMPLATES = Path(__file__).parents[2] / "src" / "kaja" / "web" / "templates"
_VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "path", "source", "use", "wbr"}
_DJANGO = re.compile(r"\{%\s*comment\b.*?endcomment\s*%\}|\{#.*?#\}|\{%.*?%\}", re.DOTALL)
_SENTENCE = re.compile(r"\{%\s*blocktrans(?:late)?\b.*?endblocktrans(?:late)?\s*%\}", re.DOTALL)
_TITLE = re.compile(r"\{%\s*block title\s*%\}.*?endblock", re.DOTALL)  # the window's title is text alone
_VARIABLE = re.compile(r"\{\{\s*(.*?)\s*\}\}", re.DOTALL)
_TAG = re.compile(r"<(/?)([a-zA-Z][\w-]*)((?:\{\{.*?\}\}|\{%.*?%\}|\"[^\"]*\"|[^>\"])*)>", re.DOTALL)


def tight(html: str) -> str:
    """HTML without the white space that nobody sees: beside tags, and more than one space. Templates are broken into
    lines where it suits those who read them."""
    return re.sub(r"\s*([<>])\s*", r"\1", re.sub(r"\s+", " ", html))


@dataclass(frozen=True)
class Place:
    """A variable: the expression, where it begins, and the elements around it, outermost first."""

    expression: str
    at: int
    end: int
    around: tuple[tuple[str, str, int], ...]
    """Name, attributes and the end of the start tag."""

    @property
    def name(self) -> str:
        """The variable without its filters."""
        return self.expression.partition("|")[0].strip()


def blank(source: str, *, keep_tags: bool = False) -> str:
    """The source with sentences and comments (and Django's tags) as spaces of the same length."""

    def spaces(match: re.Match[str]) -> str:
        return re.sub(r"[^\n]", " ", match[0])

    source = _TITLE.sub(spaces, _SENTENCE.sub(spaces, source))
    return source if keep_tags else _DJANGO.sub(spaces, source)


def list_places(source: str) -> Iterator[Place]:
    """Every variable that stands as text."""
    # A tag may hold Django's tags, also with quotes inside quotes: outside first, then the elements.
    text = blank(source)
    tags = list(_TAG.finditer(text))
    inside = [(match.start(), match.end()) for match in tags]
    stack: list[tuple[str, str, int]] = []
    events: list[tuple[int, re.Match[str]]] = [(match.start(), match) for match in tags]
    events += [
        (match.start(), match)
        for match in _VARIABLE.finditer(text)
        if not any(begin < match.start() < end for begin, end in inside)
    ]
    for _, match in sorted(events, key=lambda event: event[0]):
        if match.re is _VARIABLE:
            yield Place(match[1], match.start(), match.end(), tuple(stack))
            continue
        closing, name, attributes = match[1], match[2].lower(), match[3]
        if closing:
            while stack and stack.pop()[0] != name:
                pass
        elif name not in _VOID and not attributes.rstrip().endswith("/"):
            stack.append((name, attributes, match.end()))


def list_templates() -> list[Path]:
    folders = [TEMPLATES, *list_template_folders()]
    return sorted(path for folder in folders for path in folder.rglob("*.html"))
