"""Collect the texts to translate from the sources into the catalogues, and compile them: `make messages`.

Written in Python throughout, so that neither translators nor tests need the gettext programs: Python files are read by
their syntax tree, templates by Django's own extractor, the networks' data by what its names mean. An existing
translation is never guessed at (no fuzzy entries): a changed English text is a new one, and the old entry stays at the
end of the file as obsolete until it is cleared with `python tools/messages.py --clear`.
"""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polib
from django.utils.translation import template as django_template

SOURCE = Path(__file__).resolve().parent.parent / "src/kaja"
LOCALE = SOURCE / "locale"

PLURALS = {
    "ru": "nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 && (n%100<12 || n%100>14) ? 1 : 2);",
    "et": "nplurals=2; plural=(n != 1);",
    "zh_Hant": "nplurals=1; plural=0;",
}
# Which arguments are context, singular and plural.
MARKERS: dict[str, tuple[int | None, int, int | None]] = {
    "_": (None, 0, None),
    "gettext": (None, 0, None),
    "gettext_lazy": (None, 0, None),
    "gettext_noop": (None, 0, None),
    "ngettext": (None, 0, 1),
    "ngettext_lazy": (None, 0, 1),
    "pgettext": (0, 1, None),
    "pgettext_lazy": (0, 1, None),
    "pgettext_noop": (0, 1, None),
    "npgettext": (0, 1, 2),
    "npgettext_lazy": (0, 1, 2),
}
# In `networks/*/network.toml` (networks/kit/described.py): single texts, lists of them, and tables with a context.
TEXTS = frozenset({"label", "help", "missing", "message", "fix", "consent_button"})
LISTS = frozenset({"guide", "steps"})
CONTEXTS = {"stage_words": "step of a delivery", "grant_words": "what a channel may do"}
_IN_TEMPLATE = re.compile(
    r"""(?<![\w.])(?:n?p?gettext|_)\((?:[^()"']|'''.*?'''|'(?:\\.|[^'\\])*'|\"\"\".*?\"\"\"|"(?:\\.|[^"\\])*")*\)""",
    re.DOTALL,
)

Key = tuple[str, str, str]


@dataclass
class Message:
    """One text: its context (or empty), English, English plural (or empty), and the files that say it."""

    context: str
    text: str
    plural: str
    places: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        return self.context, self.text, self.plural


@dataclass(frozen=True)
class Call:
    """A call of a marker: what it marks, or None where the argument is no literal."""

    node: ast.Call
    found: Message | None


def called_name(node: ast.Call) -> str:
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def list_calls(tree: ast.AST) -> Iterator[Call]:
    """The calls of markers in a syntax tree."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called_name(node) not in MARKERS:
            continue
        values = []
        for index in MARKERS[called_name(node)]:
            argument = node.args[index] if index is not None and index < len(node.args) else None
            values.append(argument.value if isinstance(argument, ast.Constant) else None if index is not None else "")
        context, text, plural = values
        complete = isinstance(context, str) and isinstance(text, str) and isinstance(plural, str)
        yield Call(node, Message(str(context), str(text), str(plural)) if complete else None)


def python_files() -> list[Path]:
    return sorted(path for path in SOURCE.rglob("*.py") if "migrations" not in path.parts)


def template_files() -> list[Path]:
    folders = [SOURCE / "web/templates", *(SOURCE / "networks").glob("*/screen/templates")]
    return sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in {".html", ".txt"})


def read_template(path: Path) -> Iterator[Message]:
    """The texts of one template, as Django itself would look them up."""
    for match in _IN_TEMPLATE.finditer(django_template.templatize(path.read_text(), origin=str(path))):
        for call in list_calls(ast.parse(match[0])):
            if call.found:
                # Python's percent signs are doubled for xgettext; the lookup has them as the template says.
                yield call.found


def description_files() -> list[Path]:
    return sorted((SOURCE / "networks").glob("*/network.toml"))


def read_data(told: Mapping[str, Any]) -> Iterator[Message]:
    """The texts of a network's data, or of a part of it."""
    for name, value in told.items():
        if name in CONTEXTS:
            yield from (Message(CONTEXTS[name], text, "") for text in value.values())
        elif name in TEXTS and isinstance(value, str):
            yield Message("", value, "")
        elif name in LISTS:
            yield from (Message("", text, "") for text in value)
        elif isinstance(value, Mapping):
            yield from read_data(value)
        elif isinstance(value, list):
            for each in value:
                yield from read_data(each) if isinstance(each, Mapping) else ()


def collect() -> dict[Key, Message]:
    """Every text of the sources, in the order of the files."""
    found: dict[Key, Message] = {}
    for path in [*template_files(), *sorted([*python_files(), *description_files()])]:
        if path.suffix == ".toml":
            messages = list(read_data(tomllib.loads(path.read_text())))
        elif path.suffix == ".py":
            calls = list_calls(ast.parse(path.read_text()))
            messages = [call.found for call in calls if call.found and call.found.text]
        else:
            messages = list(read_template(path))
        place = path.relative_to(SOURCE).as_posix()
        for message in messages:
            known = found.setdefault(message.key, message)
            if place not in known.places:
                known.places.append(place)
    return merge_plurals(found)


def merge_plurals(found: dict[Key, Message]) -> dict[Key, Message]:
    """A text that is used with and without a plural is one entry, as gettext has it."""
    plurals = {(message.context, message.text) for message in found.values() if message.plural}
    merged: dict[Key, Message] = {}
    for message in found.values():
        if not message.plural and (message.context, message.text) in plurals:
            continue
        merged[message.key] = message
    return merged


def catalogue_path(language: str) -> Path:
    return LOCALE / language / "LC_MESSAGES/django.po"


def open_catalogue(language: str) -> polib.POFile:
    """The catalogue of a language; a new one if there is none yet."""
    path = catalogue_path(language)
    catalogue = polib.pofile(str(path)) if path.exists() else polib.POFile()
    catalogue.wrapwidth = 110
    catalogue.metadata = {
        "Project-Id-Version": "Kaja",
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURALS[language],
    }
    return catalogue


def key_of(entry: polib.POEntry) -> Key:
    return entry.msgctxt or "", entry.msgid, entry.msgid_plural or ""


def forms_of(language: str) -> int:
    return int(PLURALS[language][len("nplurals=")])


def merge(language: str, messages: dict[Key, Message], clear: bool = False) -> polib.POFile:
    """The catalogue with exactly these messages; what was translated stays."""
    old = open_catalogue(language)
    known = {key_of(entry): entry for entry in old}
    new = polib.POFile(wrapwidth=old.wrapwidth)
    new.metadata = old.metadata
    for message in messages.values():
        entry = known.pop(message.key, None) or polib.POEntry(
            msgid=message.text, msgctxt=message.context or None, msgid_plural=message.plural
        )
        entry.obsolete = False
        entry.occurrences = [(place, "") for place in message.places]
        if message.plural:
            entry.msgstr_plural = {form: entry.msgstr_plural.get(form, "") for form in range(forms_of(language))}
        entry.flags = [flag for flag in entry.flags if flag == "fuzzy"]
        if re.search(r"%\(\w+\)", message.text + message.plural):
            entry.flags.append("python-format")
        new.append(entry)
    for entry in known.values():
        if not clear and (entry.msgstr or any(entry.msgstr_plural.values())):
            entry.obsolete, entry.occurrences = True, []
            new.append(entry)
    return new


def save(catalogue: polib.POFile, path: Path) -> None:
    """Write the catalogue and its compiled form, only where something changed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = str(catalogue).rstrip("\n") + "\n"
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    binary = catalogue.to_binary()
    compiled = path.with_suffix(".mo")
    if not compiled.exists() or compiled.read_bytes() != binary:
        compiled.write_bytes(binary)


def main(arguments: list[str]) -> int:
    messages = collect()
    languages = [name for name in arguments if name in PLURALS] or list(PLURALS)
    for language in languages:
        catalogue = merge(language, messages, clear="--clear" in arguments)
        save(catalogue, catalogue_path(language))
        left = len(catalogue.untranslated_entries()) + len(catalogue.fuzzy_entries())
        sys.stdout.write(f"{language}: {len(messages)} texts, {left} to translate\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
