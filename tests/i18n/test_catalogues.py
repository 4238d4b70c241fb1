"""Every text is translated into every language, with the same places, and the compiled catalogues are up to date."""

import ast
import gettext
import re
from collections import Counter
from pathlib import Path
from typing import Any

import allauth
import django
import polib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import ngettext, to_locale
from tools import messages

from tests.i18n.catalogues import LANGUAGES, PLACE, catalogue, entries, forms, said, sources

SAME_EVERYWHERE = re.compile(r"^(?:[\W\d_]|%\(\w+\)s|Kaja|Emoji|API|UTC)*$")
# Words that a language shares with English.
SAME = {
    "ru": set[str](),
    # minutes and seconds are abbreviated as in English
    "et": {
        "Server",
        "server",
        "optional",
        "Emoji",
        "Variant",
        "Port",
        "Link",
        "Reel",
        "{count} min",
        "%(count)s min",
        "%(minutes)s min",
        "%(seconds)s s",
    },
    "zh_Hant": set[str](),
}
SCRIPT = {"ru": r"[а-яё]", "et": r"[a-zõäöüšž]", "zh_Hant": r"[\u4e00-\u9fff]"}
SIMPLIFIED = set("们这个为说时样对应该发见现实时间频连设关闭删误请")


def show(found: list[str]) -> str:
    return f"\n{len(found)} texts; `make messages` collects them, docs/translating.md says the rest:\n" + "\n".join(
        found
    )


def test_the_sources_have_texts_and_the_settings_have_the_languages() -> None:
    assert len(sources()) > 1000
    assert {to_locale(code) for code, _name in settings.LANGUAGES} == {"en", *LANGUAGES}
    assert [str(path) for path in settings.LOCALE_PATHS] == [str(messages.LOCALE)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogue_has_the_texts_of_the_sources(language: str) -> None:
    listed = {messages.key_of(entry) for entry in entries(language)}
    assert not (missing := sources().keys() - listed), show([f"{key} {sources()[key].places}" for key in missing])
    assert not (gone := listed - sources().keys()), show([str(key) for key in gone])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    found = [
        said(entry) for entry in entries(language) if entry.fuzzy or not all(form.strip() for form in forms(entry))
    ]
    assert not found, show(found)
    script = re.compile(SCRIPT[language], re.IGNORECASE)
    for entry in entries(language):
        if "date format" in (entry.msgctxt or "") or SAME_EVERYWHERE.match(entry.msgid):
            continue
        for form in forms(entry):
            copied = form == entry.msgid and form not in SAME[language]
            if copied or not script.search(PLACE.sub("", form)):
                found.append(f"{said(entry)}: {form!r}")
    assert not found, show(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_and_edges_are_those_of_the_english_text(language: str) -> None:
    found = []
    for entry in entries(language):
        wanted = Counter(PLACE.findall(entry.msgid))
        plural = Counter(PLACE.findall(entry.msgid_plural)) if entry.msgid_plural else wanted
        for form in forms(entry):
            given = Counter(PLACE.findall(form))
            if given not in (wanted, plural):
                found.append(f"{said(entry)}: {form!r}")
            if form[:1].isspace() != entry.msgid[:1].isspace() or form[-1:].isspace() != entry.msgid[-1:].isspace():
                found.append(f"{said(entry)}: spaces at the edge of {form!r}")
            if "__" in re.sub(r"%\(\w+\)", "", form):
                found.append(f"{said(entry)}: {form!r}")
    assert not found, show(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_python_can_fill_every_form(language: str) -> None:
    """What `%` would refuse at run time: a stray percent sign, or a place that lost its letter."""
    for entry in entries(language):
        if "python-format" not in entry.flags:
            continue
        names = re.findall(r"%\((\w+)\)", entry.msgid + entry.msgid_plural)
        for form in forms(entry):
            assert "%(" not in form % dict.fromkeys(names, 7), said(entry)


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_are_those_of_the_language(language: str) -> None:
    plurals = [entry for entry in entries(language) if entry.msgid_plural]
    assert len(plurals) > 20
    assert catalogue(language).metadata["Plural-Forms"] == messages.PLURALS[language]
    for entry in plurals:
        assert sorted(entry.msgstr_plural) == list(range(messages.forms_of(language))), said(entry)


def test_russian_counts_as_russians_do() -> None:
    wanted = {1: "1 пост", 2: "2 поста", 4: "4 поста", 5: "5 постов", 11: "11 постов", 12: "12 постов", 14: "14 постов",
              21: "21 пост", 22: "22 поста", 25: "25 постов", 100: "100 постов", 101: "101 пост", 111: "111 постов",
              112: "112 постов", 1002: "1002 поста", 0: "0 постов"}  # fmt: skip
    with translation.override("ru"):
        for count, text in wanted.items():
            assert ngettext("%(count)s post", "%(count)s posts", count) % {"count": count} == text


def test_estonian_has_two_forms_and_chinese_one() -> None:
    def counted(language: str) -> list[str]:
        with translation.override(language):
            return [ngettext("%(count)s post", "%(count)s posts", count) for count in (0, 1, 2, 21)]

    none, one, two, many = counted("et")
    assert one != two
    assert none == two == many
    assert len(set(counted("zh-hant"))) == 1


def test_chinese_is_written_in_traditional_characters() -> None:
    found = [
        f"{said(entry)}: {form}" for entry in entries("zh_Hant") for form in forms(entry) if SIMPLIFIED & set(form)
    ]
    assert not found, show(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_compiled_catalogue_is_that_of_the_texts(language: str) -> None:
    compiled = polib.mofile(str(messages.catalogue_path(language).with_suffix(".mo")))

    def table(texts: Any) -> dict[messages.Key, list[str]]:
        return {messages.key_of(entry): forms(entry) for entry in texts if not entry.obsolete}

    assert table(compiled) == table(catalogue(language)), "run `make messages` and commit the .mo files"
    with messages.catalogue_path(language).with_suffix(".mo").open("rb") as file:
        assert gettext.GNUTranslations(file).info()["plural-forms"] == messages.PLURALS[language]


def test_collecting_again_changes_nothing(tmp_path: Path) -> None:
    for language in LANGUAGES:
        merged = messages.merge(language, sources())
        messages.save(merged, tmp_path / "django.po")
        assert (tmp_path / "django.po").read_text() == messages.catalogue_path(language).read_text(), "make messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_that_are_not_ours_have_a_catalogue_too(language: str) -> None:
    """Forms' errors come from Django, sign-in from allauth."""
    for package in (django, allauth):
        home = Path(package.__file__ or "").parent / ("conf/locale" if package is django else "locale")
        assert (home / language / "LC_MESSAGES/django.mo").exists(), package.__name__


def test_what_is_marked_is_a_literal() -> None:
    """The collector reads literals; a text put together in the call would never be found."""
    found = []
    for path in messages.python_files():
        for call in messages.list_calls(ast.parse(path.read_text())):
            inside = [type(part) for argument in call.node.args for part in ast.walk(argument)]
            if call.found is None and {ast.JoinedStr, ast.BinOp, ast.IfExp, ast.BoolOp} & set(inside):
                found.append(f"{path.relative_to(messages.SOURCE)}:{call.node.lineno}: {ast.unparse(call.node)[:100]}")
    assert not found, "\n".join(found)
