"""What a person reads on a page: the text nodes, the spoken attributes, and the words handed to scripts."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

from tests.i18n.templates import SPOKEN_ATTRIBUTES

SILENT = {"style", "code", "kbd", "samp", "svg"}
LATIN = re.compile(r"[A-Za-z][A-Za-z’'-]+")
# Addresses, handles, zones and places of messages are no words of a language.
NO_WORDS = re.compile(
    r"https?://\S+|[\w.+-]+@[\w.-]+|@\w+|\b\w+/\w+(?:/\w+)?\b|%\(\w+\)s|\{\w+\}|\b[0-9a-f]{8,}\b|\bv?\d[\w.]*"
)


class Page(HTMLParser):
    """Collects the spoken texts of a page, except in lists of languages and zones and in what has its own language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self.language = language
        self.stack: list[tuple[str, bool]] = []
        self.texts: list[str] = []
        self.lang = ""
        self.json = ""

    @property
    def silent(self) -> bool:
        return any(silent for _tag, silent in self.stack)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.lang = values.get("lang", "")
        own = bool(values.get("lang")) and values["lang"] != self.language and tag != "html"
        listing = tag in {"select", "datalist"} and bool(re.search("zone|language", str(values)))
        script = tag == "script" and values.get("id", "").endswith("-words")
        silent = tag in SILENT or own or listing or (tag == "script" and not script)
        self.json = values["id"] if script else ""
        if not silent and not self.silent:
            for name, value in values.items():
                button = name == "value" and tag == "input" and values.get("type") in {"submit", "button"}
                data = name.startswith("data-") and re.match(r"[A-Z][a-z]+(?: [a-z]|[.!?…])", value)
                if name in SPOKEN_ATTRIBUTES or button or data:
                    self.texts.append(value)
        if tag not in {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}:
            self.stack.append((tag, silent))

    def handle_endtag(self, tag: str) -> None:
        while any(name == tag for name, _silent in self.stack):
            if self.stack.pop()[0] == tag:
                break
        self.json = ""

    def handle_data(self, data: str) -> None:
        if self.silent or not data.strip():
            return
        if self.json:
            self.texts.extend(list_strings(json.loads(data)))
        else:
            self.texts.append(" ".join(data.split()))


def list_strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from list_strings(inner)


def read_page(html: str, language: str) -> Page:
    page = Page(language)
    page.feed(html)
    page.close()
    return page


def latin_words(text: str) -> set[str]:
    return set(LATIN.findall(NO_WORDS.sub(" ", text)))
