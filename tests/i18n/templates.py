"""What a template says outside of the tags that translate."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from django.template.base import Lexer, TokenType

SPOKEN_ATTRIBUTES = {
    "alt",
    "title",
    "placeholder",
    "label",
    "aria-label",
    "aria-description",
    "aria-placeholder",
    "aria-roledescription",
    "aria-valuetext",
}
SILENT_ELEMENTS = {"script", "style", "code", "kbd", "samp", "svg"}
LETTERS = re.compile(r"[^\W\d_]{2,}")
ENTITY = re.compile(r"&#?\w+;")
# A literal handed to an included template, a tag or a filter; `_("...")` is translated.
LITERAL = re.compile(r"""(?<!_\()(?<=[=: ])"([^"]*)"|(?<!_\()(?<=[=: ])'([^']*)'""")
SENTENCE = re.compile(r"[A-Z][a-z]+\b(?:$|[ ,.!?…])")
# Blocks that stand inside a tag of the base template: their text is an attribute (or several).
INSIDE_TAG = {"width": ('<b class="', '">'), "body_attributes": ("<b ", ">")}
TRANSLATES = ("translate ", "trans ", "blocktranslate", "blocktrans")


@dataclass
class Spoken(HTMLParser):
    """Collects the text nodes and the spoken attributes of HTML."""

    found: list[tuple[int, str]] = field(default_factory=list)
    silent: int = 0

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=False)

    def note(self, text: str) -> None:
        if LETTERS.search(ENTITY.sub("", text)):
            self.found.append((self.getpos()[0], " ".join(text.split())))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT_ELEMENTS:
            self.silent += 1
        given = dict(attrs)
        for name, value in attrs:
            button = name == "value" and tag == "input" and given.get("type") in {"submit", "button", "reset"}
            # Values that scripts show come in data attributes; what is no sentence there is a name for machines.
            data = name.startswith("data-") and SENTENCE.match(value or "")
            if value and (name in SPOKEN_ATTRIBUTES or button or data):
                self.note(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT_ELEMENTS and self.silent:
            self.silent -= 1

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.note(data)


def list_untranslated(source: str, html: bool = True) -> list[tuple[int, str]]:
    """Line and text of everything that the template says in English whatever the reader's language."""
    kept: list[str] = []
    found: list[tuple[int, str]] = []
    inside, closing = "", ""
    for token in Lexer(source).tokenize():
        lines = "\n" * token.contents.count("\n")
        name = token.contents.split(" ")[0] if token.token_type == TokenType.BLOCK else ""
        if inside:
            inside = "" if name == inside else inside
            kept.append(lines)
        elif name in {"comment", "blocktranslate", "blocktrans"}:
            inside = f"end{name}"
            kept.append(lines)
        elif token.token_type == TokenType.TEXT:
            kept.append(token.contents)
        elif name == "block" and token.split_contents()[1] in INSIDE_TAG and not in_tag("".join(kept)):
            opening, closing = INSIDE_TAG[token.split_contents()[1]]
            kept.append(opening)
        elif name == "endblock" and closing:
            kept.append(closing)
            closing = ""
        else:
            kept.append(lines)
            if token.token_type != TokenType.COMMENT and not token.contents.startswith(TRANSLATES):
                found.extend((token.lineno or 0, text) for text in list_literals(token.contents))
    if html:
        reader = Spoken()
        reader.feed("".join(kept))
        reader.close()
        return found + reader.found
    for number, line in enumerate("".join(kept).splitlines(), 1):
        if LETTERS.search(line):
            found.append((number, line.strip()))
    return found


def in_tag(html: str) -> bool:
    return html.rfind("<") > html.rfind(">")


def list_literals(contents: str) -> Iterator[str]:
    """String literals of a tag or a variable that read like a text for people."""
    if contents.split(" ")[0] in {"load", "extends", "url", "static", "icon", "now"}:
        return
    for match in LITERAL.finditer(contents):
        text = match[1] or match[2] or ""
        if SENTENCE.match(text):
            yield text
