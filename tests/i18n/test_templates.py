"""Templates and scripts say nothing in English on their own."""

import re
from pathlib import Path

import pytest
from tools import messages

from tests.i18n.templates import list_untranslated

TEMPLATES = messages.SOURCE / "web/templates"
SCRIPTS = messages.SOURCE / "static/js"
WORKSHOP = {
    "frame/ui.html": "the page of components, for those who work on Kaja",
    "frame/ui_lists.html": "a part of it",
    "frame/ui_menus.html": "a part of it",
}
# Names, and words that every language writes so.
NAMES = re.compile(r"\b(?:Kaja|ALT|https?|Bluesky|Mastodon|WordPress|vCard|CSV|JSON|Ctrl|Enter|Esc|Shift)\b")
ENDONYMS = {"Deutsch", "Suomi", "Latviešu", "Українська", "Eesti", "English", "Русский", "繁體中文"}


def left_over(text: str) -> bool:
    return text not in ENDONYMS and re.search(r"[^\W\d_]{2,}", NAMES.sub("", re.sub(r"&#?\w+;", "", text))) is not None


def test_no_template_speaks_english_by_itself() -> None:
    found = []
    for path in messages.template_files():
        name = path.relative_to(TEMPLATES if TEMPLATES in path.parents else messages.SOURCE).as_posix()
        if name in WORKSHOP:
            continue
        for line, text in list_untranslated(path.read_text(), path.suffix == ".html"):
            if left_over(text):
                found.append(f"{name}:{line}: {text[:100]}")
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "<p>Nothing yet</p>",
        '<p class="x">{{ count }} posts</p>',
        '<img src="x" alt="A cat">',
        '<button aria-label="Close">{% icon "x" %}</button>',
        '<input type="submit" value="Save">',
        '<input placeholder="What is new?">',
        '<p data-empty="Nothing is selected.">',
        '{% include "x.html" with label="Save now" %}',
        '{{ name|default:"Somebody" }}',
        '{% translate "Yes" %} and no',
        "{% blocktranslate %}Yes{% endblocktranslate %} and no",
        "<p>{% if x %}One{% else %}{% translate 'Two' %}{% endif %}</p>",
        "<title>Settings</title>",
    ],
)
def test_untranslated_text_is_noticed(source: str) -> None:
    assert [text for _line, text in list_untranslated(source) if left_over(text)]


@pytest.mark.parametrize(
    "source",
    [
        '<p>{% translate "Nothing yet" %}</p>',
        "<p>{% blocktranslate count n=n %}{{ n }} post{% plural %}{{ n }} posts{% endblocktranslate %}</p>",
        '<img src="x" alt="">',
        '<button class="button main" aria-label="{% translate "Close" %}">×</button>',
        '{{ name|default:_("Somebody") }}',
        '<p data-state="draft" data-do="Escape1">{{ post.text }} · <kbd>Ctrl</kbd> <code>kaja up</code></p>',
        "{# A note for engineers #}{% comment %}And one more{% endcomment %}",
        "<script type='module'>const text = 1;</script>",
    ],
)
def test_translated_text_is_left_alone(source: str) -> None:
    assert not [text for _line, text in list_untranslated(source) if left_over(text)]


_COMMENT = re.compile(r"/\*.*?\*/|(?<![:\w\"'`])//[^\n]*", re.DOTALL)
_SENTENCE = re.compile(r"""(["'`])([A-Z][a-z]+(?: [a-z]+\b|[.!?…])[^"'`\n]*)\1""")
_SHOWN = re.compile(
    r"""\.(?:textContent|innerText|title|placeholder|ariaLabel)\s*=\s*(["'`])([^"'`$]*[a-z]{2,}[^"'`]*)\1"""
)


def spoken_in_script(source: str) -> list[str]:
    """Sentences in a script, and literals that it shows."""
    code = _COMMENT.sub("", source)
    return [match[2] for pattern in (_SENTENCE, _SHOWN) for match in pattern.finditer(code)]


def test_no_script_speaks_english_by_itself() -> None:
    paths = sorted(SCRIPTS.rglob("*.js"))
    assert len(paths) > 10
    found = [f"{path.relative_to(SCRIPTS)}: {text}" for path in paths for text in spoken_in_script(path.read_text())]
    assert not found, "\n" + "\n".join(found)


def test_english_in_a_script_is_noticed() -> None:
    assert spoken_in_script('say("Nothing was saved.")')
    assert spoken_in_script("button.textContent = 'saved'")
    assert not spoken_in_script('// "Nothing was saved."\nsay(words.saved); on("Escape"); header("Content-Type")')


def test_the_page_of_components_is_the_only_exception() -> None:
    assert all((TEMPLATES / name).is_file() for name in WORKSHOP)
    assert Path(TEMPLATES / "frame.html").is_file()
