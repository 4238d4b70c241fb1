"""One thing has one word, in every medium and language: docs/terms.md against the catalogues, states and actions."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.utils import translation

from kaja.cli.post import show_all
from kaja.content.models import PostState
from kaja.delivery.models import State
from kaja.networks.folders import list_template_folders
from kaja.web.calendar.filters import STATES as FILTERED
from kaja.web.calendar.words import page_words
from kaja.web.settings.words import ACTIONS
from kaja.web.templatetags.kaja import STATES
from tests.i18n.catalogues import sources

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = {"en": 0, "ru": 1, "et": 2, "zh-hant": 3}


@dataclass(frozen=True)
class Term:
    """One row of the table."""

    key: str
    words: tuple[str, ...]
    unused: tuple[str, ...]


def read(heading: str) -> dict[str, Term]:
    section = (ROOT / "docs/terms.md").read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if "|" in line][2:]
    return {row[0]: Term(row[0], tuple(row[1:5]), tuple(word for word in row[6].split(", ") if word)) for row in rows}


TERMS = read("States"), read("Actions")
BUTTON = {"delete": "button", "underway": "state of a post"}
"""Where the English word has several meanings, the one that the table is about."""


def test_the_table_is_read() -> None:
    states, actions = TERMS
    assert len(states) > 10
    assert len(actions) > 5
    assert all(len(term.words) == 4 and all(term.words) for term in [*states.values(), *actions.values()])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", [key for part in TERMS for key in part])
def test_catalogue_says_the_tables_word(language: str, key: str) -> None:
    term = next(part[key] for part in TERMS if key in part)
    english, expected = term.words[0], term.words[LANGUAGES[language]]
    with translation.override(language):
        context = BUTTON.get(key)
        said = translation.pgettext(context, english) if context else translation.gettext(english)
    assert said == expected


def test_states_are_called_the_same_wherever_they_are_shown() -> None:
    states, _actions = TERMS
    words = {key: term.words[0] for key, term in states.items()}
    with translation.override("en"):
        for key, label in [*PostState.choices, *State.choices]:
            assert str(label) == words[key]
            assert str(STATES[key][2]) == words[key]
        # The looks of a card, and the filter's choices, are states under names of their own.
        looks = {"planned": "scheduled", "done": "sent"} | {key: key for key in ("draft", "needs", "underway")}
        for look, key in looks.items():
            assert str(STATES[look][2]) == words[key]
            assert str(FILTERED[look]) == words[key]


def test_api_and_command_line_use_the_tables_keys() -> None:
    states, _actions = TERMS
    document = json.loads((ROOT / "docs/api/openapi.json").read_text())
    parameters = document["paths"]["/api/v1/posts"]["get"]["parameters"]
    asked = next(each for each in parameters if each["name"] == "state")
    (values,) = [each["enum"] for each in asked["schema"]["anyOf"] if "enum" in each]
    assert values == PostState.values
    assert set(document["components"]["schemas"]["PostOut"]["properties"]["standing"]["enum"]) <= states.keys()
    choice = next(option for option in show_all.params if option.name == "state").type
    assert set(choice.choices) <= states.keys()  # type: ignore[attr-defined]
    assert set(PostState.values) | set(State.values) <= states.keys()


def test_actions_are_called_the_same_in_menus() -> None:
    _states, actions = TERMS
    with translation.override("en"):
        words = page_words()
    for key in ("edit", "publish", "unschedule", "duplicate", "delete"):
        assert words[key] == actions[key].words[0]
    assert str(ACTIONS["post.delete"]) == "put a post into the bin"


def test_words_that_the_table_puts_aside_are_not_used() -> None:
    unused = {word for part in TERMS for term in part.values() for word in term.unused}
    assert unused
    # "Done" on a button is what a person presses; of a conversation it is a state of its own, no delivery's.
    other = {"button", "conversation"}
    assert {entry for entry in sources() if entry[1] in unused and entry[0] not in other} == set()
    # Nor in a template that says it without a catalogue.
    shown = re.compile("|".join(f">\\s*{re.escape(word)}\\s*<" for word in sorted(unused)))
    folders = [ROOT / "src/kaja/web/templates", *list_template_folders()]
    templates = [path for folder in folders for path in folder.rglob("*.html")]
    assert [path.name for path in templates if path.name != "ui.html" and shown.search(path.read_text())] == []


def test_sentences_use_the_states_word_too() -> None:
    """A notice about “planned posts” beside a list of scheduled ones sounds like two things."""
    assert [entry[1] for entry in sources() if re.search(r"\bplanned\b", entry[1], re.IGNORECASE)] == []
